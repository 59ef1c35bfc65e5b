import { type Abort, abortable } from "../denoisers/abortable.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { predictions } from "../denoisers/predictions.ts";
import { linear } from "../noise/linear.ts";
import type { Noise } from "../noise/noise.ts";
import type { Process } from "../processes/process.ts";
import { purposes } from "../random.ts";
import { checkData } from "./check-data.ts";
import { dataUniforms, noisedAtTime } from "./coupled-noise.ts";
import { fineTimes } from "./fine-times.ts";
import { posteriorDivergence } from "./posterior-divergence.ts";
import { shortestPaths } from "./shortest-paths.ts";

/** What every step between two times of a fine grid costs, whatever the other steps are. */
export interface PathCosts {
  /** [G + 1] descending from 1 to 0. */
  readonly times: Float64Array;
  /** costs[i][j] of the step times[i] -> times[j], i < j, nats per sequence; 0 elsewhere. */
  readonly costs: readonly Float64Array[];
  readonly sequences: number;
  /** Sequences sent through the model: G n. */
  readonly evaluations: number;
}

/** How path costs are measured. */
export interface PathCostOptions {
  /** [n, length] clean sequences: real data, or the model's own samples. */
  readonly data: Int32Array;
  readonly process: Process;
  /** Default `linear()`. */
  readonly noise?: Noise;
  /** G, the steps of the fine grid; default 48. */
  readonly fineSteps?: number;
  readonly seed?: number;
  /** Sequences run together; default 8. */
  readonly batch?: number;
  /** Checked before every model call. */
  readonly signal?: Abort;
  readonly progress?: (done: { evaluations: number; total: number }) => void;
}

/**
 * The terms of the negative ELBO of few ancestral steps, for any process:
 *
 *     c(t -> s) = E over x_0, x_t of sum over d of KL( q(x_s^d | x_t^d, x_0^d) || k_d(x_s^d | x_t) )
 *     k_d(x_s | x_t) = sum over x0 of p^d(x0 | x_t) q(x_s | x_t^d, x0)
 *
 * Because the forward process factorises, the divergence of a whole run telescopes: for 1 = t_0 > ... > t_N = 0
 *
 *     KL(path of the data || path of the run) = sum over i of c(t_i -> t_{i+1})
 *                                               + E KL(q(x_1 | x_0) || prior) - H(data)
 *
 * so one model evaluation a sequence and fine time gives the cost of every grid. The expectation is over the
 * data, noised with the same uniforms at every time. It is taken at states of the true process: the run's own
 * states differ after coarse steps, and without a mask later steps repair them, so the cheapest grid need not
 * sample best.
 *
 * Model calls: G ceil(n / batch). Other work: G^2 n D / 2 posteriors; memory n D V for the predictions.
 * Source: the bound of Ho et al. 2020 in the form of Austin et al. 2021, arXiv 2107.03006, equation 1, with the
 * mixture posterior of the sampler.
 */
export async function pathCosts(denoiser: Denoiser, options: PathCostOptions): Promise<PathCosts> {
  const { length, vocabulary } = denoiser;
  const { data, process, noise = linear(), fineSteps = 48, seed = 0, batch = 8 } = options;
  if (!Number.isInteger(fineSteps) || fineSteps < 1) {
    throw new RangeError(`pathCosts: fineSteps = ${fineSteps}; expected a whole number >= 1`);
  }
  const sequences = checkData("pathCosts", data, denoiser);
  const model = abortable(denoiser, options.signal);
  const uniforms = dataUniforms(seed, sequences, length);
  const targets = dataUniforms(seed, sequences, length, purposes.jump);
  const times = fineTimes(process, noise, { steps: fineSteps });
  // Clean at s = 0, also for a noise whose sigma(0) is not 0.
  const sigmas = times.map((t) => (t === 0 ? 0 : noise.sigma(t)));
  const costs = Array.from(times, () => new Float64Array(fineSteps + 1));
  const divergence = posteriorDivergence(process);
  // p(x0^d | x_t) of every position of every sequence.
  const laws = Array.from(data, () => new Float64Array(vocabulary));
  const total = fineSteps * sequences;
  for (let from = 0; from < fineSteps; from++) {
    const { tokens, time } = noisedAtTime(data, uniforms, {
      time: times[from]!,
      length,
      process,
      noise,
      targets,
    });
    for (let first = 0; first < sequences; first += batch) {
      const size = Math.min(batch, sequences - first);
      const logits = await model.predict({
        tokens: tokens.subarray(first * length, (first + size) * length),
        batch: size,
        time: time.subarray(first, first + size),
      });
      const p = predictions(logits, { length, vocabulary });
      for (let at = first * length; at < (first + size) * length; at++) {
        laws[at]!.set(p.row(Math.floor(at / length) - first, at % length));
      }
      logits.release?.();
      options.progress?.({ evaluations: from * sequences + first + size, total });
    }
    // One step after another, so that a process computes the transition matrix of a step once.
    for (let to = from + 1; to <= fineSteps; to++) {
      let sum = 0;
      tokens.forEach((token, at) => {
        // With a mask a clean token is copied, by the data and by the run.
        if (process.mask !== undefined && token !== process.mask) return;
        sum += divergence(data[at]!, token, laws[at]!, sigmas[to]!, sigmas[from]!);
      });
      if (!Number.isFinite(sum)) {
        throw new RangeError(
          `pathCosts: the step from t = ${times[from]} to ${times[to]} costs ${sum}; expected a finite number, so the process ${process.name} cannot make what the data was noised to`,
        );
      }
      // Divergences are not negative; round-off may be.
      costs[from]![to] = Math.max(0, sum / sequences);
    }
  }
  return { times, costs, sequences, evaluations: total };
}

/**
 * The cheapest times for every number of steps at once: shortest paths with exactly 1 .. N edges over the fine
 * grid, O(G^2 N), no model calls.
 *
 * @param mostSteps N, 1 <= N <= G
 * @returns for every n = 1 .. N the times [n + 1] from 1 to 0 and their cost in nats per sequence
 */
export function optimalTimes(
  { times, costs }: Pick<PathCosts, "times" | "costs">,
  mostSteps: number,
): { steps: number; times: Float64Array; cost: number }[] {
  const last = times.length - 1;
  if (!Number.isInteger(mostSteps) || mostSteps < 1 || mostSteps > last) {
    throw new RangeError(
      `optimalTimes: ${mostSteps} steps on a fine grid of ${last}; expected from 1 to ${last}, or a finer grid`,
    );
  }
  return shortestPaths(last, mostSteps, (from, to) => costs[from]![to]!).map(({ nodes, cost }, index) => ({
    steps: index + 1,
    times: Float64Array.from(nodes, (node) => times[node]!),
    cost,
  }));
}
