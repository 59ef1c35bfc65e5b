/** Which positions correctors choose. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { doubtfulPositions, spreadPositions } from "../src/correctors/choose-positions.ts";
import { lowConfidence, lowMargin, lowProbability } from "../src/correctors/doubt.ts";
import type { Randomness } from "../src/index.ts";
import { close } from "./golden.ts";
import { enumerate } from "./law.ts";

const exactly = { rel: 0, abs: 1e-12 };

describe("the choice of positions", () => {
  it("draws without replacement with weights exp(score)", async () => {
    const positions = Int32Array.of(2, 5, 7);
    const weights = [1, 2, 5];
    const found = new Map<string, number>();
    const run = ({ at }: Randomness) =>
      doubtfulPositions(positions, Float64Array.from(weights, Math.log), 2, at(0, 0, 4));
    for await (const { result, probability } of enumerate(run)) {
      found.set(result.join(), (found.get(result.join()) ?? 0) + probability);
    }
    const pair = (a: number, b: number) => (a / 8) * (b / (8 - a)) + (b / 8) * (a / (8 - b));
    close(found.get("2,5")!, pair(1, 2), exactly);
    close(found.get("2,7")!, pair(1, 5), exactly);
    close(found.get("5,7")!, pair(2, 5), exactly);
  });

  it("takes impossible tokens first and certain ones last", async () => {
    const positions = Int32Array.of(0, 1, 2, 3);
    const scores = Float64Array.of(Number.NEGATIVE_INFINITY, 700, Number.POSITIVE_INFINITY, -1e4);
    for (const [count, expected] of [
      [1, "2"],
      [2, "1,2"],
      [3, "1,2,3"],
      [4, "0,1,2,3"],
    ] as const) {
      const run = ({ at }: Randomness) => doubtfulPositions(positions, scores, count, at(0, 0, 4)).join();
      for await (const { result } of enumerate(run)) assert.equal(result, expected);
    }
  });

  it("without a doubt spreads positions, each as likely", async () => {
    const chance = new Float64Array(5);
    const run = ({ at }: Randomness) => spreadPositions(Int32Array.of(0, 1, 2, 3, 4), 2, at(0, 0, 4));
    for await (const { result, probability } of enumerate(run)) {
      assert.ok(result[1]! - result[0]! > 1, `${result} are neighbours`);
      for (const position of result) chance[position]! += probability;
    }
    close(chance, [0.4, 0.4, 0.4, 0.4, 0.4], exactly);
  });

  it("scores tokens by how much the law is against them", () => {
    const law = Float64Array.of(0.2, 0.5, 0.3, 0);
    close(lowMargin().score(law, 0), Math.log(0.5 / 0.2), exactly);
    close(lowMargin({ temperature: 2 }).score(law, 1), Math.log(0.3 / 0.5) / 2, exactly);
    assert.equal(lowMargin().score(law, 3), Number.POSITIVE_INFINITY);
    assert.equal(lowMargin().score(Float64Array.of(1), 0), Number.NEGATIVE_INFINITY);
    close(lowProbability().score(law, 2), -Math.log(0.3), exactly);
    close(lowConfidence().score(law, 2), -Math.log(0.5), exactly);
    for (const temperature of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => lowMargin({ temperature }), /lowMargin: temperature = .*expected/);
    }
  });
});
