import { makePart, type NamedPart, parsePart } from "../make-part.ts";
import { type JobMethod, resolvedMethod } from "../node/jobs/job.ts";
import { type JournalHead, readJournalHead } from "../node/jobs/journal-head.ts";
import { journalPath } from "../node/jobs/sample-to-file.ts";
import type { SearchMethod } from "../optimize/find-schedules.ts";
import { plainSchedules, selectors } from "../parts.ts";
import { random } from "../selectors/random.ts";
import type { GivenOptions } from "./given-tokens.ts";
import { search } from "./schedules.ts";
import { checkSteps, type Session } from "./session.ts";

/** Options that name the parts to sample with, and what else a search for a schedule needs. */
export interface MethodOptions extends Pick<GivenOptions, "given" | "givenFile" | "prompt"> {
  readonly steps?: number;
  readonly schedule: string;
  readonly select?: string;
  readonly sampler?: NamedPart;
  readonly corrector?: NamedPart;
  readonly sequences: number;
  readonly levels: number;
  readonly seed: number;
  readonly batch?: number;
  readonly out?: string;
  readonly restart?: boolean;
}

/** The parts that the options name; a searched schedule is that of an interrupted run, if it searched for the same. */
export async function chosenMethod(
  { model, progress }: Session,
  options: MethodOptions,
): Promise<{ method: JobMethod; asked?: JournalHead }> {
  // A text may be shorter than the steps.
  const isText = [options.given, options.givenFile, options.prompt].some((each) => each !== undefined);
  const steps = Math.min(options.steps ?? 8, isText ? model.denoiser.length : Number.POSITIVE_INFINITY);
  const method = options.schedule as SearchMethod;
  checkSteps([steps], { length: model.denoiser.length, method });
  const { select, sampler, corrector, sequences, levels, seed, batch = 8 } = options;
  const parts = {
    ...(sampler ? { sampler } : {}),
    ...(select === undefined ? {} : { selector: parsePart(select) }),
    ...(corrector ? { corrector } : {}),
  };
  const plain: JobMethod = { ...parts, schedule: { name: options.schedule, steps } };
  if (plainSchedules[options.schedule]) return { method: plain };
  const asked = { schedule: method, steps, sequences, levels };
  const known = options.out && !options.restart ? await readJournalHead(journalPath(options.out)) : undefined;
  if (known && JSON.stringify(known["asked"]) === JSON.stringify(asked)) {
    const { schedule } = known["method"] as JobMethod;
    return { method: { ...parts, schedule }, asked };
  }
  const { selector } = resolvedMethod(model, { method: plain });
  const found = await search(
    model,
    { steps: [steps], method, selector: selector ? makePart("selector", selectors, selector) : random() },
    { sequences, levels, seed, batch, progress },
  );
  const { schedule, values } = found.schedules[0]!;
  return { method: { ...parts, schedule: { name: schedule.name, ...values } }, asked };
}
