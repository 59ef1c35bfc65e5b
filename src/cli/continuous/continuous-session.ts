import type { ContinuousModel } from "../../model/continuous-model.ts";
import { loadContinuousModel } from "../../node/continuous-model.ts";
import { interruptible } from "../interruptible.ts";
import { type Progress, progressLine } from "../progress.ts";

/** What every command that runs a continuous model has: the model, a progress line, and one way to print. */
export interface ContinuousSession {
  readonly model: ContinuousModel;
  readonly progress: Progress;
  /** Prints the result: JSON with --json, else what `text` returns. */
  print(result: unknown, text: () => string): void;
}

/** Loads the model, runs the command and frees the model whatever happens. */
export async function withContinuousModel(
  reference: string,
  { threads, json }: { readonly threads?: number; readonly json?: boolean },
  run: (session: ContinuousSession) => Promise<void>,
): Promise<void> {
  const progress = progressLine(process.stderr);
  const model = await loadContinuousModel(reference, threads === undefined ? {} : { threads });
  try {
    await run({
      model: {
        ...model,
        denoiser: interruptible(model.denoiser),
        conditional: (label) => interruptible(model.conditional(label)),
      },
      progress,
      print(result, text) {
        progress.done();
        process.stdout.write(`${json ? JSON.stringify(result) : text()}\n`);
      },
    });
  } finally {
    progress.done();
    await model.dispose();
  }
}
