import type { Remembered } from "./history.ts";
import type { Sampler } from "./sampler.ts";
import { multistepUniPc, type UniPcOptions, uniPcMethod } from "./unipc.ts";

/** What DC-Solver adds to UniPC. */
export interface CompensationOptions {
  /** K, the degree of the interpolant, default 2. */
  readonly compensationOrder?: number;
}

/**
 * DC-Solver: UniPC whose newest prediction is moved before each step. A predictor-corrector buffers the prediction at the
 * predicted point, while it goes on from the corrected one; with the right ratio r of a step the prediction at
 * t' = r t_1 + (1 - r) t_2, on the polynomial of degree K through the newest K + 1 of the buffer, fits better. What is
 * moved stays so for later steps. Ratio 1 leaves everything as it is, and steps with fewer than K + 1 predictions at hand
 * take no other; with all ratios 1 it is UniPC, bit for bit.
 *
 * The ratios belong to one model, guidance and schedule: `dcRatios` searches them.
 *
 * One model call a step. Source: Zhao et al. 2024 (2409.03755), section 3. The buffer keeps
 * max(order, K + 1) predictions, while the published code for Stable Diffusion keeps `order`, so that order 2 is never
 * compensated there.
 *
 * @param options.ratios [steps]
 * @throws RangeError if a ratio is not finite, or a run has another number of steps
 */
export function dcSolver({
  ratios,
  compensationOrder = 2,
  ...options
}: UniPcOptions & CompensationOptions & { readonly ratios: ArrayLike<number> }): Sampler {
  checkCompensation("dcSolver", compensationOrder);
  const own = Float64Array.from(ratios);
  const wrong = own.findIndex((ratio) => !Number.isFinite(ratio));
  if (wrong >= 0) {
    throw new RangeError(
      `dcSolver: ratios[${wrong}] = ${own[wrong]}; expected a finite number, 1 for no change`,
    );
  }
  const method = uniPcMethod(options);
  return multistepUniPc(method, {
    name: `dc-solver${method.variant}:order=${method.order}`,
    keep: Math.max(method.order, compensationOrder + 1),
    compensated(buffer, { index, remaining }) {
      if (index + remaining !== own.length) {
        throw new RangeError(
          `dcSolver: ${own.length} ratios for ${index + remaining} steps; expected one for each: search them for this schedule`,
        );
      }
      return compensated(buffer, { ratio: own[index]!, compensationOrder });
    },
  });
}

/**
 * The buffer with its newest prediction moved to t' = ratio t_1 + (1 - ratio) t_2 on the Lagrange polynomial, in time,
 * through the newest K + 1; as it is if the ratio is 1 or there are fewer. The moved one goes on being taken for that at t_1.
 *
 * Source: Zhao et al. 2024 (2409.03755), section 3.
 *
 * @param buffer newest first
 */
export function compensated(
  buffer: Remembered[],
  { ratio, compensationOrder = 2 }: CompensationOptions & { readonly ratio: number },
): Remembered[] {
  if (ratio === 1 || buffer.length <= compensationOrder) return buffer;
  const nodes = buffer.slice(0, compensationOrder + 1);
  const moved = ratio * nodes[0]!.t + (1 - ratio) * nodes[1]!.t;
  const shares = nodes.map(({ t }, i) =>
    nodes.reduce((share, other, j) => (j === i ? share : (share * (moved - other.t)) / (t - other.t)), 1),
  );
  const value = nodes[0]!.value.map((_, at) =>
    nodes.reduce((sum, node, i) => sum + shares[i]! * node.value[at]!, 0),
  );
  return [{ t: nodes[0]!.t, value }, ...buffer.slice(1)];
}

/** @throws RangeError unless K is a whole number >= 1 */
export function checkCompensation(where: string, compensationOrder: number): void {
  if (!Number.isInteger(compensationOrder) || compensationOrder < 1) {
    throw new RangeError(
      `${where}: compensationOrder = ${compensationOrder}; expected a whole number >= 1, such as 2`,
    );
  }
}
