import type { Denoiser } from "../denoisers/denoiser.ts";
import type { Predictions } from "../denoisers/predictions.ts";

/** One factor p^beta of a product of models. */
export interface Expert {
  /** beta, of either sign. */
  readonly exponent: number;
  /** Default the run's own model. */
  readonly denoiser?: Denoiser;
}

/** Laws of a product of models: row by row prod_i p_i(v)^(beta_i) / Z. */
export interface JointPredictions extends Predictions {
  /** log Z of the row that `row` returned last. */
  logMass(): number;
}

/**
 * The predicted laws of a product. A token that is impossible under a model whose exponent is not 0 is impossible.
 *
 * @param parts the models' predictions and exponents, none of them 0
 * @throws RangeError, when read, where no token is possible under all
 */
export function jointPredictions(
  parts: readonly { readonly exponent: number; readonly predictions: Predictions }[],
  { vocabulary }: { vocabulary: number },
): JointPredictions {
  const [joint, plain] = [new Float64Array(vocabulary), new Float64Array(vocabulary)];
  let logMass = 0;
  const multiplied = (
    out: Float64Array,
    laws: readonly { exponent: number; p: Float64Array }[],
    where: string,
  ): number => {
    let top = Number.NEGATIVE_INFINITY;
    for (let v = 0; v < vocabulary; v++) {
      let log = 0;
      for (const { exponent, p } of laws) {
        log = p[v]! > 0 ? log + exponent * Math.log(p[v]!) : Number.NEGATIVE_INFINITY;
        if (log === Number.NEGATIVE_INFINITY) break;
      }
      out[v] = log;
      top = Math.max(top, log);
    }
    if (top === Number.NEGATIVE_INFINITY) {
      throw new RangeError(
        `feynmanKac: at ${where} no token is possible under all models; check that they were trained on the same tokens`,
      );
    }
    let total = 0;
    for (let v = 0; v < vocabulary; v++) {
      out[v] = Math.exp(out[v]! - top);
      total += out[v]!;
    }
    for (let v = 0; v < vocabulary; v++) out[v]! /= total;
    return top + Math.log(total);
  };
  return {
    row(row, position) {
      const laws = parts.map(({ exponent, predictions }) => ({
        exponent,
        p: predictions.row(row, position),
      }));
      logMass = multiplied(joint, laws, `row ${row} of the batch, position ${position},`);
      return joint;
    },
    unshaped(row, position) {
      const laws = parts.map(({ exponent, predictions }) => ({
        exponent,
        p: predictions.unshaped(row, position),
      }));
      multiplied(plain, laws, `row ${row} of the batch, position ${position},`);
      return plain;
    },
    logMass: () => logMass,
  };
}
