/**
 * Counter-based randomness: every uniform is a pure function of (seed, row, step, purpose, site), so a row of
 * a sample does not depend on the batch it was made in, and a run can be stopped, resumed and forked.
 */
import { drawIndex } from "./categorical.ts";

/** What a draw is for: draws with different purposes at the same row, step and site are independent. */
export const purposes = {
  token: 0,
  select: 1,
  jump: 2,
  hold: 3,
  correct: 4,
  data: 5,
  corrupt: 6,
  resample: 7,
} as const;

/** One of {@link purposes}. */
export type Purpose = (typeof purposes)[keyof typeof purposes];

/** The source of every random choice of one row in one step. `site` is a position or another small index. */
export interface Draw {
  /** A uniform in [0, 1) with 53 random bits. */
  uniform(site: number): number;
  /** An index i < `count` with probability weights[i] / sum of the first `count` weights. */
  categorical(weights: Float64Array, count: number, site: number): number;
  /** A whole number uniform in [0, n). */
  integer(n: number, site: number): number;
  /** True with probability p. */
  bernoulli(p: number, site: number): boolean;
}

/** Hands out the draws of a row in a step. `stage` tells the model calls within one step apart. */
export interface Randomness {
  at(row: number, step: number, purpose: Purpose, stage?: number): Draw;
}

const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;

/** High 32 bits of the 64-bit product of two unsigned 32-bit numbers; every partial product is below 2^49. */
function multiplyHigh(a: number, b: number): number {
  const low = a * (b & 0xffff);
  return Math.floor((a * (b >>> 16) + Math.floor(low / 65536)) / 65536);
}

/**
 * One block of Philox4x32-10: four 32-bit words that are a bijection of the counter, keyed.
 *
 * @param out receives the 4 words
 * @param counter 4 words @param key 2 words
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), section 3.3.
 */
export function philoxInto(out: Uint32Array, counter: ArrayLike<number>, key: ArrayLike<number>): void {
  let c0 = counter[0]! >>> 0;
  let c1 = counter[1]! >>> 0;
  let c2 = counter[2]! >>> 0;
  let c3 = counter[3]! >>> 0;
  let k0 = key[0]! >>> 0;
  let k1 = key[1]! >>> 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(c0, MULTIPLIER_0);
    const low0 = Math.imul(c0, MULTIPLIER_0);
    const high1 = multiplyHigh(c2, MULTIPLIER_1);
    const low1 = Math.imul(c2, MULTIPLIER_1);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/**
 * Randomness from Philox4x32-10 with key = seed and counter = (site, step, row, purpose and stage).
 *
 * @param seed a whole number, 0 <= seed < 2^53
 */
export function philox(seed: number): Randomness {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`philox: seed = ${seed}; expected a whole number from 0 to 2^53 - 1`);
  }
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32)];
  const words = new Uint32Array(4);
  const counter = new Uint32Array(4);
  return {
    at(row, step, purpose, stage = 0) {
      const last = purpose + 16 * stage;
      const uniform = (site: number): number => {
        counter[0] = site;
        counter[1] = step;
        counter[2] = row;
        counter[3] = last;
        philoxInto(words, counter, key);
        return ((words[0]! >>> 5) * 67108864 + (words[1]! >>> 6)) / 9007199254740992;
      };
      return {
        uniform,
        categorical: (weights, count, site) => drawIndex(weights, count, uniform(site)),
        integer: (n, site) => Math.floor(uniform(site) * n),
        bernoulli: (p, site) => uniform(site) < p,
      };
    },
  };
}
