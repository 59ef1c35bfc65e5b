/** The published codes of DDIM: schedulers' runs, runs on given levels, single steps, and the noisier DDPM. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  cleanFrom,
  clipped,
  type Denoiser,
  ddim,
  ddpm,
  leadingLevels,
  levelTimes,
  linspaceLevels,
  type Noise,
  predicting,
  type Sampler,
  type Schedule,
  steps,
  times,
  trailingLevels,
} from "../../src/continuous/index.ts";
import { ddimCoefficients } from "../../src/continuous/samplers/ddim.ts";
import { close } from "../golden.ts";
import { givenNormals } from "./given-normals.ts";
import {
  closeRows,
  continuousGolden,
  type MixtureRecord,
  mixtureOf,
  noiseOf,
  type ScheduleRecord,
} from "./golden.ts";

interface Problem {
  readonly mixture: MixtureRecord;
  readonly schedule: ScheduleRecord;
}

interface RunExpected {
  readonly trajectory: number[][][];
  readonly x0_predictions: number[][][];
}

interface RunInputs extends Problem {
  readonly start: number[][];
  readonly eta: number | null;
  readonly noise?: number[][][];
}

const file = continuousGolden("ddim.json");
const tolerance = file.tolerance();
const schedulers = file.cases<
  RunInputs & {
    readonly steps: number;
    readonly timestep_spacing: string;
    readonly steps_offset: number;
    readonly set_alpha_to_one: boolean;
    readonly prediction_type: string;
    readonly clip_sample: number | null;
  },
  RunExpected & {
    readonly timesteps: number[];
    readonly prev_timesteps: number[];
    readonly alpha_bar: number[];
    readonly alpha_bar_prev: number[];
    readonly std: number[];
  }
>("trajectory");
const generalized = file.cases<RunInputs & { readonly sequence: number[] }, RunExpected>("generalized_steps");
const noisy = file.cases<RunInputs & { readonly sequence: number[] }, RunExpected>("ddpm_noisy");
const single = file.cases<
  Problem & { readonly x: number[][]; readonly t: number; readonly t_prev: number; readonly eta: number },
  {
    readonly alpha_bar: number;
    readonly alpha_bar_prev: number;
    readonly eps: number[][];
    readonly x0: number[][];
    readonly mean: number[][];
    readonly std: number;
  }
>("step");

/** The exact prediction of another kind. */
function exactly(kind: string, mixture: MixtureRecord): Denoiser {
  const eps = mixtureOf(mixture);
  if (kind === "epsilon") return eps;
  // A network of this kind, made by hand, and the library's conversion back.
  const convert = (x: number, e: number, alpha: number, sigma: number): number => {
    const clean = (x - sigma * e) / alpha;
    return kind === "sample" ? clean : alpha * e - sigma * clean;
  };
  assert.ok(kind === "sample" || kind === "v_prediction", `no model for predictions of kind ${kind}`);
  return predicting(kind === "sample" ? "x0" : "v", {
    dimension: eps.dimension,
    async predict(input) {
      const { x, alpha, sigma } = input;
      const predicted = await eps.predict(input);
      return predicted.map((e, at) => {
        const row = Math.floor(at / eps.dimension);
        return convert(x[at]!, e, alpha[row]!, sigma[row]!);
      });
    },
  });
}

interface Run {
  readonly model: Denoiser;
  readonly noise: Noise;
  readonly sampler: Sampler;
  readonly start: number[][];
  /** [steps][batch][dimension]; none where nothing is drawn. */
  readonly noises?: number[][][];
}

/** [states][batch, dimension] along a schedule. */
async function statesAlong(
  schedule: Schedule,
  { model, start, noises, ...options }: Run,
): Promise<Float64Array[]> {
  const states: Float64Array[] = [];
  const count = start.length;
  const normals = givenNormals(noises ?? []);
  for await (const { x } of steps(model, { ...options, schedule, start: start.flat(), count, normals })) {
    states.push(x);
  }
  return states;
}

/** One step, and the x0 that is predicted on the way. */
async function oneStep(
  run: Run,
  from: number,
  to: number,
): Promise<{ clean: Float64Array; next: Float64Array }> {
  const { model, noise, start } = run;
  const x = Float64Array.from(start.flat());
  const levels = { alpha: noise.alpha(from), sigma: noise.sigma(from) };
  const all = (value: number): Float64Array => new Float64Array(start.length).fill(value);
  const eps = await model.predict({
    x,
    batch: start.length,
    time: all(from),
    alpha: all(levels.alpha),
    sigma: all(levels.sigma),
  });
  // A step from level 0 to level 0 goes nowhere.
  const next = from === to ? x : (await statesAlong(times({ times: [from, to] }), run))[1]!;
  return { clean: cleanFrom(x, eps, levels), next };
}

/**
 * Checks a run one step at a time, from each state of the file: published codes may step to another level than they ask
 * at next, or twice to the same.
 */
async function checkSteps(
  run: Run,
  {
    times: starts,
    targets,
    bound = Number.POSITIVE_INFINITY,
  }: { times: number[]; targets: number[]; bound?: number },
  expected: RunExpected,
): Promise<void> {
  const { trajectory, x0_predictions: predictions } = expected;
  assert.equal(trajectory.length, starts.length + 1);
  for (const [i, from] of starts.entries()) {
    const noises = run.noises && { noises: [run.noises[i]!] };
    const { clean, next } = await oneStep({ ...run, start: trajectory[i]!, ...noises }, from, targets[i]!);
    const kept = clean.map((value) => Math.min(bound, Math.max(-bound, value)));
    closeRows(kept, predictions[i]!, tolerance, `x0 ${i}`);
    closeRows(next, trajectory[i + 1]!, tolerance, `state ${i + 1}`);
  }
}

/** Checks a run of one schedule as a whole. */
async function checkRun(run: Run, schedule: Schedule, { trajectory }: RunExpected): Promise<void> {
  const states = await statesAlong(schedule, run);
  assert.equal(states.length, trajectory.length);
  states.forEach((x, i) => {
    closeRows(x, trajectory[i]!, tolerance, `scheduled state ${i}`);
  });
}

/** The schedule of a scheduler's spacing. */
function spacingOf(inputs: (typeof schedulers)[number]["inputs"]): Schedule {
  const { timestep_spacing: spacing, steps_offset: offset, set_alpha_to_one: clean } = inputs;
  const options = { steps: inputs.steps, levels: inputs.schedule.n!, clean };
  switch (spacing) {
    case "leading":
      return leadingLevels({ ...options, offset });
    case "linspace":
      return linspaceLevels(options);
    case "trailing":
      return trailingLevels(options);
    default:
      return assert.fail(`no schedule for the spacing ${spacing}`);
  }
}

describe("golden DDIM", () => {
  it("knows every kind", () => {
    file.kinds(["trajectory", "generalized_steps", "ddpm_noisy", "step"]);
  });

  schedulers.forEach(({ inputs, expected }, number) => {
    const { timestep_spacing: spacing, eta, clip_sample, prediction_type: kind, schedule } = inputs;
    const title = `trajectory ${number}: ${inputs.steps} steps, ${spacing}, ${kind}, eta ${eta}, clip ${clip_sample}`;
    const noise = noiseOf(schedule);
    const timeOf = (level: number): number => (level + 1) / schedule.n!;
    const starts = expected.timesteps.map(timeOf);
    // Below level 0 is clean data, or level 0 itself.
    const targets = expected.prev_timesteps.map((level) =>
      level >= 0 ? timeOf(level) : inputs.set_alpha_to_one ? 0 : timeOf(0),
    );

    it(`${title}: levels`, () => {
      const own = spacingOf(inputs).resolve(noise);
      assert.deepEqual([...own.slice(0, inputs.steps)], starts);
      assert.equal(own.at(-1), inputs.set_alpha_to_one ? 0 : timeOf(0));
      close(
        starts.map((t) => noise.alpha(t) ** 2),
        expected.alpha_bar,
        tolerance,
        "alpha_bar",
      );
      close(
        targets.map((s) => noise.alpha(s) ** 2),
        expected.alpha_bar_prev,
        tolerance,
        "alpha_bar_prev",
      );
      const fresh = starts.map((t, i) => ddimCoefficients({ noise, t, s: targets[i]!, eta: eta ?? 0 }).fresh);
      close(fresh, expected.std, tolerance, "std");
    });

    it(`${title}: run`, async () => {
      const run: Run = {
        model: exactly(kind, inputs.mixture),
        noise,
        sampler: ddim({ eta: eta ?? 0, ...(clip_sample !== null && { clip: clip_sample }) }),
        start: inputs.start,
        ...(inputs.noise && { noises: inputs.noise }),
      };
      const bound = clip_sample ?? Number.POSITIVE_INFINITY;
      await checkSteps(run, { times: starts, targets, bound }, expected);
      // Where each step ends at the level that is asked next, the schedule makes the same run.
      const chained =
        starts.every((t, i) => i === 0 || t === targets[i - 1]) && starts.at(-1) !== targets.at(-1);
      if (chained) await checkRun(run, spacingOf(inputs), expected);
    });
  });

  /** Checks a run on given levels, walked from the last one to clean data. */
  const checkLevels = async (
    { sequence, schedule, ...inputs }: RunInputs & { readonly sequence: number[] },
    made: Pick<Run, "model" | "sampler">,
    expected: RunExpected,
  ): Promise<void> => {
    const noise = noiseOf(schedule);
    const run = { ...made, noise, start: inputs.start, ...(inputs.noise && { noises: inputs.noise }) };
    const starts = sequence.toReversed().map((level) => (level + 1) / schedule.n!);
    await checkSteps(run, { times: starts, targets: [...starts.slice(1), 0] }, expected);
    if (new Set(sequence).size === sequence.length) {
      const levels = sequence.toReversed();
      await checkRun(run, levelTimes({ levels, of: schedule.n! }), expected);
    }
  };

  generalized.forEach(({ inputs, expected }, number) => {
    it(`generalized steps ${number}: ${inputs.sequence.length} levels, eta ${inputs.eta}`, async () => {
      const made = { model: mixtureOf(inputs.mixture), sampler: ddim({ eta: inputs.eta ?? 0 }) };
      await checkLevels(inputs, made, expected);
    });
  });

  noisy.forEach(({ inputs, expected }, number) => {
    it(`noisy DDPM ${number}: ${inputs.sequence.length} levels`, async () => {
      const made = { model: clipped(mixtureOf(inputs.mixture), { range: 1 }), sampler: ddpm() };
      const { sequence, schedule } = inputs;
      const deviation = noiseOf(schedule).sigma((sequence[0]! + 1) / schedule.n!);
      const ends = expected.trajectory.at(-1)!;
      // The published code leaves noise out at level 0 only, and else adds it to clean data.
      const clean = ends.map((row, b) =>
        row.map((value, d) =>
          sequence[0] === 0 ? value : value - deviation * inputs.noise!.at(-1)![b]![d]!,
        ),
      );
      const trajectory = [...expected.trajectory.slice(0, -1), clean];
      await checkLevels(inputs, made, { ...expected, trajectory });
    });
  });

  single.forEach(({ inputs, expected }, number) => {
    const { schedule, t, t_prev, eta, x, mixture } = inputs;
    it(`step ${number}: from ${t} to ${t_prev}, eta ${eta}`, async () => {
      const noise = noiseOf(schedule);
      const [from, to] = [t, t_prev].map((level) => (level + 1) / schedule.n!) as [number, number];
      close(noise.alpha(from) ** 2, expected.alpha_bar, tolerance, "alpha_bar");
      close(noise.alpha(to) ** 2, expected.alpha_bar_prev, tolerance, "alpha_bar_prev");
      const run = { model: mixtureOf(mixture), noise, sampler: ddim({ eta }), start: x };
      const constant = (value: number) => ({ noises: [x.map((row) => row.map(() => value))] });
      const still = await oneStep({ ...run, ...constant(0) }, from, to);
      closeRows(still.clean, expected.x0, tolerance, "x0");
      closeRows(still.next, expected.mean, tolerance, "mean");
      const moved = await oneStep({ ...run, ...constant(1) }, from, to);
      const deviation = moved.next.map((value, at) => value - still.next[at]!);
      close(
        deviation,
        Array.from(deviation, () => expected.std),
        tolerance,
        "std",
      );
      const eps = still.clean.map(
        (clean, at) => (x.flat()[at]! - noise.alpha(from) * clean) / noise.sigma(from),
      );
      closeRows(eps, expected.eps, tolerance, "eps");
    });
  });
});
