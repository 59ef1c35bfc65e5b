/** Many Langevin moves at one level of a Gaussian, and what x is before every move. */
import {
  annealedLangevin,
  type Denoiser,
  type Dynamics,
  sample,
  times,
  varianceExploding,
} from "../../src/continuous/index.ts";

/** The exact denoiser of independent Gaussians of these variances, around 0. */
export function diagonalGaussian(variances: ArrayLike<number>): Denoiser {
  const dimension = variances.length;
  return {
    dimension,
    predict: ({ x, batch, alpha, sigma }) => {
      const eps = new Float64Array(x.length);
      for (let row = 0; row < batch; row++) {
        const [a, s] = [alpha[row]!, sigma[row]!];
        for (let d = 0; d < dimension; d++) {
          const at = row * dimension + d;
          eps[at] = (s * x[at]!) / (a * a * variances[d]! + s * s);
        }
      }
      return eps;
    },
  };
}

/** The level of all runs: what is sampled has the variances of the data plus this. */
export const variance = 0.5;

/**
 * `moves` moves of step s at a level where p has the variances of the denoiser's data plus {@link variance}.
 *
 * @param options.visit is shown x before every move, [count, dimension]
 * @returns what the dynamics remembers at the end
 */
export async function atFixedLevel(
  denoiser: Denoiser,
  {
    step,
    moves,
    dynamics,
    start,
    seed,
    visit,
  }: {
    step: number;
    moves: number;
    dynamics: Dynamics;
    /** [count, dimension] */
    start: ArrayLike<number>;
    seed: number;
    visit: (x: Float64Array, move: number) => void;
  },
): Promise<Float64Array> {
  const sigma = Math.sqrt(variance);
  const count = start.length / denoiser.dimension;
  let move = 0;
  const watched: Denoiser = {
    dimension: denoiser.dimension,
    predict(input) {
      visit(input.x, move++);
      return denoiser.predict(input);
    },
  };
  const { x } = await sample(watched, {
    noise: varianceExploding(),
    schedule: times({ times: [2 * sigma, sigma] }),
    sampler: annealedLangevin({ size: step / variance, steps: moves, dynamics }),
    start,
    count,
    batch: count,
    seed,
  });
  visit(x, move);
  return x;
}
