import type { Denoiser } from "../denoisers/denoiser.ts";
import type { Noise } from "../noise/noise.ts";
import type { Selector } from "../selectors/selector.ts";
import {
  type CurveOptions,
  curveLevels,
  levelled,
  type RevealPaths,
  revealPaths,
} from "./information-curve.ts";
import { scheduleCost } from "./optimal-schedule.ts";

/** Levels of the random-order paths whose area is the entropy of the data. */
const LEVELS = 24;

/**
 * Predicts what few steps cost: KL(data || samples) in nats per sequence, on average over reveal orders.
 *
 * For a selector that looks at positions only, the chain rule gives
 *
 *     KL = sum over steps of sum over d revealed of H(X^d | revealed before) - H(data)
 *
 * and H(data) = sum over m of h_random(m). With `random` the first term is sum (c_{i+1} - c_i) h(c_i) on the
 * measured paths. With any other selector the states depend on the steps, so it is measured along the
 * schedule's own path, on the same sequences as H(data): N evaluations a sequence and schedule, and once 24. One value per
 * sequence; the prediction is their mean, which near 0 may come out below it. Undefined for selectors that
 * read predictions.
 *
 * @param options.paths the selector's paths that the curve was made of
 * @param options.sequences sequences to follow where a schedule's own path has to be measured; 0: no prediction
 * Source: Chen, Cong, Li 2025, arXiv 2511.04647, for random orders; the chain rule for any other.
 */
export function natsPredictor(
  denoiser: Denoiser,
  options: {
    readonly paths: RevealPaths;
    readonly selector: Selector;
    readonly data: Int32Array;
    readonly sequences: number;
    readonly noise?: Noise;
    readonly seed: number;
    readonly batch: number;
  },
): (counts: ArrayLike<number>) => Promise<number[] | undefined> {
  const { paths, selector, noise, seed, batch } = options;
  const { length } = denoiser;
  if (selector.reads === "predictions") return async () => undefined;
  if (hasCurveOfItsOwn(selector)) {
    const curves = perSequence(paths);
    return async (counts) => curves.map((curve) => scheduleCost(curve, counts) - sum(curve));
  }
  if (options.sequences === 0) return async () => undefined;
  const data = options.data.subarray(0, options.sequences * length);
  return ownPathNats(denoiser, { selector, data, seed, batch, ...(noise ? { noise } : {}) });
}

/**
 * The same for any selector that looks at positions only, along the path that its own steps take: N evaluations a
 * sequence and schedule, and once 24.
 *
 * @returns of reveal counts: nats of each sequence, whose mean near 0 may come out below it
 */
export function ownPathNats(
  denoiser: Denoiser,
  { selector, ...shared }: Omit<CurveOptions, "counts" | "selector"> & { readonly selector: Selector },
): (counts: ArrayLike<number>) => Promise<number[]> {
  const { length } = denoiser;
  let entropies: number[] | undefined;
  return async (counts) => {
    entropies ??= perSequence(
      await revealPaths(denoiser, { ...shared, counts: curveLevels(length, LEVELS) }),
    ).map(sum);
    const starts = Array.from(counts).slice(0, -1);
    const { spent } = await revealPaths(denoiser, { ...shared, selector, counts: starts });
    return entropies.map((entropyOfData, row) => {
      const cost = spent.reduce((total, level) => total + level[row]!, 0);
      return cost - entropyOfData;
    });
  };
}

/** True where a run's states at m revealed tokens are those of the curve, whatever its steps. */
export function hasCurveOfItsOwn(selector: Selector): boolean {
  return selector.name === "random" || selector.name === "independent";
}

/** The full curve of every sequence. */
function perSequence({ counts, entropy, length, sequences }: RevealPaths): Float64Array[] {
  return Array.from({ length: sequences }, (_, row) =>
    levelled({ counts, values: entropy.map((values) => values[row]!), length }),
  );
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
