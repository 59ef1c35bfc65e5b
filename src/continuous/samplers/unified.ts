import { checkDecisions, correcting, type Decision, decidedCalls, reachOf } from "./decision.ts";
import type { Evaluated } from "./expansion.ts";
import { type Remembered, recall, remember } from "./history.ts";
import type { Sampler, Step } from "./sampler.ts";
import { unifiedUpdate } from "./unified-update.ts";

/**
 * The unified sampling framework, USF: every step decides for itself what it expands, to which order, from which point,
 * with which estimates of the derivatives, and whether its end is corrected. DDIM, DPM-Solver, DPM-Solver++ and UniPC are
 * points of this space (`decisionsOf`, `singlestepDecisions`); `searchSolvers` looks for better ones. The analytic
 * first step of the framework is a wrapper, `analyticFirstStep`.
 *
 * The states of a run are the predicted points. The last step alone, if it has a corrector, corrects its own end, for
 * one model call more.
 *
 * One model call a step, two where a corrector asks again. Source: Liu et al. 2023 (2312.07243), section 3. The released
 * code never asks again, though it counts these calls; here `again` does.
 *
 * @param options.decisions [steps]
 * @throws RangeError if they refer to points that are not there, or a run has another number of steps
 */
export function unified({ decisions }: { readonly decisions: readonly Decision[] }): Sampler {
  checkDecisions(decisions);
  const keep = Math.max(
    ...decisions.map((decision) =>
      Math.max(reachOf(decision) + 1, decision.corrector ? reachOf(correcting(decision.corrector)) : 0),
    ),
  );
  return {
    name: `unified:steps=${decisions.length}`,
    calls: decidedCalls(decisions) > decisions.length ? 2 : 1,
    stochastic: false,
    async stepInto(step) {
      const { t, s, x, next, index, ahead, noise, memory, dimension } = step;
      if (index + ahead.length !== decisions.length) {
        throw new RangeError(
          `unified: ${decisions.length} decisions for ${index + ahead.length} steps; expected one for each: take the schedule that they were made for`,
        );
      }
      const decision = decisions[index]!;
      const before = recall(memory).map(opened);
      const latest = await arrive(step, { t, x, before, decision: decisions[index - 1] });
      const points = remember(memory, { t, value: joined(latest) }, keep).map(opened);
      const { expansion } = decision;
      next.set(unifiedUpdate({ expansion, taylor: decision, points, noise, s, dimension }));
      if (ahead.length > 1 || !decision.corrector) return;
      if (noise.sigma(s) === 0) {
        throw new RangeError(
          `unified: the last step has a corrector, but ends clean, where the model cannot be asked; take it out, or end at sigma > 0`,
        );
      }
      const end = { t: s, x: next.slice(), before: points, decision, last: true };
      next.set((await arrive(step, end)).x);
    },
  };
}

/** Asks the model at the end x of a step, and corrects that end as the step's decision says. */
async function arrive(
  { noise, dimension, predict }: Step,
  {
    t,
    x,
    before,
    decision,
    last = false,
  }: { t: number; x: Float64Array; before: Evaluated[]; decision: Decision | undefined; last?: boolean },
): Promise<Evaluated> {
  const point = { t, x, at: x, eps: await predict({ x, time: t }) };
  if (!decision?.corrector) return point;
  const corrected = unifiedUpdate({
    expansion: decision.expansion,
    taylor: correcting(decision.corrector),
    points: [point, ...before],
    noise,
    s: t,
    dimension,
  });
  if (!decision.corrector.again || last) return { ...point, x: corrected };
  return { t, x: corrected, at: corrected, eps: await predict({ x: corrected, time: t }) };
}

/** A point as one array, [3, batch, dimension], for the memory of the run. */
function joined({ x, at, eps }: Evaluated): Float64Array {
  const value = new Float64Array(3 * x.length);
  value.set(x);
  value.set(at, x.length);
  value.set(eps, 2 * x.length);
  return value;
}

function opened({ t, value }: Remembered): Evaluated {
  const size = value.length / 3;
  const [x, at, eps] = [0, 1, 2].map((i) => value.subarray(i * size, (i + 1) * size));
  return { t, x: x!, at: at!, eps: eps! };
}
