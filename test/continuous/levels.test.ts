/** Schedules of the levels that a network was trained at. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  alphaBars,
  leadingLevels,
  levelTimes,
  linspaceLevels,
  type Schedule,
  trailingLevels,
  vpTable,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";

const bars = alphaBars({ n: 20, start: 0.001, end: 0.3 });
const noise = vpTable({ alphaBars: bars });

/** Levels of a schedule over n; -1 is clean. */
function levelsOf(schedule: Schedule, n: number): number[] {
  const times = schedule.resolve(noise);
  assert.equal(times.length, schedule.steps + 1);
  return Array.from(times, (t) => Math.round(t * n) - 1);
}

describe("levels", () => {
  it("are those of a table, and below them is clean data", () => {
    const schedule = levelTimes({ levels: [19, 11, 4, 0], of: 20 });
    const times = schedule.resolve(noise);
    close(
      times.subarray(0, 4).map((t) => noise.alpha(t) ** 2),
      [19, 11, 4, 0].map((level) => bars[level]!),
      {
        abs: 0,
        rel: 1e-14,
      },
    );
    assert.equal(noise.sigma(times[4]!), 0);
  });

  it("leading: strides from below, and an offset", () => {
    assert.deepEqual(levelsOf(leadingLevels({ steps: 4, levels: 20 }), 20), [15, 10, 5, 0, -1]);
    assert.deepEqual(levelsOf(leadingLevels({ steps: 3, levels: 20, offset: 1 }), 20), [13, 7, 1, -1]);
    assert.deepEqual(
      levelsOf(leadingLevels({ steps: 3, levels: 20, offset: 1, clean: false }), 20),
      [13, 7, 1, 0],
    );
    // The step from level 0 to level 0 is left out.
    assert.deepEqual(levelsOf(leadingLevels({ steps: 4, levels: 20, clean: false }), 20), [15, 10, 5, 0]);
  });

  it("linspace: both ends, halves to the even number", () => {
    assert.deepEqual(levelsOf(linspaceLevels({ steps: 3, levels: 20 }), 20), [19, 10, 0, -1]);
    assert.deepEqual(levelsOf(linspaceLevels({ steps: 3, levels: 10 }), 10), [9, 4, 0, -1]);
    assert.deepEqual(levelsOf(linspaceLevels({ steps: 1, levels: 10 }), 10), [9, -1]);
  });

  it("trailing: a whole stride at the end, halves to the even number", () => {
    assert.deepEqual(levelsOf(trailingLevels({ steps: 5, levels: 20 }), 20), [19, 15, 11, 7, 3, -1]);
    assert.deepEqual(levelsOf(trailingLevels({ steps: 4, levels: 10 }), 10), [9, 7, 4, 1, -1]);
  });

  it("refuse what is none", () => {
    assert.throws(
      () => leadingLevels({ steps: 0 }),
      /leading: 0 steps over 1000 levels; expected whole numbers/,
    );
    assert.throws(() => trailingLevels({ steps: 30, levels: 20 }), /trailing: 30 steps over 20 levels/);
    assert.throws(
      () => levelTimes({ levels: [5, 5] }),
      /levels\[1\] = 5; expected a whole number from 0 to 999, below/,
    );
    assert.throws(
      () => levelTimes({ levels: [20], of: 20 }),
      /levels\[0\] = 20; expected a whole number from 0 to 19/,
    );
  });
});
