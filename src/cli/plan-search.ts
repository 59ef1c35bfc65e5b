import { makePart, type NamedPart } from "../make-part.ts";
import { advantage } from "../measures/measured.ts";
import { freshData, modelMeasures, searchData } from "../model/model-measures.ts";
import type { Model } from "../node/index.ts";
import { openSearchJournal, type SearchJournal } from "../node/search-journal.ts";
import { callsOf, scheduleFrom, storedSchedule } from "../optimize/method-parts.ts";
import { gridCandidates, type PlanCandidate, planCandidates } from "../optimize/plan-candidates.ts";
import { type PlanSearch, searchPlans } from "../optimize/search-plans.ts";
import { selectors } from "../parts.ts";
import type { Plan } from "../plan.ts";
import type { SampleOptions } from "../sample.ts";
import { callsText, methodText } from "./check-plan.ts";
import { identity } from "./identity.ts";
import { givenPrefix } from "./prefix.ts";
import type { Progress } from "./progress.ts";
import { isPowerOfTwo, search } from "./schedules.ts";

/** What a search by sampling needs beside the model. */
export interface PlanSearchSettings {
  /** Model calls of one run. */
  readonly calls: number;
  /** Sequences to send through the model in the search, about. */
  readonly budget: number;
  /** Sequences per method of the check. */
  readonly check: number;
  readonly seed: number;
  readonly batch: number;
  /** Sequences and levels of the measurements that optimal schedules come from. */
  readonly sequences: number;
  readonly levels: number;
  /** Tokens given to every sequence, from the fresh data. */
  readonly prefix?: number;
  /** To choose the schedule alone, for these parts; absent: sampler, selector, schedule and corrector. */
  readonly parts?: { readonly sampler: NamedPart; readonly selector?: NamedPart };
  /** Where the search keeps what it learned until it is finished; absent: nowhere. */
  readonly journal?: string;
  readonly progress: Progress;
  readonly signal?: SampleOptions["signal"];
}

/** A plan found by sampling, and the search behind it. */
export interface FoundPlan {
  readonly plan: Plan;
  readonly search: PlanSearch;
  /** Pieces of work that an earlier, interrupted search had done. */
  readonly resumed: number;
}

/** Chooses a plan for a number of model calls by sampling with every candidate; see `searchPlans`. */
export async function findPlan(model: Model, settings: PlanSearchSettings): Promise<FoundPlan> {
  const { calls, budget, check, seed, batch, sequences, levels, prefix = 0, parts, progress } = settings;
  const { denoiser, process, noise } = model;
  const journal = settings.journal
    ? await openSearchJournal(settings.journal, {
        model: model.fingerprint,
        process: model.processDescription,
        noise: model.noiseDescription,
        ...{ calls, budget, check, seed, batch, sequences, levels, prefix },
        ...(parts ? { parts } : {}),
      })
    : undefined;
  const data = await searchData(model, { count: sequences, seed, batch });
  const measures = await modelMeasures(model, data, { prefix });
  const made = await remembered(journal, "candidates", () => candidatesOf(model, settings));
  const fresh = await freshData(model, { count: 256 });
  const given = givenPrefix(model, fresh, prefix);
  const found = await searchPlans(denoiser, {
    candidates: made.candidates,
    ...{ process, noise, measures, fresh, budget, check, seed, batch },
    ...(given ? { given } : {}),
    ...(journal ? { remember: journal.rows } : {}),
    ...(settings.signal ? { signal: settings.signal } : {}),
    progress: (share) => progress.update(`searching the plan for ${calls} calls`, share),
  });
  await journal?.discard();
  const evaluations = made.evaluations + found.evaluations;
  return {
    plan: planOf(model, { found, settings, data: data.origin, measures, evaluations }),
    search: { ...found, evaluations },
    resumed: journal?.resumed ?? 0,
  };
}

/** The candidates, and what the measurements behind their optimal schedules sent through the model. */
async function candidatesOf(
  model: Model,
  { calls, parts, progress, sequences, levels, seed, batch }: PlanSearchSettings,
): Promise<{ readonly candidates: readonly PlanCandidate[]; readonly evaluations: number }> {
  const { process, noise, denoiser, manifest } = model;
  const { length } = denoiser;
  let evaluations = 0;
  const bySelector = new Map<string, Awaited<ReturnType<typeof search>>>();
  const optimal = async (steps: number, selector: NamedPart | undefined) => {
    const key = JSON.stringify(selector ?? null);
    let found = bySelector.get(key);
    if (!found) {
      found = await search(
        model,
        {
          steps: Array.from({ length: Math.min(calls, length) }, (_, i) => i + 1),
          method: "optimal",
          ...(selector ? { selector: makePart("selector", selectors, selector) } : {}),
        },
        { sequences, levels, seed, batch, predictSequences: 0, progress },
      );
      bySelector.set(key, found);
      evaluations += found.evaluations;
    }
    return found.schedules.find((each) => each.steps === steps)!.schedule;
  };
  // Published times, where there are some and no exact law of a step replaces them.
  const published =
    process.mask === undefined && isPowerOfTwo(calls) && calls > 1
      ? await search(
          model,
          { steps: [calls], method: "jys" },
          { sequences, levels, seed, batch, predictSequences: 0, progress },
        )
      : undefined;
  evaluations += published?.evaluations ?? 0;
  const jys = published?.schedules[0]?.schedule;
  const tokens = manifest?.tokens;
  const shape = tokens?.kind === "grey" ? { rows: tokens.rows, columns: tokens.columns } : undefined;
  const options = { calls, process, noise, length, shape, optimal, jys };
  const candidates = parts ? await gridCandidates({ ...options, ...parts }) : await planCandidates(options);
  return { candidates, evaluations };
}

function planOf(
  model: Model,
  {
    found,
    settings,
    data,
    measures,
    evaluations,
  }: {
    found: PlanSearch;
    settings: PlanSearchSettings;
    data: Plan["search"]["data"];
    measures: Awaited<ReturnType<typeof modelMeasures>>;
    evaluations: number;
  },
): Plan {
  const { best, checked } = found;
  const { sampler, selector, corrector, temperature, schedule } = best;
  const decides = measures.find(({ better }) => better !== "neither")!;
  const plain = checked
    .filter((each) => each.plain && each.name !== best.name)
    .map((each) => ({
      value: each.measured[decides.name]!.value,
      standardError: each.measured[decides.name]!.standardError,
      schedule: each.schedule.name,
      selector: each.selector?.name ?? "",
    }));
  const own = best.measured[decides.name]!;
  const gaps = plain.map((each) => advantage({ ...own }, each, decides.better));
  return {
    format: "fewstep/plan",
    version: 1,
    model: identity(model),
    process: model.processDescription,
    noise: model.noiseDescription,
    sampler,
    ...(selector ? { selector } : {}),
    ...(corrector ? { corrector } : {}),
    ...(temperature === undefined ? {} : { temperature }),
    schedule: storedSchedule(scheduleFrom(schedule), {
      process: model.process,
      noise: model.noise,
      length: model.denoiser.length,
    }),
    calls: callsOf(best),
    search: {
      method: settings.parts ? "direct" : "plan",
      data,
      sequences: settings.sequences,
      seed: settings.seed,
      evaluations,
      scoredBy: found.scoredBy,
      candidates: found.ranking.map(({ name, score, rows }) => ({ name, score, rows })),
    },
    measured: {
      measure: decides.name,
      better: decides.better,
      sequences: settings.check,
      seed: settings.seed + 1,
      plan: { value: own.value, standardError: own.standardError },
      plain,
      wins: gaps.every((gap) => gap > 2),
      verdict: searchVerdict(gaps, {
        names: plain.map((each) => methodText(each.schedule, each.selector)),
        measure: decides.name,
        calls: settings.calls,
      }),
    },
  };
}

/** @param gaps how many standard errors the plan is better than each plain method in the measure */
export function searchVerdict(
  gaps: readonly number[],
  { names, measure, calls }: { names: readonly string[]; measure: string; calls: number },
): string {
  const at = `at ${callsText(calls)}`;
  const least = Math.min(...gaps);
  if (least > 2)
    return `better than every plain method ${at} (by at least ${least.toFixed(1)} standard errors)`;
  if (least >= -2) return `as good as the best plain method ${at}, within two standard errors`;
  const worse = names.filter((_, i) => gaps[i]! < -2);
  return `worse in ${measure} than ${worse.join(" and ")} ${at} (by up to ${(-least).toFixed(1)} standard errors), and chosen for the score of all measures together`;
}

function remembered<Value>(
  journal: SearchJournal | undefined,
  key: string,
  make: () => Promise<Value>,
): Promise<Value> {
  return journal ? journal.value(key, make) : make();
}
