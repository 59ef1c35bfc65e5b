/**
 * The four things that networks predict, and the border at which three of them become the fourth, eps:
 * x0 = (x - sigma eps) / alpha, v = alpha eps - sigma x0, score = -eps / sigma.
 *
 * Source: Salimans and Ho 2022 (2202.00512), section 4 and appendix D, where alpha^2 + sigma^2 = 1; v is used for
 * variance-preserving noise alone.
 */
import type { Denoiser, Noised } from "./denoiser.ts";

/** Names of what a network may predict. */
export type PredictionKind = "eps" | "x0" | "v" | "score";

type Converted = (value: number, x: number, alpha: number, sigma: number) => number;

const conversions: Readonly<Record<PredictionKind, Converted>> = {
  eps: (eps) => eps,
  x0: (x0, x, alpha, sigma) => (x - alpha * x0) / sigma,
  v: (v, x, alpha, sigma) => (alpha * v + sigma * x) / (alpha * alpha + sigma * sigma),
  score: (score, _x, _alpha, sigma) => -sigma * score,
};

/** A denoiser from a model that predicts x0, v, the score or eps itself. */
export function predicting(kind: PredictionKind, model: Denoiser): Denoiser {
  if (kind === "eps") return model;
  const convert = conversions[kind];
  return {
    ...model,
    async predict(input) {
      const { x, batch, alpha, sigma } = input;
      const predicted = await model.predict(input);
      const eps = new Float64Array(x.length);
      for (let row = 0; row < batch; row++) {
        for (let at = row * model.dimension; at < (row + 1) * model.dimension; at++) {
          eps[at] = convert(predicted[at]!, x[at]!, alpha[row]!, sigma[row]!);
        }
      }
      return eps;
    },
  };
}

/** x0 = (x - sigma eps) / alpha of every row, the same levels for all. */
export function cleanFrom(
  x: Float64Array,
  eps: Float64Array,
  { alpha, sigma }: { alpha: number; sigma: number },
): Float64Array {
  return Float64Array.from(x, (value, at) => (value - sigma * eps[at]!) / alpha);
}

/** eps = (x - alpha x0) / sigma of every row, each with its own levels. */
export function noiseFrom({ x, batch, alpha, sigma }: Noised, clean: Float64Array): Float64Array {
  const dimension = x.length / batch;
  return Float64Array.from(x, (value, at) => {
    const row = Math.floor(at / dimension);
    return (value - alpha[row]! * clean[at]!) / sigma[row]!;
  });
}
