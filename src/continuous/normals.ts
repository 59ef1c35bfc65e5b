import { philox, purposes, type Randomness } from "../random.ts";

/** Hands out the standard normals of a row in a step. `stage` tells several draws of one step apart. */
export interface Normals {
  /** Fills `out`, [dimension], for a row; `index` is the step, or "start" for the point a run begins at. */
  fill(out: Float64Array, at: { row: number; index: number | "start"; stage: number }): void;
}

/**
 * Standard normals from counter-based uniforms, two at a time: sqrt(-2 log u) (cos, sin)(2 pi v). A row's are the same
 * in any batch, and a run can be stopped, resumed and forked.
 *
 * Source: Box and Muller 1958.
 */
export function normals(source: number | Randomness): Normals {
  const randomness = typeof source === "number" ? philox(source) : source;
  return {
    fill(out, { row, index, stage }) {
      const [step, purpose] = index === "start" ? [0, purposes.corrupt] : [index, purposes.jump];
      const draw = randomness.at(row, step, purpose, stage);
      for (let at = 0; at < out.length; at += 2) {
        const radius = Math.sqrt(-2 * Math.log1p(-draw.uniform(at)));
        const angle = 2 * Math.PI * draw.uniform(at + 1);
        out[at] = radius * Math.cos(angle);
        if (at + 1 < out.length) out[at + 1] = radius * Math.sin(angle);
      }
    },
  };
}
