import type { Denoiser } from "../../src/index.ts";
import type { TimedModel } from "./open-timed.ts";

/** Every n-th of `length` positions, `count` of them. */
export function spread(length: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => Math.floor((i * length) / count));
}

/** One sequence of which every second token is known: [length]. */
export function halfMasked({ length, vocabulary }: Pick<Denoiser, "length" | "vocabulary">): Int32Array {
  return Int32Array.from({ length }, (_, at) => (at % 2 === 0 ? vocabulary : (at * 7919) % vocabulary));
}

/** Milliseconds inside the runtime for one call on one sequence that asks for `rows` rows. */
export async function timeForward({ model, runtime }: TimedModel, rows: number): Promise<number> {
  const { denoiser } = model;
  runtime.reset();
  const logits = await denoiser.predict({
    tokens: halfMasked(denoiser),
    batch: 1,
    time: Float64Array.of(1),
    wanted: spread(denoiser.length, rows),
  });
  logits.release?.();
  return runtime.spent().ms;
}

/** The logits of some rows of one half-masked sequence, computed with them alone or with all: [rows, width]. */
export async function logitsOf(
  denoiser: Denoiser,
  { rows, alone }: { rows: Int32Array; alone: boolean },
): Promise<{ data: Float32Array; width: number }> {
  const wanted = alone ? rows : spread(denoiser.length, denoiser.length);
  const { data, width, release } = await denoiser.predict({
    tokens: halfMasked(denoiser),
    batch: 1,
    time: Float64Array.of(1),
    wanted,
  });
  const copy = new Float32Array(rows.length * width);
  rows.forEach((position, i) => {
    const from = (alone ? i : position) * width;
    copy.set(data.subarray(from, from + width), i * width);
  });
  release?.();
  return { data: copy, width };
}

/** The largest difference of two arrays, and the root of the mean of its square. */
export function difference(a: Float32Array, b: Float32Array): { worst: number; typical: number } {
  let worst = 0;
  let squares = 0;
  for (let i = 0; i < a.length; i++) {
    const error = Math.abs(a[i]! - b[i]!);
    // Columns of tokens that cannot occur are -Infinity in both.
    if (a[i] === b[i]) continue;
    worst = Math.max(worst, error);
    squares += error * error;
  }
  return { worst, typical: Math.sqrt(squares / a.length) };
}
