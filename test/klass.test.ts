/** KLASS: what is sure and stable is committed. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { klass } from "../src/selectors/klass.ts";
import { rowMemory } from "../src/selectors/memory.ts";
import { choose, surely } from "./choose.ts";

describe("klass", () => {
  it("commits what is sure and has been stable for the last steps", () => {
    // Confidence of positions 0 to 4 in every step. 0 is sure and stable from the start, 1 becomes sure later, 2 is
    // sure but moves, 3 is stable but never sure; 4 is the surest, committed for want of others and offered again.
    const history = [
      [0.95, 0.5, 0.99, 0.8, 0.9999],
      [0.951, 0.93, 0.91, 0.8, 0.9999],
      [0.95, 0.931, 0.99, 0.8, 0.9999],
      [0.95, 0.93, 0.91, 0.8, 0.9999],
      [0.95, 0.93, 0.99, 0.8, 0.9999],
    ];
    const memory: Record<string, Float64Array> = {};
    const done = new Set<number>();
    const found = history.map((confidences) => {
      const before = { ...memory };
      const kept = structuredClone(before);
      const masked = [...confidences.keys()].filter((position) => !done.has(position));
      const committed = choose(klass({ kl: 0.01, history: 2 }), masked, 0, {
        laws: masked.map((position) => surely(confidences[position]!)),
        memory: rowMemory(memory, "klass", 0),
      });
      assert.deepEqual(before, kept, "what was remembered was written over");
      for (const position of committed) if (position !== 4) done.add(position);
      return committed;
    });
    assert.deepEqual(found, [[4], [4], [0], [1], [4]]);
  });

  it("agrees with its definition, whatever it forgets (property)", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.double({ min: 0.8, max: 0.999, noNaN: true }), { minLength: 3, maxLength: 3 }), {
          minLength: 3,
          maxLength: 9,
        }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(0.001, 0.01, 0.1),
        (history, needed, kl) => {
          const selector = klass({ history: needed, kl });
          const memory = new Map<string, Float64Array>();
          const committed = new Map<number, number>(); // position -> the step that last committed it
          history.forEach((confidences, step) => {
            const masked = [...confidences.keys()];
            const found = choose(selector, masked, 0, { laws: confidences.map(surely), memory });
            const ready = masked.filter((position) => {
              if (!(confidences[position]! > 0.9)) return false;
              for (let back = 0; back < needed; back++) {
                const [now, then] = [step - back, step - back - 1];
                // What was committed (here against all sense offered again) starts anew.
                if (then < 0 || then <= (committed.get(position) ?? -1)) return false;
                const [p, q] = [surely(history[now]![position]!), surely(history[then]![position]!)];
                const moved = p.reduce((sum, v, i) => sum + (v > 0 ? v * Math.log(v / q[i]!) : 0), 0);
                if (!(moved < kl)) return false;
              }
              return true;
            });
            if (ready.length > 0) assert.deepEqual(found, ready);
            else assert.deepEqual(found, [confidences.indexOf(Math.max(...confidences))]);
            for (const position of found) committed.set(position, step);
          });
        },
      ),
      { seed: 8, numRuns: 500 },
    );
  });

  it("keeps only predictions that may still pass", () => {
    const memory = new Map<string, Float64Array>();
    const laws = [0.5, 0.7, 0.8, 0.95, 0.99].map(surely);
    choose(klass({ history: 2, kl: 0.01 }), [10, 11, 12, 13, 14], 1, { laws, memory });
    // 0.9 - 2 sqrt(0.005) = 0.759; position 14 was committed.
    assert.deepEqual([...memory.get("positions")!], [12, 13]);
    assert.equal(memory.get("laws")!.length, 6);
  });

  it("is the confidence order where nothing is remembered", () => {
    const laws = [0.95, 0.5, 0.97].map(surely);
    assert.deepEqual(choose(klass(), [4, 5, 6], 2, { laws }), [6, 4]);
  });

  it("refuses numbers out of range", () => {
    assert.throws(() => klass({ probability: 2 }), /klass: probability = 2/);
    assert.throws(() => klass({ kl: 0 }), /klass: kl = 0/);
    assert.throws(() => klass({ history: 0 }), /klass: history = 0/);
  });
});
