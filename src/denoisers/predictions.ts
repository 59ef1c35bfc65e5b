import { expInto } from "../exp.ts";
import type { Logits } from "./denoiser.ts";
import { rowOffsets } from "./logit-rows.ts";

/** How logits are shaped before they become probabilities. */
export interface Shaping {
  /** Divides the logits; 1 leaves the law as it is, 0 takes the most likely token. Default 1. */
  readonly temperature?: number;
  /** Keeps the smallest set of most likely tokens whose mass reaches this; in (0, 1]. Default 1. */
  readonly topP?: number;
}

/** The predicted laws of a batch: one row at a time, in float64, shaped. */
export interface Predictions {
  /** p(x0 of `position` | x_t) of a row, [vocabulary]; the buffer is reused by the next call. */
  row(row: number, position: number): Float64Array;
  /** The same as the model says it, before temperature and top-p: what confidence is read from. Own buffer. */
  unshaped(row: number, position: number): Float64Array;
}

/** @throws RangeError unless temperature >= 0 and 0 < topP <= 1 */
export function checkShaping({ temperature = 1, topP = 1 }: Shaping): void {
  if (!(temperature >= 0 && temperature < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`sample: temperature = ${temperature}; expected a number >= 0`);
  }
  if (!(topP > 0 && topP <= 1)) throw new RangeError(`sample: topP = ${topP}; expected 0 < topP <= 1`);
}

/**
 * Reads softmax(logits / temperature), cut to the top-p nucleus, one position at a time.
 *
 * @param shape.broadcast true where row 0 of the logits stands for every row of the batch
 * @param shape.firstRow what the first row is called in errors; default 0
 */
export function predictions(
  logits: Logits,
  shape: { length: number; vocabulary: number; broadcast?: boolean; firstRow?: number },
  shaping: Shaping = {},
): Predictions {
  const { length, vocabulary, broadcast = false, firstRow = 0 } = shape;
  const { temperature = 1, topP = 1 } = shaping;
  const p = new Float64Array(vocabulary);
  const order = topP < 1 ? new Uint32Array(vocabulary) : undefined;
  const offsetOf = rowOffsets(logits);
  let plain: Float64Array | undefined;
  const read = (out: Float64Array, row: number, position: number, divisor: number): Float64Array => {
    const offset = offsetOf((broadcast ? 0 : row) * length + position);
    softmaxInto(out, logits.data, offset, divisor, () => `row ${firstRow + row}, position ${position}`);
    return out;
  };
  return {
    row(row, position) {
      read(p, row, position, temperature);
      if (order) nucleusInto(p, order, topP);
      return p;
    },
    unshaped(row, position) {
      plain ??= new Float64Array(vocabulary);
      return read(plain, row, position, 1);
    },
  };
}

/**
 * out[v] = exp(l[v] / T) / sum, from l = data[offset ...]; T = 0 shares the mass among the largest logits.
 *
 * @throws RangeError on NaN, +Infinity, or nothing but -Infinity
 */
export function softmaxInto(
  out: Float64Array,
  data: Float32Array | Float64Array,
  offset: number,
  temperature: number,
  where: () => string,
): void {
  const count = out.length;
  const top = largest(data, offset, count);
  const scale = 1 / temperature;
  let total = 0;
  if (Number.isFinite(scale)) total = expInto(out, data, { offset, top, scale });
  else {
    for (let v = 0; v < count; v++) {
      const below = data[offset + v]! - top;
      // For a NaN logit `below` is NaN, and so is the total.
      const weight = below === 0 ? 1 : below < 0 ? 0 : below;
      out[v] = weight;
      total += weight;
    }
  }
  if (!(total > 0 && total < Number.POSITIVE_INFINITY)) {
    const row = data.subarray(offset, offset + count);
    const found = row.find((logit) => !(logit < Number.POSITIVE_INFINITY)) ?? Number.NEGATIVE_INFINITY;
    throw new RangeError(
      `sample: the model's logits at ${where()} contain ${found}; expected finite numbers (or -Infinity for tokens that cannot occur), so check the model file and its inputs`,
    );
  }
  const share = 1 / total;
  for (let v = 0; v < count; v++) out[v]! *= share;
}

/** The largest of some numbers, NaN left out: two at a time, as one comparison waits for the one before. */
function largest(data: Float32Array | Float64Array, offset: number, count: number): number {
  let even = Number.NEGATIVE_INFINITY;
  let odd = Number.NEGATIVE_INFINITY;
  const pairs = offset + count - (count % 2);
  for (let at = offset; at < pairs; at += 2) {
    const one = data[at]!;
    const two = data[at + 1]!;
    if (one > even) even = one;
    if (two > odd) odd = two;
  }
  if (count % 2 === 1 && data[pairs]! > even) even = data[pairs]!;
  return odd > even ? odd : even;
}

/** Keeps the most likely tokens until their mass reaches topP (the token that crosses it is kept), renormalised. */
function nucleusInto(p: Float64Array, order: Uint32Array, topP: number): void {
  for (let v = 0; v < order.length; v++) order[v] = v;
  order.sort((a, b) => p[b]! - p[a]! || a - b);
  let kept = 0;
  let mass = 0;
  while (kept < order.length && mass < topP) mass += p[order[kept++]!]!;
  for (let rank = kept; rank < order.length; rank++) p[order[rank]!] = 0;
  for (let v = 0; v < p.length; v++) p[v]! /= mass;
}
