import { InvalidArgumentError } from "commander";
import type { Model } from "../node/index.ts";
import { type JobModel, loadJobModel } from "../node/jobs/job.ts";
import type { SearchMethod } from "../optimize/find-schedules.ts";
import { interruptible } from "./interruptible.ts";
import { type Progress, progressLine } from "./progress.ts";
import { halves, isPowerOfTwo } from "./schedules.ts";

/** What every command that runs a model has: the model, a progress line, and one way to print. */
export interface Session {
  readonly model: Model;
  readonly progress: Progress;
  /** Prints the result: JSON with --json, else what `text` returns. */
  print(result: unknown, text: () => string): void;
}

/** Loads the model, runs the command and frees the model whatever happens. */
export async function withModel(
  reference: string,
  options: Omit<JobModel, "reference"> & { readonly json?: boolean; readonly threads?: number },
  run: (session: Session) => Promise<void>,
): Promise<void> {
  const progress = progressLine(process.stderr);
  const model = await loadJobModel({ ...options, reference }, options);
  // A command may free the model early.
  let freed: Promise<void> | undefined;
  const dispose = () => (freed ??= model.dispose());
  try {
    await run({
      model: { ...model, dispose, denoiser: interruptible(model.denoiser) },
      progress,
      print(result, text) {
        progress.done();
        process.stdout.write(`${options.json ? JSON.stringify(result) : text()}\n`);
      },
    });
  } finally {
    progress.done();
    await dispose();
  }
}

/**
 * Refuses numbers of steps that cannot be, before any work is done.
 *
 * @throws InvalidArgumentError unless every number fits the sequence and the method that is to find schedules
 */
export function checkSteps(
  steps: readonly number[],
  { length, method }: { length: number; method?: SearchMethod | undefined },
): void {
  const long = steps.find((n) => n > length);
  if (long !== undefined) {
    throw new InvalidArgumentError(
      `${long} steps were asked for and a sequence has ${length} tokens; use at most ${length}, one token a call`,
    );
  }
  const odd = halves(method) ? steps.find((n) => !isPowerOfTwo(n)) : undefined;
  if (odd !== undefined) {
    throw new InvalidArgumentError(
      `${odd} steps were asked for and ${method} makes powers of 2 only; use 1, 2, 4, 8, ... or the method optimal`,
    );
  }
}
