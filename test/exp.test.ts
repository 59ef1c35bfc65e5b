import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { expInto } from "../src/exp.ts";

const expBelow = (x: number): number => {
  const out = new Float64Array(1);
  expInto(out, Float64Array.of(x));
  return out[0]!;
};

describe("expInto", () => {
  it("is e^x within 1e-15 wherever that is a normal number", () => {
    for (let i = 0; i <= 200_000; i++) {
      const x = -706 * (i / 200_000) ** 2;
      const due = Math.exp(x);
      const found = expBelow(x);
      assert.ok(Math.abs(found - due) <= 1e-15 * due, `e^${x} is ${found}; expected ${due}`);
    }
  });

  it("goes to 0 without a jump, and is 0 at -Infinity", () => {
    for (const x of [-708, -720, -740, -744]) {
      assert.ok(Math.abs(expBelow(x) - Math.exp(x)) <= 1e-323, `e^${x}`);
    }
    for (const x of [-746, -1e9, -Number.MAX_VALUE, Number.NEGATIVE_INFINITY])
      assert.equal(expBelow(x), 0, `e^${x}`);
  });

  it("is 1 at 0 and next to it, and keeps NaN", () => {
    for (const x of [0, -0, -1e-300]) assert.equal(expBelow(x), 1);
    assert.ok(Number.isNaN(expBelow(Number.NaN)), "NaN became a number");
  });

  it("gives a row of any length, at any place, what each number gets alone, and its sum", () => {
    for (const count of [0, 1, 2047, 2048, 2049, 5000]) {
      const data = Float32Array.from({ length: count + 7 }, (_, at) => -((at * 7919) % 1009) / 50);
      const out = new Float64Array(count);
      const total = expInto(out, data, { offset: 3, top: 0.5, scale: 2 });
      const alone = Array.from(out, (_, at) => expBelow((data[at + 3]! - 0.5) * 2));
      assert.deepEqual(Array.from(out), alone, `${count} numbers`);
      assert.equal(
        total,
        alone.reduce((sum, each) => sum + each, 0),
      );
    }
  });

  it("never grows as x falls", () => {
    for (let i = 0; i < 100_000; i++) {
      const x = -i / 1000;
      assert.ok(expBelow(x - 1e-3) <= expBelow(x), `at ${x}`);
    }
  });
});
