/** The divergence of posteriors against its definition. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { posteriorDivergence } from "../src/optimize/posterior-divergence.ts";
import { close } from "./golden.ts";
import { laws, processes, written } from "./small-processes.ts";
import { sum } from "./sum.ts";

const exact = { rel: 1e-9, abs: 1e-12 };

describe("posteriorDivergence", () => {
  for (const [name, process] of Object.entries(processes)) {
    it(`${name}: by definition, at most -log p(x0), which it is at s = 0`, () => {
      const { states, vocabulary } = process;
      const divergence = posteriorDivergence(process);
      /** q(x_s | x_t, x0) from the transitions alone. */
      const posterior = (x0: number, x: number, sigmaS: number, sigmaT: number): Float64Array => {
        const reach = written(states, (out) => process.transitionInto(out, x0, sigmaS));
        const law = reach.map(
          (value, y) => value * written(states, (out) => process.transitionInto(out, y, sigmaT - sigmaS))[x]!,
        );
        return law.map((value) => value / sum(law));
      };
      for (const p of laws(vocabulary)) {
        for (const [sigmaS, sigmaT] of [
          [0.4, 1.1],
          [0.4, Number.POSITIVE_INFINITY],
          [0, 0.7],
        ] as const) {
          for (let x0 = 0; x0 < vocabulary; x0++) {
            if (p[x0] === 0) continue;
            const reached = written(states, (out) => process.transitionInto(out, x0, sigmaT));
            for (let x = 0; x < states; x++) {
              if (reached[x] === 0) continue;
              const kernel = new Float64Array(states);
              for (let v = 0; v < vocabulary; v++) {
                const from = written(states, (out) => process.transitionInto(out, v, sigmaT))[x]!;
                if (p[v] === 0 || from === 0) continue;
                posterior(v, x, sigmaS, sigmaT).forEach((value, y) => {
                  kernel[y]! += p[v]! * value;
                });
              }
              const all = sum(kernel);
              const wanted = sum(
                posterior(x0, x, sigmaS, sigmaT).map((value, y) =>
                  value > 0 ? value * Math.log((value * all) / kernel[y]!) : 0,
                ),
              );
              const got = divergence(x0, x, p, sigmaS, sigmaT);
              close(got, wanted, exact, `x0 = ${x0}, x = ${x}`);
              if (Math.abs(all - 1) < 1e-9) {
                assert.ok(got <= -Math.log(p[x0]!) + 1e-12);
                if (sigmaS === 0)
                  close(got, process.mask === undefined || x === process.mask ? -Math.log(p[x0]!) : 0, exact);
              }
            }
          }
        }
      }
    });
  }
});
