/** The information curve, the cost of schedules and the optimal ones against enumeration. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { entropy, jointTable, predictions } from "../../src/index.ts";
import { optimalSchedules, scheduleCost } from "../../src/optimize/optimal-schedule.ts";
import { close, goldenFile } from "../golden.ts";
import { sequenceAt } from "../law.ts";
import { sum } from "../sum.ts";

interface Inputs {
  readonly kind: string;
  readonly name?: string;
  readonly n: number;
  readonly V: number;
  readonly p: number[];
  readonly Z: number[];
}
interface Expected {
  readonly Z: number[];
  readonly entropy: number;
  readonly schedules: { cuts: number[]; kl_bruteforce_all_orders: number; kl_left_riemann: number }[];
  readonly dp: { k: number; kl: number; cuts: number[] }[];
  readonly rows: {
    k: number;
    uniform_cuts: number[];
    kl_uniform: number;
    kl_dp: number;
    dp_cuts_one_optimum: number[];
  }[];
}

/** Nats of a schedule above the entropy: the left Riemann error of the curve. */
const nats = (curve: readonly number[], cuts: readonly number[]): number =>
  scheduleCost(curve, [0, ...cuts]) - sum(curve);

/** Every way to cut n positions into k blocks, as cumulative counts. */
function* allCuts(n: number, k: number, from = 0): Generator<number[]> {
  if (k === 1) yield [n];
  else {
    for (let cut = from + 1; cut <= n - k + 1; cut++) {
      for (const rest of allCuts(n, k - 1, cut)) yield [cut, ...rest];
    }
  }
}

/** Z[m] = E H(X_j | X_S) over |S| = m and j outside S, through the exact denoiser of the table. */
async function exactCurve({ p, n, V }: Inputs): Promise<number[]> {
  const denoiser = jointTable({ joint: p, vocabulary: V, length: n });
  const totals = new Array<number>(n).fill(0);
  const weights = new Array<number>(n).fill(0);
  for (let state = 0; state < (V + 1) ** n; state++) {
    const tokens = sequenceAt(state, V + 1, n);
    const hidden = [...tokens.keys()].filter((d) => tokens[d] === V);
    if (hidden.length === 0) continue;
    const chance = sum(
      p.filter((_, index) =>
        sequenceAt(index, V, n).every((token, d) => tokens[d] === V || tokens[d] === token),
      ),
    );
    if (chance === 0) continue;
    const logits = await denoiser.predict({ tokens, batch: 1, time: Float64Array.of(1) });
    const laws = predictions(logits, { length: n, vocabulary: V });
    const revealed = n - hidden.length;
    for (const d of hidden) {
      totals[revealed]! += chance * entropy(laws.row(0, d));
      weights[revealed]! += chance;
    }
  }
  return totals.map((total, m) => total / weights[m]!);
}

describe("golden: exact_kl", () => {
  const { cases, tolerance } = goldenFile<Inputs, Expected>("exact_kl.json");
  assert.ok(cases.some(({ inputs }) => inputs.kind === "joint"));
  for (const { inputs, expected } of cases) {
    if (inputs.kind === "joint") {
      describe(`a joint law of ${inputs.n} tokens`, () => {
        it("has the information curve of enumeration, and its area is the entropy", async () => {
          const curve = await exactCurve(inputs);
          close(curve, expected.Z, tolerance, "Z");
          close(sum(curve), expected.entropy, tolerance, "entropy");
        });

        for (const { cuts, kl_bruteforce_all_orders, kl_left_riemann } of expected.schedules) {
          it(`predicts the exact KL of cuts ${cuts}`, () => {
            close(nats(expected.Z, cuts), kl_left_riemann, tolerance);
            close(nats(expected.Z, cuts), kl_bruteforce_all_orders, tolerance);
          });
        }

        it("has the optimal schedules of enumeration", () => {
          const best = optimalSchedules(expected.Z, inputs.n);
          for (const { k, kl, cuts } of expected.dp) {
            const found = best[k - 1]!;
            assert.equal(found.steps, k);
            close(found.cost - sum(expected.Z), kl, tolerance, `KL of ${k} steps`);
            close(
              nats(expected.Z, [...found.counts].slice(1)),
              kl,
              tolerance,
              `KL of counts ${found.counts}`,
            );
            close(nats(expected.Z, cuts), kl, tolerance, `KL of cuts ${cuts}`);
            const least = Math.min(...[...allCuts(inputs.n, k)].map((each) => nats(expected.Z, each)));
            close(least, kl, tolerance, `least KL of all cuts into ${k}`);
          }
        });
      });
    } else if (inputs.kind === "closed_form") {
      it(`closed form ${inputs.name}: uniform and optimal schedules`, () => {
        const best = optimalSchedules(inputs.Z, inputs.n);
        for (const { k, uniform_cuts, kl_uniform, kl_dp, dp_cuts_one_optimum } of expected.rows) {
          close(nats(inputs.Z, uniform_cuts), kl_uniform, tolerance, `uniform, ${k} steps`);
          close(best[k - 1]!.cost - sum(inputs.Z), kl_dp, tolerance, `optimal, ${k} steps`);
          close(nats(inputs.Z, [...best[k - 1]!.counts].slice(1)), kl_dp, tolerance, `counts, ${k} steps`);
          close(nats(inputs.Z, dp_cuts_one_optimum), kl_dp, tolerance, `given cuts, ${k} steps`);
        }
      });
    }
    // Cases of kind "ctmc_one_site" are about kernels for uniform noise, which the absorbing process has not.
  }
});
