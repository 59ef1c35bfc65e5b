import { cpus } from "node:os";
import { type MethodResult, measureMethod } from "../compare.ts";
import { unrelatedContinuations } from "../measures/continuations.ts";
import { estimate, type Measure } from "../measures/measure.ts";
import { samplingFloor } from "../measures/sampling-floor.ts";
import { freshData, modelMeasures, searchData } from "../model/model-measures.ts";
import type { Model } from "../node/index.ts";
import type { Comparison, Result, SampleSet } from "../report/comparison.ts";
import { steps as runSteps, type SampleOptions } from "../sample.ts";
import { givenPrefix } from "./prefix.ts";
import { type PlannedRun, planRuns, type RunSettings } from "./study-runs.ts";

export interface StudyOptions extends RunSettings {
  readonly title: string;
  /** The command line that makes the study again. */
  readonly command: string;
  /** Sequences per method, number of steps and seed. */
  readonly perMethod: number;
  readonly seeds: readonly number[];
  /** Called when a result is there. */
  readonly onResult?: (result: Result, measures: readonly Measure[]) => void;
  readonly signal?: SampleOptions["signal"];
}

/** Samples per method that the report shows: texts and melodies, and images, which are small. */
const SHOWN = 3;
const IMAGES = 24;

/**
 * Measures the model, finds the schedules that have to be found, runs every method at every number of calls
 * and collects what a report shows. Nothing in it is stored from earlier runs.
 */
export async function runStudy(model: Model, options: StudyOptions): Promise<Comparison> {
  const started = Date.now();
  const { progress, perMethod, seeds, batch, prefix = 0 } = options;
  const { denoiser } = model;
  const { length, vocabulary } = denoiser;
  const { planned, curve, optimal, chosen, data: found } = await planRuns(model, options);
  const fresh = await freshData(model, { count: Math.max(256, perMethod) });
  const real = fresh?.subarray(0, perMethod * length);
  const given = givenPrefix(model, real, prefix);
  if (given && given.length < perMethod * length) {
    throw new RangeError(
      `runStudy: ${perMethod} sequences with a prefix were asked for, and "${model.name}" has ${given.length / length} to go on from; ask for at most those`,
    );
  }
  // Methods without a search leave no data behind for measures that need some.
  const data = found ?? (await searchData(model, { count: options.sequences, seed: options.seed, batch }));
  const measures = await modelMeasures(model, data, { prefix });
  const unrelated = given && real ? unrelatedContinuations({ truth: real, length, prefix }) : undefined;
  const results: Result[] = [];
  const samples: SampleSet[] = [];
  for (const [i, each] of planned.entries()) {
    const { method } = each;
    const sampling = given ? { ...each.sampling, given } : each.sampling;
    const what = `${i + 1} of ${planned.length}: ${method}, ${each.steps} calls`;
    const measured = await measureMethod(
      denoiser,
      { name: method, options: sampling },
      {
        measures,
        sequences: perMethod,
        seeds,
        batch,
        ...(options.signal ? { signal: options.signal } : {}),
        progress: (share) => progress.update(what, share),
      },
    );
    const result = resultOf(each, method, measured);
    results.push(result);
    options.onResult?.(result, measures);
    samples.push(await sampleSet(model, { method, steps: each.steps, sampling, seed: seeds[0]! }));
  }
  progress.done();
  return {
    title: options.title,
    model: {
      name: model.name,
      description: model.description,
      length,
      vocabulary,
      ...(model.manifest?.tokens ? { tokens: model.manifest.tokens } : {}),
    },
    command: options.command,
    seed: seeds[0]!,
    machine: machineClass(),
    sequences: perMethod * seeds.length,
    seconds: (Date.now() - started) / 1000,
    curve: curve ?? { counts: [], entropies: [], selector: "random" },
    optimal,
    chosen,
    measures: await Promise.all(
      measures.map(async (measure) => ({
        name: measure.name,
        label: measure.label,
        better: measure.better,
        ...(fresh && fresh.length >= perMethod * length
          ? { floor: await samplingFloor(measure, fresh, length, { count: perMethod }) }
          : {}),
        ...(unrelated ? { unrelated: await estimate(measure, unrelated, length) } : {}),
      })),
    ),
    results,
    samples,
  };
}

/** Cores and processor: what wall times depend on, and no more. */
export function machineClass(): string {
  const all = cpus();
  return `${all.length} cores, ${all[0]?.model.trim() ?? "unknown processor"}, Node ${process.versions.node}`;
}

function resultOf(planned: PlannedRun, method: string, measured: MethodResult): Result {
  const { schedule, selector, steps, predictedNats } = planned;
  return {
    method,
    schedule,
    selector,
    steps,
    calls: measured.calls,
    evaluations: measured.evaluations,
    seconds: measured.seconds,
    ...(predictedNats === undefined ? {} : { predictedNats }),
    measured: measured.measured,
  };
}

/** The first rows of a method once more, with the step at which every position was revealed. */
async function sampleSet(
  model: Model,
  { method, steps, sampling, seed }: { method: string; steps: number; sampling: SampleOptions; seed: number },
): Promise<SampleSet> {
  const { denoiser, process, manifest } = model;
  const { length } = denoiser;
  const codec = await model.text();
  const shown = Math.min(
    manifest?.tokens?.kind === "grey" ? IMAGES : SHOWN,
    sampling.given ? sampling.given.length / length : Number.POSITIVE_INFINITY,
  );
  const given = sampling.given ? { given: Array.from(sampling.given).slice(0, shown * length) } : {};
  const revealedAt = Array.from({ length: shown }, () => new Array<number>(length).fill(0));
  let tokens: Int32Array = new Int32Array(shown * length);
  for await (const state of runSteps(denoiser, { ...sampling, ...given, count: shown, seed })) {
    state.tokens.forEach((token, at) => {
      const row = revealedAt[Math.floor(at / length)]!;
      if (token !== process.mask && row[at % length] === 0) row[at % length] = state.index;
    });
    tokens = state.tokens;
  }
  const rows = Array.from({ length: shown }, (_, row) => tokens.subarray(row * length, (row + 1) * length));
  return {
    method,
    steps,
    text: rows.map((row) => codec.decode(row)),
    ...(codec.units === "pieces" ? { pieces: true } : {}),
    ...(manifest?.tokens ? { tokens: rows.map((row) => Array.from(row)) } : {}),
    // Without a mask every position has a token from the start.
    ...(process.mask === undefined ? {} : { revealedAt }),
  };
}
