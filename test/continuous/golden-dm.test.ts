/** Optimised time steps against the published code: the bound, its gradient, and how far the minimiser gets. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  errorBound,
  logSnr,
  type Noise,
  optimisedSteps,
  polynomial,
  type Schedule,
  timePower,
  times,
  timeUniform,
} from "../../src/continuous/index.ts";
import { close, isClose } from "../golden.ts";
import { continuousGolden, noiseOf, type ScheduleRecord } from "./golden.ts";

interface Setting {
  readonly schedule: ScheduleRecord;
  readonly steps: number;
  readonly p: number;
  readonly trunc_num: number;
}

const golden = continuousGolden("dm_nonuni.json");

/** Times at these lambdas, the ends being the noise's own. */
function timesOf(noise: Noise, lambdas: readonly number[]): Float64Array {
  const last = lambdas.length - 1;
  const at = Float64Array.from(lambdas, (lambda) => noise.timeAt(lambda));
  close([at[0]!, at[last]!], [noise.horizon, noise.cutoff], golden.tolerance("times"), "ends");
  return at.map((t, i) => (i === 0 ? noise.horizon : i === last ? noise.cutoff : t));
}

describe("golden: optimised time steps", () => {
  it("no kind of case is passed over", () => {
    golden.kinds(["objective", "optimise"]);
  });

  interface Points extends Setting {
    readonly points: { readonly name: string; readonly lambdas: number[] }[];
  }
  interface Values {
    readonly objective: number[];
    readonly gradient?: number[][];
    readonly times?: number[][];
  }
  for (const [at, { inputs, expected }] of golden.cases<Points, Values>("objective").entries()) {
    const { schedule, steps, p, trunc_num: truncation } = inputs;

    it(`bound ${at}: ${schedule.kind}, ${steps} steps, p = ${p}, truncation ${truncation}`, () => {
      const noise = noiseOf(schedule);
      inputs.points.forEach(({ name, lambdas }, i) => {
        const { value, gradient } = errorBound(lambdas, { p, truncation });
        close(value, expected.objective[i]!, golden.tolerance("objective"), name);
        const slopes = expected.gradient?.[i];
        if (slopes)
          close(gradient.subarray(1, -1), slopes, golden.tolerance("gradient"), `${name}: gradient`);
        const own = expected.times?.[i];
        if (own) close(timesOf(noise, lambdas), own, golden.tolerance("times"), `${name}: times`);
      });
    });
  }

  interface Search extends Setting {
    readonly init: string;
    readonly init_lambdas: number[];
  }
  interface Found {
    readonly objective_init: number;
    readonly objective: number;
    readonly times: number[];
    readonly objective_polished?: number | null;
  }
  // Of the file's tolerance for a search; see its note.
  const [notWorse, sameMinimum, nearby] = [1e-4, 1e-6, { rel: 0, abs: 0.005 }];
  for (const [at, { inputs, expected }] of golden.cases<Search, Found>("optimise").entries()) {
    const { schedule, steps, p, trunc_num: truncation } = inputs;

    it(`search ${at}: ${schedule.kind}, ${steps} steps, from ${inputs.init}`, () => {
      const noise = noiseOf(schedule);
      const given: Schedule = times({ times: timesOf(noise, inputs.init_lambdas) });
      const alone = optimisedSteps({ noise, steps, p, truncation, starts: [given] });
      close(alone.searches[0]!.before, expected.objective_init, { rel: 1e-7, abs: 0 }, "bound at the start");
      assert.ok(
        alone.objective.after <= expected.objective * (1 + notWorse),
        `${alone.objective.after}, published ${expected.objective}`,
      );
      if (isClose(alone.objective.after, expected.objective, { rel: sameMinimum, abs: 0 })) {
        close(alone.times, expected.times, nearby, "times");
      }
      const { objective_polished: polished } = expected;
      if (typeof polished !== "number") return;
      const standard = [logSnr, timeUniform, polynomial, timePower].map((make) => make({ steps }));
      const several = optimisedSteps({ noise, steps, p, truncation, starts: [given, ...standard] });
      assert.ok(
        several.objective.after <= polished * (1 + sameMinimum),
        `${several.objective.after} from several starts, polished ${polished}`,
      );
    });
  }
});
