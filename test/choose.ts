/** What a selector chooses in one step. */
import assert from "node:assert/strict";
import { type Choice, philox, purposes, type Randomness, type Selector } from "../src/index.ts";

/** The positions a selector commits, in its order. */
export function choose(
  selector: Selector,
  masked: ArrayLike<number>,
  count: number,
  {
    laws = [],
    randomness = philox(0),
    row = 0,
    chance = 0,
    memory,
  }: {
    /** Of the masked positions, in their order. */
    laws?: readonly ArrayLike<number>[];
    randomness?: Randomness;
    row?: number;
    chance?: number;
    memory?: Choice["memory"];
  } = {},
): number[] {
  const positions = Int32Array.from(masked);
  const chosen = new Int32Array(positions.length);
  const size = selector.selectInto(chosen, {
    masked: positions,
    count,
    chance,
    draw: randomness.at(row, 0, purposes.select),
    probabilities: (position) => Float64Array.from(laws[positions.indexOf(position)]!),
    ...(memory ? { memory } : {}),
  });
  const found = [...chosen.subarray(0, size)];
  assert.equal(new Set(found).size, size, `positions repeat: ${found}`);
  assert.ok(found.every((position) => positions.includes(position)));
  return found;
}

/** A law of three tokens whose most likely one has this probability. */
export function surely(confidence: number): number[] {
  return [1 - confidence, confidence, 0];
}
