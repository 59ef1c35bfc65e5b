/** Adaptive momentum, as its authors' code samples: annealed levels, and the corrector of a predictor-corrector. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  annealedLangevin,
  batchNorms,
  type Corrector,
  momentum,
  momentumLangevin,
  overdamped,
  type State,
  steps,
  times,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { closeRows, continuousGolden, type MixtureRecord, mixtureOf, sigmaNoise } from "./golden.ts";
import { oneStep, type SdeRecord, sdeStep } from "./one-step.ts";

const file = continuousGolden("ams.json");
const tolerance = file.tolerance();

interface Annealed {
  readonly mixture: MixtureRecord;
  readonly x: number[][];
  readonly sigmas: number[];
  readonly steps_per_level: number;
  readonly step_lr: number;
  readonly noise_first: boolean;
  readonly eps: number | null;
  readonly noise: number[][][];
}

interface Moves {
  readonly beta: number[];
  readonly adapted_step: number[];
  readonly momentum: number[][][];
}

interface Corrected {
  readonly mixture: MixtureRecord;
  readonly sde: SdeRecord;
  readonly x: number[][];
  readonly times: number[];
  readonly snr: number;
  readonly corrector_steps: number;
  readonly noise: number[][][];
}

describe("golden: adaptive momentum", () => {
  it("every kind of case is read", () => {
    file.kinds([
      "annealed_langevin",
      "annealed_langevin_momentum",
      "corrector_langevinmomentum",
      "corrector_cld",
    ]);
  });

  for (const [at, { inputs, expected }] of file
    .cases<Annealed, { x_at_score_calls: number[][][]; final: number[][] }>("annealed_langevin")
    .entries()) {
    it(`annealed Langevin ${at}`, async () => {
      const run = await annealed(inputs, overdamped());
      closeCalls(run.asked, expected.x_at_score_calls);
      closeRows(run.last.x, expected.final, tolerance, "final");
    });
  }

  for (const [at, { inputs, expected }] of file
    .cases<
      Annealed,
      Moves & { x_at_score_calls: number[][][]; final: number[][]; x_before_trailing_noise: number[][][] }
    >("annealed_langevin_momentum")
    .entries()) {
    it(`annealed Langevin with momentum ${at}`, async () => {
      const dynamics = momentum({ maximum: 1 - inputs.eps!, norms: batchNorms, firstTwice: true });
      const run = await annealed(inputs, dynamics);
      closeCalls(run.asked, expected.x_at_score_calls);
      closeRows(run.last.x, expected.final, tolerance, "final");
      // What is remembered is seen at the end of every level.
      for (const { index, memory } of run.states.slice(1)) {
        const move = index * inputs.steps_per_level - 1;
        closeMemory(memory, expected, move);
        const moved = run.asked[move]!.map((x, i) => x + memory["langevin-displacement"]![i]!);
        closeRows(
          Float64Array.from(moved),
          expected.x_before_trailing_noise[move]!,
          tolerance,
          `moved ${move}`,
        );
      }
    });
  }

  for (const kind of ["corrector_langevinmomentum", "corrector_cld"]) {
    for (const [at, { inputs, expected }] of file
      .cases<Corrected, Moves & { step: number[]; x_mean: number[][][]; x_after_time: number[][][] }>(kind)
      .entries()) {
      const made = (moves: number): Corrector =>
        kind === "corrector_cld"
          ? momentumLangevin({ ...common(inputs, moves), beta: expected.beta[0]! })
          : momentumLangevin({ ...common(inputs, moves), maximum: 1 - 1e-4, published: true });

      it(`${kind} ${at}: move by move`, async () => {
        const memory: Record<string, Float64Array> = {};
        let x: Float64Array = Float64Array.from(inputs.x.flat());
        for (const [move, z] of inputs.noise.entries()) {
          const time = inputs.times[Math.floor(move / inputs.corrector_steps)]!;
          const step = stepOf(inputs, { time, x, draws: [z], memory });
          await made(1).correctInto(step);
          closeMemory(memory, expected, move, { beta: kind !== "corrector_cld" });
          // The first move is not adapted.
          const beta = move === 0 ? 0 : expected.beta[move]!;
          const plain = memory["langevin-adapted"]!.map((adapted) => adapted / (1 + beta) ** 2);
          for (const s of plain) close(s, expected.step[move]!, tolerance, `step ${move}`);
          const mean = x.map((value, i) => value + memory["langevin-displacement"]![i]!);
          closeRows(mean, expected.x_mean[move]!, tolerance, `x_mean ${move}`);
          x = step.next;
        }
      });

      it(`${kind} ${at}: time by time`, async () => {
        const memory: Record<string, Float64Array> = {};
        let x: Float64Array = Float64Array.from(inputs.x.flat());
        for (const [index, time] of inputs.times.entries()) {
          const first = index * inputs.corrector_steps;
          const draws = inputs.noise.slice(first, first + inputs.corrector_steps);
          const step = stepOf(inputs, { time, x, draws, memory });
          await made(inputs.corrector_steps).correctInto(step);
          x = step.next;
          closeRows(x, expected.x_after_time[index]!, tolerance, `x after time ${index}`);
        }
      });
    }
  }
});

const common = ({ snr }: Corrected, moves: number) => ({ snr, steps: moves, norms: batchNorms });

function stepOf(
  { mixture, sde }: Corrected,
  {
    time,
    x,
    draws,
    memory,
  }: { time: number; x: Float64Array; draws: number[][][]; memory: Record<string, Float64Array> },
) {
  const flat = draws.map((z) => z.flat());
  return oneStep(mixtureOf(mixture), { ...sdeStep(sde, time), x, draws: flat, memory });
}

/** A run over the levels of a case; the first time is where it begins, before the first level. */
async function annealed(
  { mixture, x, sigmas, steps_per_level, step_lr, noise_first, noise }: Annealed,
  dynamics: ReturnType<typeof overdamped>,
): Promise<{ states: State[]; last: State; asked: number[][] }> {
  const asked: number[][] = [];
  const target = mixtureOf(mixture);
  let drawn = 0;
  const states: State[] = [];
  const run = steps(
    {
      dimension: target.dimension,
      predict(input) {
        asked.push(Array.from(input.x));
        return target.predict(input);
      },
    },
    {
      noise: sigmaNoise(),
      schedule: times({ times: [2 * sigmas[0]!, ...sigmas] }),
      sampler: annealedLangevin({
        size: step_lr / sigmas.at(-1)! ** 2,
        steps: steps_per_level,
        noiseFirst: noise_first,
        dynamics,
      }),
      start: x.flat(),
      count: x.length,
      normals: {
        fill(out, { row }) {
          out.set(noise[Math.floor(drawn / x.length)]![row]!);
          drawn++;
        },
      },
    },
  );
  for await (const state of run) states.push(state);
  assert.equal(drawn, noise.length * x.length);
  return { states, last: states.at(-1)!, asked };
}

function closeCalls(asked: number[][], expected: number[][][]): void {
  assert.equal(asked.length, expected.length);
  for (const [call, x] of expected.entries()) {
    closeRows(Float64Array.from(asked[call]!), x, tolerance, `x at call ${call}`);
  }
}

function closeMemory(
  memory: State["memory"],
  expected: Moves,
  move: number,
  { beta: withBeta = true }: { beta?: boolean } = {},
): void {
  for (const beta of withBeta ? memory["langevin-beta"]! : [])
    close(beta, expected.beta[move]!, tolerance, `beta ${move}`);
  for (const adapted of memory["langevin-adapted"]!) {
    close(adapted, expected.adapted_step[move]!, tolerance, `adapted step ${move}`);
  }
  closeRows(memory["langevin-momentum"]!, expected.momentum[move]!, tolerance, `momentum ${move}`);
}
