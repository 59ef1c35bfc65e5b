import type { Step } from "../samplers/sampler.ts";
import { type Norms, rowNorms } from "./norms.ts";

/** How long a Langevin step is. */
export interface StepSize {
  readonly name: string;
  /**
   * The step s of every row, [batch].
   *
   * @param direction [batch, dimension] what x moves along @param z [batch, dimension] the noise of the move
   */
  of(direction: Float64Array, z: Float64Array, step: Step): Float64Array;
}

/**
 * s = a size sigma(t)^2, the same for all rows, with a = (alpha(t) / alpha(s))^2 of the step that follows (1 where data is
 * not scaled). p_t is nowhere more curved than 1 / sigma^2, so a Langevin move is stable below size = 2.
 *
 * Source: Song and Ermon 2019 (1907.05600), algorithm 1, where the step is alpha_i / 2 and size = step_lr / sigma_L^2; the
 * corrector "ald" of the code of Song et al. 2021 (2011.13456), whose alpha_i = 1 - beta_i is our a, has size = 2 snr^2.
 *
 * @param options.size > 0, default 0.1
 */
export function levelSize({ size = 0.1 }: { size?: number } = {}): StepSize {
  checkPositive("levelSize", "size", size);
  return {
    name: `size=${size}`,
    of: (_direction, _z, step) =>
      new Float64Array(step.batch).fill(rescaling(step) * size * step.noise.sigma(step.t) ** 2),
  };
}

/**
 * s = 2 a (snr |z| / |g|)^2 along g: the noise of a move is 1 / snr times as long as its drift, as measured. Where g = 0,
 * which has no length to measure, |z| / |g| is taken to be sigma(t).
 *
 * Measuring biases: s is long where |g| is short and where z is long. With rows of their own the law that is kept as
 * snr goes to 0 is not p_t but one proportional to p_t^(D / (D + 2)) |g|^2 in D dimensions; of a Gaussian the variance is
 * (1 + 2 / D)^2 too large, so 4 times in the plane and by 0.13 % for 3072 pixels. The mean norms of a large batch are
 * free of it.
 *
 * Source: Song et al. 2021 (2011.13456), algorithms 4 and 5, with {@link batchNorms}.
 *
 * @param options.snr > 0, default 0.16 @param options.norms default of every row alone
 */
export function signalToNoise({
  snr = 0.16,
  norms = rowNorms,
}: {
  snr?: number;
  norms?: Norms;
} = {}): StepSize {
  checkPositive("signalToNoise", "snr", snr);
  return {
    name: `snr=${snr}`,
    of(direction, z, step) {
      const scale = 2 * rescaling(step);
      const sigma = step.noise.sigma(step.t);
      const [signal, noise] = [norms(direction, step.batch), norms(z, step.batch)];
      return noise.map((norm, row) => {
        const ratio = signal[row]! > 0 ? norm / signal[row]! : sigma;
        return scale * (snr * ratio) ** 2;
      });
    },
  };
}

/** (alpha(t) / alpha(s))^2 of the step that follows. */
function rescaling({ noise, t, s }: Step): number {
  return (noise.alpha(t) / noise.alpha(s)) ** 2;
}

/** @throws RangeError unless `value` is positive and finite */
export function checkPositive(where: string, name: string, value: number): void {
  if (!(value > 0 && Number.isFinite(value))) {
    throw new RangeError(`${where}: ${name} = ${value}; expected a positive number`);
  }
}
