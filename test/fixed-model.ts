/** Models that always answer the same, and what to ask them. */
import assert from "node:assert/strict";
import type { Denoiser, Noised } from "../src/index.ts";

/** The logit of what is impossible. */
export const never: number = Number.NEGATIVE_INFINITY;

/** A model whose logits are always `rows`, [length][width]: its own array, given anew or lent. */
export function fixedModel(
  rows: readonly (readonly number[])[],
  {
    vocabulary = rows[0]!.length,
    single = false,
    lend = false,
  }: { vocabulary?: number; single?: boolean; lend?: boolean } = {},
): Denoiser & { readonly data: Float32Array | Float64Array; readonly lent: { count: number } } {
  const data = single ? Float32Array.from(rows.flat()) : Float64Array.from(rows.flat());
  const lent = { count: 0 };
  return {
    vocabulary,
    length: rows.length,
    timeFree: true,
    data,
    lent,
    predict({ batch }: Noised) {
      assert.ok(batch === 1 || lend);
      const width = rows[0]!.length;
      if (!lend) return { data, width };
      lent.count++;
      const copy = new Float64Array(batch * data.length);
      for (let row = 0; row < batch; row++) copy.set(data, row * data.length);
      return { data: copy, width, release: () => void lent.count-- };
    },
  };
}

/** A question about one row of masks, t = 0.5. */
export function asked(length: number, options: Partial<Noised> = {}): Noised {
  return {
    tokens: new Int32Array(length).fill(99),
    batch: 1,
    time: Float64Array.of(0.5),
    ...options,
  };
}
