/** DEIS of its authors: weights, trajectories and times. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Denoiser,
  ipndm,
  logSnr,
  type Noise,
  polynomial,
  rhoAt,
  rhoRungeKutta,
  type Sampler,
  type Schedule,
  steps,
  type Tableau,
  tableaus,
  timePower,
} from "../../src/continuous/index.ts";
import { adamsBashforth } from "../../src/continuous/samplers/adams-bashforth.ts";
import { type Clock, rhoClock, timeClock } from "../../src/continuous/samplers/clocks.ts";
import { deisRhoAb, deisTab } from "../../src/continuous/samplers/deis.ts";
import { rhoMultistep } from "../../src/continuous/samplers/rho-multistep.ts";
import { close } from "../golden.ts";
import { continuousGolden, type MixtureRecord, mixtureOf, noiseOf, type ScheduleRecord } from "./golden.ts";

interface Grid {
  ts_phase: string;
  ts_order: number;
}

interface Run {
  mixture: MixtureRecord;
  schedule: ScheduleRecord;
  grid: Grid;
  steps: number;
  start: number[][];
}

interface Bashforth {
  times: number[];
  psi?: number[];
  rho?: number[];
  coef_official: number[][];
  coef_quadrature: number[][];
  final_official: number[][];
  trajectory_quadrature: number[][][];
}

const golden = continuousGolden("deis.json");

const official: Readonly<Record<string, Tableau>> = {
  "1euler": tableaus.euler,
  "2heun": tableaus.heun,
  "3kutta": tableaus.kutta,
  "3ral": tableaus.ralston,
  "3heun": tableaus.heun3,
  "3vdh": tableaus.vanDerHouwen,
  "3ssprk": tableaus.ssp3,
  "4rk": tableaus.rk4,
};

/** The grid of a case: "log" is even in log rho, "rho" in a root of rho. */
function scheduleOf({ ts_phase, ts_order }: Grid, count: number): Schedule {
  switch (ts_phase) {
    case "t":
      return timePower({ steps: count, power: ts_order });
    case "log":
      return logSnr({ steps: count });
    case "rho":
      return polynomial({ steps: count, power: ts_order });
    default:
      return assert.fail(`no schedule for a grid of phase ${ts_phase}`);
  }
}

/** All states of a run, and the times that the model was asked at. */
async function run(
  { mixture, schedule, grid, steps: count, start }: Run,
  sampler: Sampler,
): Promise<{ trajectory: Float64Array[]; asked: number[] }> {
  const model = mixtureOf(mixture);
  const asked: number[] = [];
  const watched: Denoiser = {
    dimension: model.dimension,
    predict(input) {
      asked.push(input.time[0]!);
      return model.predict(input);
    },
  };
  const trajectory: Float64Array[] = [];
  for await (const { x } of steps(watched, {
    noise: noiseOf(schedule),
    schedule: scheduleOf(grid, count),
    sampler,
    start: start.flat(),
    count: start.length,
  })) {
    trajectory.push(x);
  }
  return { trajectory, asked };
}

function closeStates(actual: Float64Array[], expected: number[][][], field: string): void {
  assert.equal(actual.length, expected.length, field);
  expected.forEach((rows, i) => {
    close(actual[i]!, rows.flat(), golden.tolerance(field), `${field}[${i}]`);
  });
}

/** Our weights of a row of the file: as many predictions as the row has, at the times before. */
function weightsOf({
  noise,
  clock,
  times,
  row,
  i,
}: {
  noise: Noise;
  clock: Clock;
  times: number[];
  row: number[];
  i: number;
}): Float64Array {
  const made = row.map((_, j) => times[i - j]!);
  return adamsBashforth({ noise, clock, times: made, s: times[i + 1]! });
}

describe("golden: DEIS", () => {
  it("has no case that is not read", () => {
    golden.kinds(["t_ab", "rho_ab", "rho_rk", "ipndm", "rk_tableaus", "grid"]);
  });

  for (const [kind, clock, make] of [
    ["t_ab", timeClock(), deisTab],
    ["rho_ab", rhoClock, deisRhoAb],
  ] as const) {
    for (const [at, { inputs, expected }] of golden
      .cases<Run & { order: number }, Bashforth>(kind)
      .entries()) {
      const noise = noiseOf(inputs.schedule);
      const { times, coef_quadrature, coef_official } = expected;
      // The file weighs predictions for x in tAB and for x / alpha in rhoAB.
      const unit = (i: number): number => (kind === "t_ab" ? noise.alpha(times[i + 1]!) : 1);

      it(`${kind} ${at}: times and weights`, () => {
        close(scheduleOf(inputs.grid, inputs.steps).resolve(noise), times, golden.tolerance(), "times");
        coef_quadrature.forEach((row, i) => {
          const weights = weightsOf({ noise, clock, times, row, i }).map((weight) => unit(i) * weight);
          close(weights, row, golden.tolerance("coef_quadrature"), `coef_quadrature[${i}]`);
        });
        expected.psi?.forEach((psi, i) => {
          close(noise.alpha(times[i + 1]!) / noise.alpha(times[i]!), psi, golden.tolerance(), `psi[${i}]`);
        });
        if (expected.rho)
          close(
            times.map((t) => rhoAt(noise, t)),
            expected.rho,
            golden.tolerance(),
            "rho",
          );
      });

      it(`${kind} ${at}: trajectory, one call a step`, async () => {
        const { trajectory, asked } = await run(inputs, make({ order: inputs.order }));
        closeStates(trajectory, expected.trajectory_quadrature, "trajectory_quadrature");
        close(asked, times.slice(0, -1), golden.tolerance(), "asked");
      });

      it(`${kind} ${at}: the released end, with the released weights`, async () => {
        const released = rhoMultistep({
          name: "released",
          keep: inputs.order + 1,
          weights({ times: kept, s }) {
            // Which row: that of the step to the grid's time nearest to s.
            const away = times.map((t) => Math.abs(t - s));
            const i = away.indexOf(Math.min(...away)) - 1;
            assert.equal(kept.length, coef_official[i]!.length, "predictions");
            return coef_official[i]!.map((weight) => weight / unit(i));
          },
        });
        const { trajectory } = await run(inputs, released);
        close(
          trajectory.at(-1)!,
          expected.final_official.flat(),
          golden.tolerance("final_official"),
          "final_official",
        );
      });
    }
  }

  for (const [at, { inputs, expected }] of golden
    .cases<
      Run & { rk_method: string },
      { times: number[]; trajectory_official: number[][][]; eval_times: number[] }
    >("rho_rk")
    .entries()) {
    it(`rho_rk ${at}: ${inputs.rk_method}`, async () => {
      const { trajectory, asked } = await run(inputs, rhoRungeKutta(official[inputs.rk_method]!));
      closeStates(trajectory, expected.trajectory_official, "trajectory_official");
      close(asked, expected.eval_times, golden.tolerance(), "eval_times");
    });
  }

  for (const [at, { inputs, expected }] of golden
    .cases<
      Run & { order: number },
      { times: number[]; coef_official: number[][]; trajectory_official: number[][][] }
    >("ipndm")
    .entries()) {
    it(`ipndm ${at}`, async () => {
      // There the order is the degree, as in DEIS.
      const { trajectory, asked } = await run(inputs, ipndm({ order: inputs.order + 1 }));
      closeStates(trajectory, expected.trajectory_official, "trajectory_official");
      close(asked, expected.times.slice(0, -1), golden.tolerance(), "asked");
    });
  }

  it("Runge-Kutta tableaus", () => {
    for (const { expected } of golden.cases<
      unknown,
      { tableaus: Record<string, { A: number[][]; b: number[]; c: number[] }> }
    >("rk_tableaus")) {
      for (const [name, { A, b, c }] of Object.entries(expected.tableaus)) {
        const { a, b: own } = official[name]!;
        const square = a.map((row) => b.map((_, j) => row[j] ?? 0));
        close(square.flat(), A.flat(), golden.tolerance(), `${name} A`);
        close(own, b, golden.tolerance(), `${name} b`);
        close(
          a.map((row) => row.reduce((sum, weight) => sum + weight, 0)),
          c,
          golden.tolerance(),
          `${name} c`,
        );
      }
    }
  });

  for (const [at, { inputs, expected }] of golden
    .cases<
      { schedule: ScheduleRecord; grids: (Grid & { steps: number })[] },
      { grids: { times: number[]; integer_dtype: boolean }[] }
    >("grid")
    .entries()) {
    it(`grid ${at}`, () => {
      const noise = noiseOf(inputs.schedule);
      inputs.grids.forEach((grid, g) => {
        const { times, integer_dtype } = expected.grids[g]!;
        const own = scheduleOf(grid, grid.steps).resolve(noise);
        if (!integer_dtype) {
          close(own, times, golden.tolerance(), `grids[${g}]`);
          return;
        }
        // The first may come out one lower there: the square of a rounded root, cut off.
        const whole = wholeTimes(own);
        assert.ok(times[0] === whole[0] || times[0] === whole[0]! - 1, `grids[${g}][0]: ${times[0]}`);
        assert.deepEqual(whole.slice(1), times.slice(1), `grids[${g}]`);
      });
    });
  }
});

/** Times cut off to whole numbers; for every one lost that way the lowest that was not there, above the last. */
function wholeTimes(times: Float64Array): number[] {
  const cut = new Set(Array.from(times, Math.trunc));
  for (let t = Math.trunc(times.at(-1)!) + 1; cut.size < times.length; t++) cut.add(t);
  return [...cut].sort((a, b) => b - a);
}
