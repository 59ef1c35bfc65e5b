import { type Command, InvalidArgumentError } from "commander";
import { type ContinuousEvidence, continuousPlan, continuousPlanOptions } from "../../continuous/plan.ts";
import type { NamedPart } from "../../make-part.ts";
import { type ContinuousModel, underNoise } from "../../model/continuous-model.ts";
import { readContinuousPlan, writePlan } from "../../node/plan-file.ts";
import { checkPlace } from "../../node/write-file.ts";
import { pointsFormat, rowsOfPoints, writePoints } from "../../node/write-points.ts";
import { type MethodAsked, methodAsked, modelAsked } from "./asked.ts";
import { withContinuousModel } from "./continuous-session.ts";
import { continuousDefaults } from "./defaults.ts";
import { continuousMeasures, type Judge, judgeOf } from "./judge.ts";
import { refuseOtherSpace } from "./other-space.ts";
import { runSolver, type SolverRun } from "./run-solver.ts";
import { sampledText } from "./sampled-text.ts";

/** What `fewstep sample` reads of its options where the model is continuous. */
export interface ContinuousSampleOptions extends MethodAsked {
  readonly plan?: string;
  readonly noise?: NamedPart;
  readonly label?: number;
  readonly guidance?: number;
  readonly count: number;
  readonly firstRow: number;
  readonly seed: number;
  readonly batch?: number;
  readonly threads?: number;
  readonly out?: string;
  readonly savePlan?: string;
  readonly json?: boolean;
}

/** Numbers that all samples together may have. */
const MOST = 2 ** 27;

/** `fewstep sample MODEL` for a continuous model. */
export async function sampleContinuous(
  reference: string,
  options: ContinuousSampleOptions,
  command: Command,
): Promise<void> {
  refuseOtherSpace(command, "continuous", reference);
  const isSet = (key: string): boolean => command.getOptionValueSource(key) === "cli";
  const { plan: planned, seed, firstRow, batch, label, out, savePlan } = options;
  if (planned && options.noise) {
    throw new InvalidArgumentError(
      "--plan and --noise were both set; a plan says what noise it is for, so use one of them",
    );
  }
  await withContinuousModel(reference, options, async ({ model: loaded, progress, print }) => {
    const plan = planned ? await readContinuousPlan(planned) : undefined;
    // Throws where the plan does not fit.
    if (plan) continuousPlanOptions(plan, loaded);
    const noise = options.noise ?? plan?.continuous.noise;
    const scale = options.guidance ?? plan?.continuous.guidance;
    const model = modelAsked(noise ? underNoise(loaded, noise) : loaded, { label, scale });
    const scheduleSet = isSet("schedule");
    const method = plan?.continuous ?? methodAsked(options, { scheduleSet, noise: model.noiseDescription });
    const count = model.exact && !isSet("count") ? continuousDefaults.exactCount : options.count;
    checkSize(model, count);
    if (out) {
      pointsFormat(out, { pixels: model.pixels, count });
      checkPlace(out);
    }
    if (savePlan) checkPlace(savePlan);
    const judge = judgeOf(model, { seed, progress: progress.update });
    const run = await runSolver(model, method, {
      ...{ count, firstRow, seed, judge },
      ...(batch === undefined ? {} : { batch }),
      progress: (share) => progress.update("sampling", share),
    });
    const floor = await judge.floor({ ...run.ends, count });
    const { solver, schedule, steps, denoise } = method;
    const { x } = run.samples;
    const { calls, evaluations, seconds, measured } = run;
    const told = {
      ...{ model: model.name, solver, schedule, steps, denoise, noise: model.noiseDescription },
      ...{ label, guidance: scale, seed, firstRow, count, calls, evaluations, seconds, measured, floor },
    };
    const { shape, pixels } = model;
    if (out) await writePoints(out, { x, count, shape }, { ...(pixels ? { pixels } : {}), extra: told });
    if (savePlan) {
      const evidence = evidenceOf(run, judge, { count, seed });
      const found = {
        method,
        ...(noise ? { noise } : {}),
        ...(scale === undefined ? {} : { guidance: scale }),
        ...(evidence ? { evidence } : {}),
      };
      await writePlan(savePlan, continuousPlan(model, found));
    }
    const samples = options.json && !out ? rowsOfPoints(x, count).map((row) => Array.from(row)) : undefined;
    print({ ...told, out, plan: savePlan, samples }, () =>
      sampledText(model, { run, count, floor, out, plan: savePlan }),
    );
  });
}

function checkSize({ dimension, name }: ContinuousModel, count: number): void {
  if (count * dimension <= MOST) return;
  throw new InvalidArgumentError(
    `${count} samples of ${dimension} numbers were asked for; use at most ${Math.floor(MOST / dimension)} of "${name}" at a time, and --first-row to go on`,
  );
}

/** What the run says of its method, if it was measured. */
function evidenceOf(
  { measured }: SolverRun,
  judge: Judge,
  { count, seed }: { count: number; seed: number },
): ContinuousEvidence | undefined {
  const { error, energy } = continuousMeasures;
  const found = measured[error.name] ? error : energy;
  const plan = measured[found.name];
  if (!plan) return undefined;
  const rows = Math.min(count, found === error ? judge.flowRows : judge.rows);
  return { measure: found.label, rows, seed, plan };
}
