import { parsePart } from "../../src/make-part.ts";
import type { InformationCurve } from "../../src/optimize/information-curve.ts";
import { partText } from "../../src/optimize/method-parts.ts";
import type { Plan } from "../../src/plan.ts";
import type { Job, RemoteModel } from "../../src/web/index.ts";
import { ordersOf, schedulesOf } from "./catalog.ts";
import { type Facts, factsOf } from "./facts.ts";
import { stored } from "./schedule-choice.ts";
import { MOST_CALLS, type Settings, type Side } from "./settings.ts";

/** The search of a plan whose steps no search found. */
const byHand = { method: "by hand", data: "own samples", sequences: 0, seed: 0, evaluations: 0 } as const;

/**
 * A side as the plan file that the command line reads. It names the model's main file, which its smaller one stands
 * for.
 *
 * @param options.curve what optimal steps were found on
 */
export function planOf(
  { manifest, fingerprint }: Pick<RemoteModel, "manifest" | "fingerprint">,
  {
    side,
    steps,
    temperature,
    curve,
  }: { side: Side; steps: readonly number[]; temperature: number; curve: InformationCurve | undefined },
): Plan {
  const { name, length, vocabulary, process, noise, kind, sha256, heldOut } = manifest;
  const order = parsePart(side.order);
  const masked = factsOf(manifest).mask !== undefined;
  const searched = side.schedule === "optimal" && curve;
  return {
    format: "fewstep/plan",
    version: 1,
    model: { name, fingerprint: kind === "onnx" ? (sha256 ?? fingerprint) : fingerprint, length, vocabulary },
    process: typeof process === "string" ? { name: process } : process,
    noise,
    sampler: masked ? { name: "ancestral" } : order,
    ...(masked ? { selector: order } : {}),
    ...(temperature === 1 ? {} : { temperature }),
    schedule: stored(side.schedule, steps, factsOf(manifest)),
    calls: steps.length - 1,
    ...(searched ? { curve } : {}),
    search: searched
      ? {
          method: "optimal",
          data: kind === "chain" ? "exact" : heldOut ? "held out" : "own samples",
          sequences: curve.sequences,
          seed: 0,
          evaluations: curve.evaluations,
        }
      : byHand,
  };
}

/**
 * What a checked plan changes in the settings: the steps and the order of one side, and the calls and the temperature of
 * both.
 *
 * @throws RangeError in one sentence if the plan has parts that the page has no control for
 */
export function takePlan(
  plan: Plan,
  facts: Facts,
): { readonly side: Side; readonly calls: number; readonly temperature: number } {
  const masked = facts.mask !== undefined;
  const order = partText((masked ? plan.selector : plan.sampler) ?? { name: "stratified" });
  const { schedule, sampler, corrector } = plan;
  const steps = "counts" in schedule ? schedule.counts : schedule.times;
  const calls = steps.length - 1;
  const odd = [
    corrector && `the corrector ${corrector.name}`,
    !ordersOf({ masked, length: facts.length }).some(({ id }) => id === order) && `the order ${order}`,
    masked && sampler.name !== "ancestral" && `the sampler ${sampler.name}`,
    calls > MOST_CALLS && `${calls} calls`,
  ].find(Boolean);
  if (odd) {
    throw new RangeError(`The plan has ${odd}, which this page does not show; use it on the command line.`);
  }
  const listed = schedulesOf({ masked }).some(({ id }) => id === schedule.name);
  return {
    side: { schedule: listed ? schedule.name : "own", steps, order },
    calls,
    temperature: plan.temperature ?? 1,
  };
}

/** A job of the worker for one side. */
export function jobOf(
  { seed, temperature, given }: Settings,
  { side, steps, facts, batch }: { side: Side; steps: readonly number[]; facts: Facts; batch: number },
): Omit<Job, "count" | "firstRow"> {
  const order = parsePart(side.order);
  return {
    schedule: stored(side.schedule, steps, facts),
    ...(facts.mask === undefined ? { sampler: order } : { sampler: { name: "ancestral" }, selector: order }),
    seed,
    temperature,
    batch,
    ...(given ? { given } : {}),
  };
}
