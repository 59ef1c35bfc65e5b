import { makePart, type NamedPart, parsePart } from "../make-part.ts";
import type { Measured } from "../measures/measured.ts";
import type { ModelData } from "../model/model-measures.ts";
import type { Model } from "../node/index.ts";
import type { SearchMethod } from "../optimize/find-schedules.ts";
import { methodOptions, partsText, partText, stepsWithin } from "../optimize/method-parts.ts";
import { correctors, plainSchedules, samplers, selectors } from "../parts.ts";
import type { Comparison, OptimalSchedule } from "../report/comparison.ts";
import type { SampleOptions } from "../sample.ts";
import type { Schedule } from "../schedules/schedule.ts";
import { findPlan } from "./plan-search.ts";
import type { Progress } from "./progress.ts";
import {
  halves,
  isPowerOfTwo,
  type SearchSettings,
  scheduleNames,
  search,
  searchMethods,
} from "./schedules.ts";

/** A method by its parts, as `--methods` gives them: "optimal/stratified", "uniform/-/euler"; "plan" chooses all. */
export interface MethodName {
  readonly schedule: string;
  /** Empty where the process or the sampler leaves nothing to select. */
  readonly selector: string;
  readonly sampler?: NamedPart;
  readonly corrector?: NamedPart;
}

/** What is to be run at which numbers of calls, and how its schedules and plans are searched. */
export interface RunSettings extends SearchSettings {
  readonly steps: readonly number[];
  readonly methods: readonly MethodName[];
  /** Runs beside the grid of methods and steps, such as one hundred plain calls. */
  readonly extra?: readonly (MethodName & { readonly steps: number })[];
  /** Tokens given to every sequence, from the fresh data. Default 0. */
  readonly prefix?: number;
  /** Of a search for plans: sequences through the model, and sequences of its check. */
  readonly budget?: number;
  readonly check?: number;
  readonly progress: Progress;
}

/** One method at one number of calls, ready to run. */
export interface PlannedRun extends MethodName {
  readonly method: string;
  /** Model calls it may make. */
  readonly steps: number;
  readonly sampling: SampleOptions;
  readonly predictedNats?: Measured;
}

/** All runs, and what the searches behind them found. */
export interface PlannedRuns {
  readonly planned: readonly PlannedRun[];
  readonly curve: Comparison["curve"] | undefined;
  readonly optimal: readonly OptimalSchedule[];
  /** The plans that were chosen, as text. */
  readonly chosen: NonNullable<Comparison["chosen"]>;
  /** The data the searches looked at; undefined without a search. */
  readonly data: ModelData | undefined;
}

/** Searches for plans use seeds that no study samples with, so that a plan is not measured on what it was chosen by. */
const PLAN_SEED = 2 ** 39;

/** Finds the schedules and plans that have to be found and lists every run. */
export async function planRuns(model: Model, options: RunSettings): Promise<PlannedRuns> {
  const { steps, methods } = options;
  const planned: PlannedRun[] = [];
  const optimal: OptimalSchedule[] = [];
  const chosen: { steps: number; text: string }[] = [];
  let curve: Comparison["curve"] | undefined;
  let data: ModelData | undefined;
  for (const each of methods) {
    const { schedule, selector } = each;
    const plain = plainSchedules[schedule];
    if (plain) {
      for (const n of steps) {
        const fitting = stepsOf(n, each);
        if (fitting > 0) planned.push(runOf(model, each, { steps: n, made: plain({ steps: fitting }) }));
      }
      continue;
    }
    if (schedule === "plan") {
      for (const n of steps) {
        const { plan } = await findPlan(model, {
          budget: 16000,
          check: 64,
          ...options,
          sequences: Math.min(options.sequences, 16),
          seed: PLAN_SEED + options.seed,
          calls: n,
        });
        const sampling = methodOptions(plan, model);
        planned.push({ schedule, selector: "", method: "plan", steps: n, sampling });
        chosen.push({ steps: n, text: partsText(plan) });
      }
      continue;
    }
    const method = schedule as SearchMethod;
    if (!searchMethods.includes(method)) {
      throw new RangeError(
        `schedule "${schedule}" is not known; expected one of ${scheduleNames.join(", ")}, plan`,
      );
    }
    const fitting = new Map(steps.map((n) => [stepsOf(n, each), n]));
    const possible = [...fitting.keys()].filter((n) => n > 0 && (!halves(method) || isPowerOfTwo(n)));
    if (possible.length === 0) continue;
    const selected =
      selector === "" ? {} : { selector: makePart("selector", selectors, parsePart(selector)) };
    const found = await search(model, { steps: possible, method, ...selected }, options);
    data ??= found.data;
    for (const { steps: n, schedule: made, predictedNats } of found.schedules) {
      planned.push(
        runOf(model, each, {
          steps: fitting.get(n)!,
          made,
          ...(predictedNats === undefined ? {} : { predictedNats }),
        }),
      );
    }
    if (method === "optimal" && found.curve && (curve === undefined || selector === "random")) {
      curve = { counts: found.curve.counts, entropies: found.curve.entropy, selector: found.curve.selector };
      optimal.splice(0);
      for (const { steps: n, values, predictedNats } of found.schedules) {
        if ("counts" in values && predictedNats !== undefined) {
          optimal.push({ steps: n, counts: values.counts, predictedNats: predictedNats.value });
        }
      }
    }
  }
  for (const each of options.extra ?? []) {
    const made = plainSchedules[each.schedule]!({ steps: stepsOf(each.steps, each) });
    planned.push(runOf(model, each, { steps: each.steps, made }));
  }
  return { planned, curve, optimal, chosen, data };
}

/** What tables call a method. */
export function methodName({ schedule, selector, sampler, corrector }: MethodName): string {
  const parts = [schedule, selector, sampler ? partText(sampler) : "", corrector ? partText(corrector) : ""];
  return parts.filter((part) => part !== "").join(", ");
}

function runOf(
  { process, noise }: Model,
  each: MethodName,
  { steps, made, ...rest }: { steps: number; made: Schedule; predictedNats?: Measured },
): PlannedRun {
  const { schedule, selector, sampler, corrector } = each;
  return {
    ...{ schedule, selector, steps, ...rest },
    method: methodName(each),
    sampling: {
      ...{ process, noise, schedule: made },
      ...(selector === "" ? {} : { selector: makePart("selector", selectors, parsePart(selector)) }),
      ...(sampler ? { sampler: makePart("sampler", samplers, sampler) } : {}),
      ...(corrector ? { corrector: makePart("corrector", correctors, corrector) } : {}),
    },
  };
}

/** The most steps of a method that fit in a number of model calls. */
function stepsOf(calls: number, { sampler = { name: "ancestral" }, corrector }: MethodName): number {
  return stepsWithin(calls, { sampler, ...(corrector ? { corrector } : {}) });
}
