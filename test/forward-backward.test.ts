/** Forward-backward correction: the order of what it loses, by enumeration, and its durations. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { forwardBackward } from "../src/correctors/forward-backward.ts";
import { absorbing, sample, times } from "../src/index.ts";
import { ordinal } from "../src/processes/ordinal.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { type Leap, linearLeap, rejectingLeap } from "../src/samplers/leap.ts";
import { drift, problem, turning } from "./corrected-law.ts";
import { hashed } from "./hashed.ts";
import type { ExactProblem } from "./step-law.ts";

describe("forward-backward correction", () => {
  const cases: readonly [string, ExactProblem, Parameters<typeof forwardBackward>[0]][] = [
    ["absorbing", problem(absorbing({ vocabulary: 2 }), 2), {}],
    ["uniform", problem(uniformProcess({ vocabulary: 3 }), 2), {}],
    ["ordinal, jumps added up", problem(ordinal({ vocabulary: 2, rateSigma: 1, qSigma: 2 }), 2), {}],
    [
      "ordinal, jumps rejected",
      problem(ordinal({ vocabulary: 3, rateSigma: 1, qSigma: 2 }), 2),
      { leap: rejectingLeap },
    ],
    ["a custom rate matrix", problem(turning, 2), { leap: linearLeap }],
    ["uniform, two leaps", problem(uniformProcess({ vocabulary: 2 }), 2), { steps: 2 }],
  ];
  for (const [name, exact, options] of cases) {
    it(`keeps q_t to second order in the duration, ${name}`, async () => {
      const t = 0.5;
      const errors: number[] = [];
      for (const duration of [0.02, 0.01, 0.005]) {
        errors.push(await drift(exact, forwardBackward({ ...options, size: duration / (1 - t) }), t));
      }
      const orders = [Math.log2(errors[0]! / errors[1]!), Math.log2(errors[1]! / errors[2]!)];
      assert.ok(orders[1]! > 1.9 && orders[1]! < 2.1, `errors ${errors}, orders ${orders}`);
    });
  }

  it("leaps for the duration of the step before it, and only from the entry time on", async () => {
    const durations: string[] = [];
    const leap: Leap = {
      ...rejectingLeap,
      move(x: number, _: Float64Array, duration: number) {
        durations.push(duration.toFixed(6));
        return x;
      },
    };
    await sample(hashed({ vocabulary: 2, length: 1 }), {
      schedule: times([1, 0.7, 0.5, 0.45, 0]),
      process: uniformProcess({ vocabulary: 2 }),
      corrector: forwardBackward({ leap, size: 2, entry: 0.5, steps: 2 }),
    });
    assert.deepEqual(durations, ["0.400000", "0.400000", "0.100000", "0.100000"]);
  });
});
