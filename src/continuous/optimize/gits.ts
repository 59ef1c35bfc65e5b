import type { Denoiser } from "../denoisers/denoiser.ts";
import { sample } from "../sample.ts";
import { analyticFirstStep } from "../samplers/analytic-first-step.ts";
import { ipndm } from "../samplers/ipndm.ts";
import type { Sampler } from "../samplers/sampler.ts";
import { times } from "../schedules/times.ts";
import type { FoundTimes } from "./found-times.ts";
import {
  type CheapestTimes,
  type GitsCostOptions,
  type GitsCosts,
  gitsCosts,
  gitsTimes,
} from "./gits-costs.ts";

/** What times are searched for and how. */
export interface GitsOptions extends GitsCostOptions {
  /** Steps wanted: the published code counts time stamps, one more. */
  readonly steps: number;
  /** Makes every step weigh so many times the one before, default 1.15. */
  readonly coefficient?: number;
  /** What will run on the times, default ipndm({ order: 4 }); looked at with `analyticFirst` alone. */
  readonly student?: Sampler;
}

/** Times, what their jumps cost together, and where they are on the grid. */
export interface GitsFound extends FoundTimes {
  /** [steps + 1] nodes of the grid. */
  readonly nodes: readonly number[];
  /**
   * With `analyticFirst`: mean distance from the teacher's ends of the student's, for each node that was tried as the end
   * of the free step, 1, 2, ..
   */
  readonly distances: readonly number[];
}

/**
 * GITS: the times on which Euler steps along fine paths miss them least, by dynamic programming over the costs of all jumps
 * (gits-costs.ts). Made for Euler (DDIM) and iPNDM. What the objective is before is the cost of the grid's own nodes,
 * evenly taken.
 *
 * With `analyticFirst` the first step costs no model call. So one node more is taken, between the first two: that with
 * which the student, run with `analyticFirstStep`, ends nearest to the teacher. Then there are `steps` + 1 steps of
 * `steps` calls; where no node lies between the first two, `steps` steps of one call less. The teacher keeps its own first
 * step; to have it changed too, as in the released code, pass analyticFirstStep(teacher).
 *
 * Model calls: of the teacher on the grid; with `analyticFirst` also of the student, once for each node that is tried.
 * Source: Chen et al. 2024 (2405.11326), section 4 and the released code.
 */
export async function gits(denoiser: Denoiser, options: GitsOptions): Promise<GitsFound> {
  const { steps, coefficient = 1.15, analyticFirst = false } = options;
  const measured = await gitsCosts(denoiser, options);
  const cheapest = gitsTimes(measured, steps, { coefficient }).at(-1)!;
  const tried = analyticFirst ? await freeSteps(denoiser, cheapest, measured, options) : [];
  const distances = tried.map(({ distance }) => distance);
  const best = distances.indexOf(Math.min(...distances));
  const nodes = Array.from(cheapest.nodes);
  if (best >= 0) nodes.splice(1, 0, best + 1);
  const found = Float64Array.from(nodes, (node) => measured.times[node]!);
  return {
    schedule: { ...times({ times: found }), name: "gits" },
    times: found,
    nodes,
    objective: { before: evenCost(measured, { steps, coefficient }), after: cheapest.cost },
    distances,
    calls: tried.reduce((sum, { calls }) => sum + calls, measured.calls),
    evaluations: tried.reduce((sum, { evaluations }) => sum + evaluations, measured.evaluations),
  };
}

/** Runs the student with each node below the first of the path as the end of a free step. */
async function freeSteps(
  denoiser: Denoiser,
  { nodes }: CheapestTimes,
  { times: grid, starts, ends }: GitsCosts,
  { noise, student = ipndm({ order: 4 }), batch = 64, signal }: GitsOptions,
): Promise<{ distance: number; calls: number; evaluations: number }[]> {
  const { dimension } = denoiser;
  const count = starts.length / dimension;
  const tried = [];
  for (let node = 1; node < nodes[1]!; node++) {
    const [first, ...rest] = nodes;
    const { x, calls, evaluations } = await sample(denoiser, {
      noise,
      schedule: times({ times: [first!, node, ...rest].map((at) => grid[at]!) }),
      sampler: analyticFirstStep(student),
      start: starts,
      count,
      batch,
      ...(signal && { signal }),
    });
    tried.push({ distance: meanDistance(x, ends, dimension), calls, evaluations });
  }
  return tried;
}

function meanDistance(x: Float64Array, y: Float64Array, dimension: number): number {
  let sum = 0;
  for (let row = 0; row < x.length; row += dimension) {
    let square = 0;
    for (let at = row; at < row + dimension; at++) square += (x[at]! - y[at]!) ** 2;
    sum += Math.sqrt(square);
  }
  return (sum * dimension) / x.length;
}

/** What the grid's nodes cost, taken as evenly as they can be. */
function evenCost(
  { costs }: GitsCosts,
  { steps, coefficient }: { steps: number; coefficient: number },
): number {
  const node = (i: number): number => Math.round((i * (costs.length - 1)) / steps);
  return Array.from({ length: steps }, (_, i) => coefficient ** i * costs[node(i)]![node(i + 1)]!).reduce(
    (sum, cost) => sum + cost,
    0,
  );
}
