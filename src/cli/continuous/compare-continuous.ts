import type { Command } from "commander";
import { checkPlace, writeFinished } from "../../node/write-file.ts";
import { studyTable } from "../study-text.ts";
import { modelAsked } from "./asked.ts";
import { withContinuousModel } from "./continuous-session.ts";
import { refuseOtherSpace } from "./other-space.ts";
import { continuousMethods, solverNames } from "./solver-names.ts";
import { runContinuousStudy } from "./study.ts";

/** What `fewstep compare` reads of its options where the model is continuous. */
export interface ContinuousCompareOptions {
  readonly steps: readonly number[];
  readonly methods?: string;
  readonly count: number;
  readonly seed: number;
  readonly batch: number;
  readonly label?: number;
  readonly guidance?: number;
  readonly threads?: number;
  readonly out: string;
  readonly json?: boolean;
}

/** `fewstep compare MODEL` for a continuous model. */
export async function compareContinuous(
  reference: string,
  options: ContinuousCompareOptions,
  command: Command,
): Promise<void> {
  refuseOtherSpace(command, "continuous", reference);
  const { steps, methods = continuousMethods, seed, out, label } = options;
  const isSet = (key: string): boolean => command.getOptionValueSource(key) === "cli";
  const named = solverNames(methods);
  await withContinuousModel(reference, options, async ({ model: loaded, progress, print }) => {
    const model = modelAsked(loaded, { label, scale: options.guidance });
    checkPlace(out);
    const comparison = await runContinuousStudy(model, {
      title: `fewstep compare ${model.name}`,
      command: `fewstep ${process.argv.slice(2).join(" ")}`,
      calls: isSet("steps") ? steps : [5, 10, 20, 40],
      methods: named,
      count: isSet("count") ? options.count : model.exact ? 1000 : 128,
      seed,
      ...(isSet("batch") ? { batch: options.batch } : {}),
      progress: progress.update,
    });
    // Loaded when needed: the plotting library takes half a second.
    const { renderContinuousReport } = await import("../../report/continuous-report.ts");
    await writeFinished(out, renderContinuousReport(comparison));
    print(comparison, () => `${studyTable(comparison)}\n\nReport: ${out}`);
  });
}
