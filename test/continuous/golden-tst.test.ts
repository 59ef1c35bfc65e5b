/** The published code of the Time-Shift sampler: the times it chooses, and its runs, in which the target is shifted. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Noise } from "../../src/continuous/index.ts";
import { ddimCoefficients, ddimInto } from "../../src/continuous/samplers/ddim.ts";
import { nearestVariance, shiftedTime, variance } from "../../src/continuous/samplers/time-shift.ts";
import { close } from "../golden.ts";
import {
  closeRows,
  continuousGolden,
  type MixtureRecord,
  mixtureOf,
  noiseOf,
  type ScheduleRecord,
} from "./golden.ts";

interface Query {
  readonly variant: string;
  readonly t: number;
  readonly window_size: number;
  readonly cutoff: number;
}

const file = continuousGolden("tst.json");
const selections = file.cases<
  { readonly schedule: ScheduleRecord; readonly x: number[][]; readonly queries: Query[] },
  { readonly variance: number[]; readonly chosen: (number[] | null)[]; readonly error: (string | null)[] }
>("select");
const trajectories = file.cases<
  {
    readonly schedule: ScheduleRecord;
    readonly mixture: MixtureRecord;
    readonly start: number[][];
    readonly time_sequence: number[];
    readonly method: string;
    readonly window_size: number;
    readonly cutoff: number;
  },
  {
    readonly chosen_t_next: number[][];
    readonly model_times_per_call: number[];
    readonly trajectory: number[][][];
  }
>("trajectory_pnm");

/** The level that one variant chooses for a state of this variance. */
type Chooser = (measured: number, query: Query) => number;

/** The choosers over a table of n levels, level i at (i + 1) / n. */
function choosersOf(noise: Noise, n: number): Readonly<Record<string, Chooser>> {
  const nearest = (measured: number, t: number, levels: number): number => {
    const time = shiftedTime({ noise, t: (t + 1) / n, measured, window: levels / n, spacing: 1 / n });
    return Math.round(time * n) - 1;
  };
  return {
    pnm: (measured, { t, window_size, cutoff }) => (t <= cutoff ? t : nearest(measured, t, window_size)),
    // The whole window to either side.
    deis: (measured, { t, window_size, cutoff }) => (t <= cutoff ? t : nearest(measured, t, 2 * window_size)),
    // Alphas in reverse order are taken for variances, and cutoff 0 turns it off.
    adm: (measured, { t, window_size, cutoff }) => {
      if (cutoff === 0 || t <= cutoff) return t;
      const half = Math.floor(window_size / 2);
      const [low, high] = t - half > 0 ? [t - half, t + half] : [0, window_size];
      const candidates = Array.from({ length: Math.min(n - 1, high) - low + 1 }, (_, i) => low + i);
      return nearestVariance({ measured, candidates, nominal: (level) => noise.alpha((n - level) / n) ** 2 });
    },
  };
}

describe("golden time shift: choices", () => {
  it("knows every kind", () => {
    file.kinds(["select", "trajectory_pnm"]);
  });

  selections.forEach(({ inputs, expected }, number) => {
    const { schedule, x, queries } = inputs;
    it(`table ${number}`, () => {
      const measured = x.map((row) => variance(Float64Array.from(row)));
      close(measured, expected.variance, file.tolerance("variance"), "variance");
      const n = schedule.n!;
      const choosers = choosersOf(noiseOf(schedule), n);
      queries.forEach((query, i) => {
        const where = `${query.variant}, t ${query.t}, window ${query.window_size}, cutoff ${query.cutoff}`;
        const choose = choosers[query.variant];
        assert.ok(choose, `no chooser for the variant ${query.variant}`);
        const chosen = measured.map((value) => choose(value, query));
        // Where the published code fails, past the end of the table, the window ends with it.
        if (expected.chosen[i]) assert.deepEqual(chosen, expected.chosen[i], where);
        else
          assert.ok(
            chosen.every((level) => level >= query.t - query.window_size / 2 && level < n),
            where,
          );
      });
    });
  });
});

/** DDIM of one row from one level to another, with a given prediction. Half levels are cut off, as published. */
type Transfer = (x: Float64Array, t: number, s: number, eps: Float64Array) => Float64Array;

/** The prediction of a step of one row, which may ask the model several times. */
type Method = (row: {
  readonly x: Float64Array;
  readonly t: number;
  readonly s: number;
  readonly past: Float64Array[];
  readonly transfer: Transfer;
  readonly predict: (x: Float64Array, t: number) => Promise<Float64Array>;
}) => Promise<Float64Array>;

/** sum_i weights[i] arrays[i] */
function combined(weights: number[], arrays: Float64Array[]): Float64Array {
  return arrays[0]!.map((_, at) => weights.reduce((sum, weight, i) => sum + weight * arrays[i]![at]!, 0));
}

/** DDIM, and the two of Liu et al. 2022 (2202.09778) that begin with steps of Runge-Kutta kind. */
const methods: Readonly<Record<string, Method>> = {
  euler: ({ x, t, predict }) => predict(x, t),
  async s_pndm({ x, t, s, past, transfer, predict }) {
    const now = await predict(x, t);
    past.unshift(now);
    if (past.length > 1) return combined([1.5, -0.5], past);
    return combined([0.5, 0.5], [now, await predict(transfer(x, t, s, now), s)]);
  },
  async f_pndm({ x, t, s, past, transfer, predict }) {
    const first = await predict(x, t);
    past.unshift(first);
    if (past.length > 3) return combined([55 / 24, -59 / 24, 37 / 24, -9 / 24], past);
    const middle = (t + s) / 2;
    const second = await predict(transfer(x, t, middle, first), middle);
    const third = await predict(transfer(x, t, middle, second), middle);
    const fourth = await predict(transfer(x, t, s, third), s);
    return combined([1 / 6, 1 / 3, 1 / 3, 1 / 6], [first, second, third, fourth]);
  },
};

describe("golden time shift: published runs, which shift the time that is stepped to", () => {
  trajectories.forEach(({ inputs, expected }, number) => {
    const { schedule, start, time_sequence, method, window_size, cutoff } = inputs;
    it(`run ${number}: ${method}, window ${window_size}, cutoff ${cutoff}`, async () => {
      const n = schedule.n!;
      const noise = noiseOf(schedule);
      const model = mixtureOf(inputs.mixture);
      const choose = choosersOf(noise, n)["pnm"]!;
      const timeOf = (level: number): number => (Math.floor(level) + 1) / n;
      const transfer: Transfer = (x, t, s, eps) => {
        const next = new Float64Array(x.length);
        const coefficients = ddimCoefficients({ noise, t: timeOf(t), s: timeOf(s), eta: 0 });
        ddimInto(next, { x, eps, coefficients });
        return next;
      };
      const pastOf = start.map((): Float64Array[] => []);
      const asked: number[] = [];
      const run = methods[method];
      assert.ok(run, `no method ${method}`);
      let states = start.map((row): Float64Array => Float64Array.from(row));
      for (const [step, t] of time_sequence.toReversed().entries()) {
        const scheduled = time_sequence[time_sequence.length - 2 - step] ?? 0;
        const targets = states.map((x) =>
          step === 0 ? scheduled : choose(variance(x), { variant: "pnm", t: scheduled, window_size, cutoff }),
        );
        assert.deepEqual(targets, expected.chosen_t_next[step], `step ${step}: chosen`);
        states = await Promise.all(
          states.map(async (x, row) => {
            const predict = async (at: Float64Array, level: number): Promise<Float64Array> => {
              if (row === 0) asked.push(level);
              const time = timeOf(level);
              return model.predict({
                x: at,
                batch: 1,
                time: Float64Array.of(time),
                alpha: Float64Array.of(noise.alpha(time)),
                sigma: Float64Array.of(noise.sigma(time)),
              });
            };
            const s = targets[row]!;
            const eps = await run({ x, t, s, past: pastOf[row]!, transfer, predict });
            return transfer(x, t, s, eps);
          }),
        );
        const where = `step ${step}`;
        closeRows(
          Float64Array.from(states.flatMap((x) => [...x])),
          expected.trajectory[step]!,
          file.tolerance(),
          where,
        );
      }
      assert.deepEqual(asked, expected.model_times_per_call, "levels asked of the model, first row");
    });
  });
});
