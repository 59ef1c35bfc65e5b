import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump } from "npyjs";
import type { WeightFormatName } from "../../src/import/weight-formats/weight-format.ts";
import { difference, halfMasked, logitsOf, spread, timeForward } from "./forward.ts";
import { type ImportedAnew, importAnew } from "./import-anew.ts";
import { type Best, interleaved } from "./interleaved.ts";
import {
  type Measured,
  type MeasuredModel,
  type MeasuredReference,
  REFERENCE_STEPS,
  type RunTime,
  type Sampled,
} from "./measured.ts";
import { openTimed, type TimedModel } from "./open-timed.ts";
import { peakMemory } from "./peak-memory.ts";
import { randomCheckpoint } from "./random-checkpoint.ts";
import { type Mode, modes, openReference, type Reference } from "./reference.ts";
import { type SampleRun, sampleOnce } from "./sample-once.ts";
import type { Shape } from "./shapes.ts";

export interface MeasureSettings {
  readonly seed: number;
  readonly threads: number;
  /** fp32 is measured in any case, as the others are held against it. */
  readonly weights: readonly WeightFormatName[];
  /** Numbers of steps, `REFERENCE_STEPS` among them. */
  readonly steps: readonly number[];
  /** How often runs of sampling are measured, forward passes twice as often; what is slow is measured less often. */
  readonly rounds: number;
  /** The command that starts Python. */
  readonly python: string;
  /** Where checkpoints are kept between runs; default the system's folder for temporary files. */
  readonly place?: string;
  readonly onTask?: (name: string) => void;
}

/** One of the networks that are compared. */
interface Contender {
  readonly imported: ImportedAnew;
  readonly timed: TimedModel;
}

/**
 * A run that is held against PyTorch gets no further round when it has taken so many seconds in all; a forward pass
 * and runs of other numbers of steps a quarter and a tenth of that. A loop in bfloat16 whose calls alone would take
 * longer is not run at all: without instructions for it, it can be several times as slow as float32.
 */
const PATIENCE = 60;

/** Of the rows of a call, as 16 steps have it. */
const SHARE = 1 / 16;

/** Steps that the process makes whose memory is measured. */
const MEMORY_STEPS = 3;

/**
 * Measures one shape: its networks with other weights, all rows against those that are wanted, and PyTorch, all in
 * turn and within one process, but for PyTorch and the peaks of memory, which have their own.
 *
 * @throws Error if rows alone lead to other tokens than all rows, or PyTorch's logits are others
 */
export async function measureShape(shape: Shape, settings: MeasureSettings): Promise<Measured> {
  const { seed, threads, python, place, onTask = () => {} } = settings;
  onTask("random checkpoint");
  const checkpoint = await randomCheckpoint(shape, { seed, ...(place === undefined ? {} : { place }) });
  const opened = await openReference(checkpoint, { python, threads });
  const reference = typeof opened === "string" ? undefined : opened;
  const contenders: Contender[] = [];
  try {
    for (const weights of new Set<WeightFormatName>(["fp32", ...settings.weights])) {
      onTask(`import as ${weights}`);
      const imported = await importAnew(checkpoint, weights);
      contenders.push({ imported, timed: await openTimed(imported.folder, { threads }) });
    }
    const check = reference && (await checked(reference, contenders[0]!.timed));
    const forward = await forwardTimes(contenders, reference, settings);
    const sampled = await sampleTimes(contenders, { reference, forward: forward.theirs }, settings);
    const agreements = await agreementsOf(contenders);
    await Promise.all(contenders.map(({ timed }) => timed.model.dispose()));
    const models: MeasuredModel[] = [];
    for (const [at, { imported }] of contenders.entries()) {
      onTask(`memory, ${imported.weights}`);
      const memory = await memoryOf(imported.folder, threads);
      models.push({
        weights: imported.weights,
        forward: forward.ours[at]!,
        sampled: sampled.ours[at]!,
        ...agreements[at]!,
        ...(memory ? { memory } : {}),
      });
    }
    const measured: MeasuredReference | string = reference
      ? { torch: reference.torch, check: check!, forward: forward.theirs!, sampled: sampled.theirs! }
      : (opened as string);
    return { shape, models, reference: measured };
  } finally {
    reference?.close();
    for (const { imported } of contenders) imported.remove();
  }
}

/** @throws Error unless both sides are the same network */
async function checked(reference: Reference, { model }: TimedModel): Promise<MeasuredReference["check"]> {
  const { denoiser } = model;
  const rows = spread(denoiser.length, Math.min(denoiser.length, 64));
  const { data, width } = await logitsOf(denoiser, { rows, alone: true });
  const place = mkdtempSync(join(tmpdir(), "fewstep-bench-"));
  try {
    const file = (name: string, array: Int32Array | Float32Array, shape: number[]): string => {
      const path = join(place, `${name}.npy`);
      writeFileSync(path, new Uint8Array(dump(array, shape)));
      return path;
    };
    const found = await reference.check({
      tokens: file("tokens", halfMasked(denoiser), [1, denoiser.length]),
      rows: file("rows", rows, [rows.length]),
      logits: file("logits", data, [rows.length, width]),
    });
    if (found.worst <= 1e-3) return found;
    throw new Error(`measureShape: PyTorch's logits differ by ${found.worst}; expected at most 0.001`);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function forwardTimes(
  contenders: readonly Contender[],
  reference: Reference | undefined,
  { rounds, onTask = () => {} }: MeasureSettings,
): Promise<{ ours: MeasuredModel["forward"][]; theirs?: Record<Mode, Best<number>> }> {
  const { length } = contenders[0]!.timed.model.denoiser;
  const counts = [...new Set([length, Math.ceil(length * SHARE), 1])];
  const tasks: Record<string, () => Promise<number>> = {};
  const nameOf = ({ imported }: Contender, rows: number): string => `${imported.weights}, ${rows} rows`;
  for (const contender of contenders) {
    const { timed } = contender;
    // The runtime makes its plan, and allocates, in the first two calls.
    for (const rows of [...counts, ...counts]) await timeForward(timed, rows);
    for (const rows of counts) tasks[nameOf(contender, rows)] = () => timeForward(timed, rows);
  }
  if (reference) {
    for (const mode of modes) tasks[mode] = async () => 1000 * (await reference.forward(mode));
  }
  const best = await interleaved(tasks, {
    rounds: 2 * rounds,
    patience: PATIENCE / 4,
    cost: (ms) => ms,
    onTask: (name) => onTask(`forward pass, ${name}`),
  });
  return {
    ours: contenders.map((contender) =>
      counts.map((rows) => ({ rows, best: best[nameOf(contender, rows)]! })),
    ),
    ...(reference ? { theirs: { float32: best["float32"]!, bfloat16: best["bfloat16"]! } } : {}),
  };
}

async function sampleTimes(
  contenders: readonly Contender[],
  {
    reference,
    forward,
  }: { reference: Reference | undefined; forward: MeasuredReference["forward"] | undefined },
  { rounds, steps: list, seed, onTask = () => {} }: MeasureSettings,
): Promise<{ ours: Sampled[][]; theirs?: Record<Mode, Best<RunTime>> }> {
  const ours: Sampled[][] = contenders.map(() => []);
  let theirs: Record<Mode, Best<RunTime>> | undefined;
  for (const steps of list) {
    const tasks: Record<string, () => Promise<RunTime & { readonly tokens?: Int32Array }>> = {};
    for (const { timed, imported } of contenders) {
      const run = (all: boolean) => async () => ({
        ...timeOf(await sampleOnce(timed, { steps, seed, all })),
      });
      tasks[`${imported.weights}, wanted rows`] = run(false);
      // Other weights are about speed; what rows alone save is shown by fp32.
      if (imported.weights === "fp32") tasks[`${imported.weights}, all rows`] = run(true);
    }
    const atLeast = forward && (steps * forward.bfloat16.result) / 1000;
    const tooSlow = atLeast !== undefined && atLeast > PATIENCE;
    if (reference && steps === REFERENCE_STEPS) {
      for (const mode of tooSlow ? (["float32"] as const) : modes) {
        tasks[mode] = () => reference.sample(mode, { steps, seed });
      }
    }
    const best = await interleaved(tasks, {
      rounds,
      patience: steps === REFERENCE_STEPS ? PATIENCE : PATIENCE / 10,
      cost: ({ seconds }) => seconds,
      onTask: (name) => onTask(`${steps} steps, ${name}`),
    });
    for (const [at, { imported }] of contenders.entries()) {
      const { weights } = imported;
      const [sparse, dense] = [best[`${weights}, wanted rows`]!, best[`${weights}, all rows`]];
      if (dense && dense.result.tokens!.join() !== sparse.result.tokens!.join()) {
        throw new Error(
          `measureShape: ${steps} steps from the wanted rows alone give other tokens than from all rows`,
        );
      }
      ours[at]!.push({ steps, sparse, ...(dense ? { dense } : {}) });
    }
    if (best["float32"]) {
      const bound = { result: { seconds: atLeast!, network: atLeast! }, runs: 0 };
      theirs = { float32: best["float32"], bfloat16: best["bfloat16"] ?? bound };
    }
  }
  return { ours, ...(theirs ? { theirs } : {}) };
}

function timeOf({ seconds, runtime, tokens }: SampleRun): RunTime & { readonly tokens: Int32Array } {
  return { seconds, network: runtime, tokens };
}

async function agreementsOf(
  contenders: readonly Contender[],
): Promise<Pick<MeasuredModel, "alone" | "fromFloat32">[]> {
  const found: Pick<MeasuredModel, "alone" | "fromFloat32">[] = [];
  let plain: Float32Array | undefined;
  for (const { timed } of contenders) {
    const { denoiser } = timed.model;
    const rows = spread(denoiser.length, Math.ceil(denoiser.length * SHARE));
    const alone = await logitsOf(denoiser, { rows, alone: true });
    const among = await logitsOf(denoiser, { rows, alone: false });
    found.push({
      alone: difference(alone.data, among.data),
      ...(plain ? { fromFloat32: difference(alone.data, plain) } : {}),
    });
    plain ??= alone.data;
  }
  return found;
}

async function memoryOf(folder: string, threads: number): Promise<MeasuredModel["memory"] | undefined> {
  const settings = { folder, threads, steps: REFERENCE_STEPS, made: MEMORY_STEPS };
  const sparse = await peakMemory({ ...settings, all: false });
  const dense = await peakMemory({ ...settings, all: true });
  return sparse && dense ? { sparse, dense } : undefined;
}
