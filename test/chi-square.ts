/** How often sequences are found, and whether that fits a law. */
import assert from "node:assert/strict";
import { type Denoiser, type Process, steps } from "../src/index.ts";
import { sequenceIndex } from "./law.ts";

/**
 * Asserts that counts fit a law: the statistic of Pearson below its quantile at a false-alarm probability of
 * 1e-6, by the approximation of Wilson and Hilferty.
 */
export function fits(found: Float64Array, law: Float64Array, where: string): void {
  const n = found.reduce((sum, count) => sum + count, 0);
  let statistic = 0;
  let cells = 0;
  law.forEach((p, i) => {
    if (p === 0) {
      assert.equal(found[i], 0, `${where}: ${i} has probability 0`);
      return;
    }
    statistic += (found[i]! - n * p) ** 2 / (n * p);
    cells++;
  });
  const freedom = cells - 1;
  const deviation = 4.7534; // of a standard normal, upper 1e-6
  const quantile = freedom * (1 - 2 / (9 * freedom) + deviation * Math.sqrt(2 / (9 * freedom))) ** 3;
  assert.ok(
    statistic < quantile,
    `${where}: chi-square ${statistic} with ${freedom} degrees, n = ${n}; ${found}`,
  );
}

/** How often each sequence is found after each of some steps, [states^D] each. */
export async function histograms(
  denoiser: Denoiser,
  options: Parameters<typeof steps>[1] & { readonly process: Process },
  { n, after }: { n: number; after: readonly number[] },
): Promise<Float64Array[]> {
  const { states } = options.process;
  const found = after.map(() => new Float64Array(states ** denoiser.length));
  for await (const state of steps(denoiser, { ...options, count: n })) {
    const counts = found[after.indexOf(state.index)];
    for (let row = 0; counts && row < n; row++) {
      const tokens = state.tokens.subarray(row * state.length, (row + 1) * state.length);
      counts[sequenceIndex(tokens, states)]!++;
    }
  }
  return found;
}
