import { makePart, type NamedPart } from "../make-part.ts";
import type { Noise } from "../noise/noise.ts";
import { selectors } from "../parts.ts";
import type { Process } from "../processes/process.ts";
import { cosine } from "../schedules/cosine.ts";
import { power } from "../schedules/power.ts";
import type { Schedule } from "../schedules/schedule.ts";
import { uniform } from "../schedules/uniform.ts";
import { type MethodParts, partsText, stepsWithin, storedSchedule } from "./method-parts.ts";

/** One way to spend the calls, and whether it is one of the plain ways that a plan is held against. */
export interface PlanCandidate extends MethodParts {
  readonly name: string;
  /** Published methods and plain grids: they stay in the search to its end and in the check after it. */
  readonly plain: boolean;
}

/** What a search chooses among. */
export interface CandidateOptions {
  /** Model calls of one run. */
  readonly calls: number;
  readonly process: Process;
  readonly noise: Noise;
  readonly length: number;
  /** Rows and columns where positions form a grid, as an image's do. */
  readonly shape?: { readonly rows: number; readonly columns: number } | undefined;
  /**
   * The schedule that one measurement of the model makes optimal for so many steps, for a selector (absent without
   * a mask): the information curve's or the path cost's.
   */
  optimal(steps: number, selector: NamedPart | undefined): Promise<Schedule>;
  /** Jump Your Steps' times for that many steps, if they were searched; used without a mask. */
  readonly jys?: Schedule | undefined;
}

/** Exponents that grids of the family are tried with. */
const EXPONENTS = [0.64, 0.8, 1, 1.25, 1.56];
/** The same, coarser, where other parts are chosen as well. */
const FEW_EXPONENTS = [0.8, 1, 1.25];

/**
 * Temperatures below 1. Tokens drawn together from their own laws are more varied than from their joint law; a
 * little less spread offsets that where calls are few. Distances from the data say whether it does: they see
 * sameness as they see nonsense.
 */
const TEMPERATURES = [0.9, 0.8];

const ANCESTRAL: NamedPart = { name: "ancestral" };
const SYSTEMATIC: NamedPart = { name: "systematic-ancestral" };

/** Every method that a search over sampler, selector, schedule and corrector tries: the plain ones first. */
export async function planCandidates(options: CandidateOptions): Promise<PlanCandidate[]> {
  return options.process.mask === undefined ? withoutMask(options) : withMask(options);
}

/** The methods that a search for a schedule alone tries, for one sampler. */
export async function gridCandidates(
  options: CandidateOptions & { readonly sampler: NamedPart; readonly selector?: NamedPart },
): Promise<PlanCandidate[]> {
  const { sampler, selector } = options;
  const own = selector ? { sampler, selector } : { sampler };
  const steps = stepsWithin(options.calls, own);
  if (steps < 1) {
    throw new RangeError(
      `gridCandidates: a step of ${sampler.name} takes more than ${options.calls} calls; allow more calls or take another sampler`,
    );
  }
  const optimal = await options.optimal(steps, selector);
  const plain = [
    uniform({ steps }),
    cosine({ steps }),
    optimal,
    ...(options.jys?.steps === steps ? [options.jys] : []),
  ];
  const family = EXPONENTS.flatMap((a) => EXPONENTS.map((b) => ({ a, b })))
    .filter(({ a, b }) => a !== 1 || b !== 1)
    .map((exponents) => power({ steps, ...exponents }));
  return distinct([
    ...plain.map((schedule) => candidate(options, { ...own, schedule, plain: true })),
    ...(steps > 1 ? family.map((schedule) => candidate(options, { ...own, schedule })) : []),
  ]);
}

async function withMask(options: CandidateOptions): Promise<PlanCandidate[]> {
  const { calls: steps, length, shape } = options;
  const made: PlanCandidate[] = [];
  const add = (
    selector: NamedPart | undefined,
    schedule: Schedule,
    rest: Partial<Omit<Chosen, "schedule">> = {},
  ): void => {
    made.push(
      candidate(options, { sampler: ANCESTRAL, ...(selector ? { selector } : {}), ...rest, schedule }),
    );
  };
  const random = { name: "random" };
  const plain = { plain: true };
  add(random, uniform({ steps }), plain);
  add(random, cosine({ steps }), plain);
  add(random, await options.optimal(steps, random), plain);
  const spread: NamedPart[] = [
    { name: "stratified" },
    { name: "stratified-jitter" },
    { name: "dilated", length },
    ...(shape ? [{ name: "stratified-grid", ...shape }] : []),
    // A selector that cannot serve this length is left out.
  ].filter((selector) => makes(() => makePart("selector", selectors, selector)));
  for (const selector of spread) {
    add(selector, uniform({ steps }));
    add(selector, await options.optimal(steps, selector));
    if (steps > 1) for (const each of [{ a: 1.25 }, { b: 1.25 }]) add(selector, power({ steps, ...each }));
  }
  const stratified = { name: "stratified" };
  for (const temperature of TEMPERATURES) {
    for (const selector of spread.filter(({ name }) => name !== "stratified-jitter")) {
      add(selector, uniform({ steps }), { temperature });
      add(selector, await options.optimal(steps, selector), { temperature });
    }
  }
  for (const sampler of [
    { name: "remdm-rescale", eta: 0.05 },
    { name: "psi", kappa: 0.9 },
  ]) {
    add(stratified, uniform({ steps }), { sampler });
  }
  add({ name: "confidence" }, uniform({ steps }));
  const corrector = { name: "informed", count: Math.max(1, Math.round(length / 32)) };
  const corrected = stepsWithin(steps, { sampler: ANCESTRAL, corrector });
  if (corrected > 1) {
    add(stratified, await options.optimal(corrected, stratified), { corrector });
  }
  const twoStage = { name: "theta-trapezoidal" };
  const stages = stepsWithin(steps, { sampler: twoStage });
  if (stages > 0) add(undefined, uniform({ steps: stages }), { sampler: twoStage });
  return distinct(made);
}

async function withoutMask(options: CandidateOptions): Promise<PlanCandidate[]> {
  const { calls: steps, length, jys } = options;
  const optimal = await options.optimal(steps, undefined);
  const measured = jys ? [optimal, jys] : [optimal];
  const family = (exponents: readonly number[]): Schedule[] =>
    steps === 1
      ? []
      : exponents
          .flatMap((a) => exponents.map((b) => ({ a, b })))
          .filter(({ a, b }) => a !== 1 || b !== 1)
          .map((each) => power({ steps, ...each }));
  const made: PlanCandidate[] = [
    ...[uniform({ steps }), cosine({ steps }), ...measured].map((schedule) =>
      candidate(options, { sampler: ANCESTRAL, schedule, plain: true }),
    ),
    ...[uniform({ steps }), cosine({ steps }), ...measured, ...family(FEW_EXPONENTS)].map((schedule) =>
      candidate(options, { sampler: SYSTEMATIC, schedule }),
    ),
    ...[uniform({ steps }), power({ steps, b: 1.25 })].map((schedule) =>
      candidate(options, { sampler: { name: "psi", kappa: 0.9 }, schedule }),
    ),
    candidate(options, { sampler: ANCESTRAL, schedule: power({ steps, b: 1.25 }) }),
    ...TEMPERATURES.flatMap((temperature) =>
      [uniform({ steps }), ...measured].map((schedule) =>
        candidate(options, { sampler: SYSTEMATIC, schedule, temperature }),
      ),
    ),
  ];
  for (const count of [Math.round(length / 8), Math.round(length / 2)]) {
    const corrector = { name: "loo-gibbs", count };
    const corrected = stepsWithin(steps, { sampler: SYSTEMATIC, corrector });
    if (corrected > 1 && count > 0) {
      made.push(
        candidate(options, { sampler: SYSTEMATIC, corrector, schedule: uniform({ steps: corrected }) }),
      );
    }
  }
  const twoStage = { name: "theta-trapezoidal" };
  const stages = stepsWithin(steps, { sampler: twoStage });
  if (stages > 0) made.push(candidate(options, { sampler: twoStage, schedule: uniform({ steps: stages }) }));
  return distinct(made);
}

/** The parts of a candidate while its schedule is still one. */
interface Chosen extends Omit<MethodParts, "schedule"> {
  readonly schedule: Schedule;
  readonly plain?: boolean;
}

function candidate(
  options: Pick<CandidateOptions, "process" | "noise" | "length">,
  { schedule, plain = false, ...parts }: Chosen,
): PlanCandidate {
  const whole = { ...parts, schedule: storedSchedule(schedule, options) };
  return { ...whole, name: partsText(whole), plain };
}

/** Those that differ in more than the name of the schedule; of equals the first. */
function distinct(candidates: readonly PlanCandidate[]): PlanCandidate[] {
  const seen = new Set<string>();
  return candidates.filter(({ schedule, sampler, selector, corrector, temperature }) => {
    const grid = "counts" in schedule ? schedule.counts : schedule.times;
    const key = JSON.stringify([sampler, selector, corrector, temperature, grid]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function makes(make: () => unknown): boolean {
  try {
    make();
    return true;
  } catch {
    return false;
  }
}
