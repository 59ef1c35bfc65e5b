import { measureMethod } from "../compare.ts";
import { makePart } from "../make-part.ts";
import type { Measure } from "../measures/measure.ts";
import { advantage, type Measured } from "../measures/measured.ts";
import type { Model } from "../node/index.ts";
import { plainSchedules, selectors } from "../parts.ts";
import { type Plan, type PlanCheck, planOptions } from "../plan.ts";
import { identity } from "./identity.ts";
import type { Progress } from "./progress.ts";
import { shortNumber } from "./table.ts";

/** What sampling says of a plan, or why it cannot say anything. */
export type Checked = { readonly measured: PlanCheck } | { readonly unchecked: string };

/**
 * Samples with the plan and with the plain schedules at equal calls, in random order and in the plan's own, so
 * that what the order gains is not taken for the schedule's merit, and says which is better.
 *
 * @param options.measures the first that says which way is better decides
 * @param options.sequences per method, at least 2
 */
export async function checkPlan(
  model: Model,
  plan: Plan,
  options: {
    readonly measures: readonly Measure[];
    readonly sequences: number;
    readonly seed: number;
    readonly batch: number;
    readonly progress: Progress;
  },
): Promise<Checked> {
  const { sequences, seed, batch, progress } = options;
  const measure = options.measures.find(({ better }) => better !== "neither");
  if (!measure) return { unchecked: "no measure of this model says which samples are better" };
  const { calls } = plan;
  const own = planOptions(plan, identity(model));
  const run = async (name: string, sampling: typeof own): Promise<Measured> => {
    const result = await measureMethod(
      model.denoiser,
      { name, options: sampling },
      {
        measures: [measure],
        sequences,
        seeds: [seed],
        batch,
        progress: (share) => progress.update(`check ${callsText(calls)}: ${name}`, share),
      },
    );
    return result.measured[measure.name]!;
  };
  const score = await run("the plan", own);
  const plain: PlanCheck["plain"][number][] = [];
  const { steps } = own.schedule;
  const random = { name: "random" };
  const orders = !plan.selector
    ? [undefined]
    : plan.selector.name === "random"
      ? [random]
      : [random, plan.selector];
  for (const order of orders) {
    const name = order?.name ?? "";
    const selected = order ? { selector: makePart("selector", selectors, order) } : {};
    for (const [schedule, make] of Object.entries(plainSchedules)) {
      const sampling = { ...own, schedule: make({ steps }), ...selected };
      plain.push({ schedule, selector: name, ...(await run(methodText(schedule, name), sampling)) });
    }
  }
  if (![score, ...plain].every(({ value, standardError }) => Number.isFinite(value + standardError))) {
    return {
      unchecked: `${measure.name} is infinite for some of the samples: they hold what the data exclude`,
    };
  }
  const gaps = plain.map((each) => advantage(score, each, measure.better));
  return {
    measured: {
      measure: measure.name,
      better: measure.better,
      sequences,
      seed,
      plan: score,
      plain,
      wins: gaps.every((gap) => gap > 2),
      verdict: verdict(plan, { plain, gaps, sequences }),
    },
  };
}

/** "uniform", or "uniform in random order" where an order was chosen. */
export function methodText(schedule: string, selector: string): string {
  return selector === "" ? schedule : `${schedule} in ${selector} order`;
}

/** "1 call", "8 calls". */
export function callsText(calls: number): string {
  return calls === 1 ? "1 call" : `${calls} calls`;
}

/** @param options.gaps how many standard errors the plan is better than each plain schedule */
function verdict(
  { calls, selector }: Plan,
  { plain, gaps, sequences }: { plain: PlanCheck["plain"]; gaps: readonly number[]; sequences: number },
): string {
  const at = `at ${callsText(calls)}`;
  const least = (of: readonly number[]): string =>
    `by at least ${shortNumber(Math.min(...of))} standard errors`;
  if (gaps.every((gap) => gap > 2)) return `better than every plain schedule ${at} (${least(gaps)})`;
  const worse = plain.filter((_, i) => gaps[i]! < -2);
  if (worse.length > 0) {
    const names = worse.map((each) => methodText(each.schedule, each.selector));
    return `WORSE than ${names.join(" and ")} ${at}: do not use this plan`;
  }
  const inRandomOrder = gaps.filter((_, i) => plain[i]!.selector === "random");
  if (selector && selector.name !== "random" && inRandomOrder.every((gap) => gap > 2)) {
    return `better than every plain schedule in random order ${at} (${least(inRandomOrder)}), thanks to the ${selector.name} order: in that order the schedule itself shows no gain over the plain ones`;
  }
  return `not clearly better than the plain schedules ${at} (${sequences} sequences): no gain shown`;
}
