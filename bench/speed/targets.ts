import { type Measured, type MeasuredModel, REFERENCE_STEPS, type Sampled } from "./measured.ts";

/** A requirement, and whether the numbers meet it. */
export interface Target {
  readonly title: string;
  /** Undefined where it was not measured. */
  readonly met: boolean | undefined;
  readonly numbers: string;
}

/**
 * What the shape of GPT-2 small is to reach at 16 steps, batch 1. Memory is what the process needs beyond a model that
 * is loaded and has answered for one row.
 */
export function targetsOf({ models, reference }: Measured): Target[] {
  const plain = models.find(({ weights }) => weights === "fp32");
  const runs = plain && at(plain, REFERENCE_STEPS);
  return [
    sparseTime(runs),
    sparseMemory(plain),
    ownWork(runs),
    against("float32", 1.5, [plain].filter(isThere), reference),
    against("bfloat16", 1, models, reference),
  ];
}

function sparseTime(runs: Sampled | undefined): Target {
  const title = "wanted rows only: at most 0.75 of the time with all rows";
  if (!runs?.dense) return notMeasured(title);
  const [sparse, dense] = [runs.sparse.result.seconds, runs.dense.result.seconds];
  return {
    title,
    met: sparse <= 0.75 * dense,
    numbers: `${sparse.toFixed(2)} s of ${dense.toFixed(2)} s = ${(sparse / dense).toFixed(3)}`,
  };
}

function sparseMemory(model: MeasuredModel | undefined): Target {
  const title = "wanted rows only: at most half of the memory with all rows";
  if (!model?.memory) return notMeasured(title);
  const [sparse, dense] = [model.memory.sparse, model.memory.dense].map(({ peak, loaded }) => peak - loaded);
  const whole = model.memory.sparse.peak / model.memory.dense.peak;
  return {
    title,
    met: sparse! <= dense! / 2,
    numbers: `${mib(sparse!)} of ${mib(dense!)} beyond the loaded model = ${(sparse! / dense!).toFixed(3)} (weights included: ${whole.toFixed(3)})`,
  };
}

function ownWork(runs: Sampled | undefined): Target {
  const title = "the library's own work: at most 5 % of the time";
  if (!runs) return notMeasured(title);
  const { seconds, network } = runs.sparse.result;
  const own = seconds - network;
  return {
    title,
    met: own <= 0.05 * seconds,
    numbers: `${own.toFixed(2)} s of ${seconds.toFixed(2)} s = ${((100 * own) / seconds).toFixed(2)} %`,
  };
}

function against(
  mode: "float32" | "bfloat16",
  factor: number,
  models: readonly MeasuredModel[],
  reference: Measured["reference"],
): Target {
  const least = factor === 1 ? "at least as fast" : `at least ${factor} times as fast`;
  const title = `${least} as PyTorch in ${mode}${mode === "bfloat16" ? " autocast" : ""}`;
  const measured = models.flatMap((model) => {
    const runs = at(model, REFERENCE_STEPS);
    return runs ? [{ model, seconds: runs.sparse.result.seconds }] : [];
  });
  if (typeof reference === "string" || measured.length === 0) return notMeasured(title);
  const { result, runs } = reference.sampled[mode];
  const theirs = result.seconds;
  const ratios = measured.map(({ model: { weights, fromFloat32 }, seconds }) => {
    const error = fromFloat32 ? `, logits off by ${fromFloat32.typical.toPrecision(2)} rms` : "";
    return `${runs === 0 ? "at least " : ""}${theirs.toFixed(2)} s / ${seconds.toFixed(2)} s = ${(theirs / seconds).toFixed(2)} (${weights}${error})`;
  });
  const best = Math.min(...measured.map(({ seconds }) => seconds));
  return { title, met: theirs >= factor * best, numbers: ratios.join("; ") };
}

function at({ sampled }: MeasuredModel, steps: number): Sampled | undefined {
  return sampled.find((runs) => runs.steps === steps);
}

function notMeasured(title: string): Target {
  return { title, met: undefined, numbers: "not measured" };
}

function isThere<Value>(value: Value | undefined): value is Value {
  return value !== undefined;
}

/** Bytes as "12.3 MiB". */
export function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
