/** How threads share a job, and what bounds its batches. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { chooseTeam } from "../src/node/jobs/choose-team.ts";
import { batchWithin, bytesPerRow, measuresFirst, parseBytes } from "../src/node/jobs/memory.ts";
import { type Range, ranges } from "../src/node/jobs/sample-range.ts";
import type { SamplingThread } from "../src/node/jobs/sampling-thread.ts";
import { relay, type Team } from "../src/node/jobs/team.ts";
import { rowsFrom } from "./job-rows.ts";

describe("memory", () => {
  it("is read in the units that people use", () => {
    for (const [text, bytes] of [
      ["2GB", 2e9],
      ["1.5 GiB", 1.5 * 2 ** 30],
      ["300mb", 3e8],
      ["4096", 4096],
    ] as const) {
      assert.equal(parseBytes(text), bytes);
    }
    for (const text of ["", "GB", "2 apples", "-1GB", "0", "1.2.3kb"])
      assert.throws(() => parseBytes(text), /is no amount/);
  });

  it("bounds the batch by what a row took", () => {
    const cost = { seconds: 1, grown: 5e6, logits: 4e6 };
    assert.equal(bytesPerRow(cost), 8e6);
    assert.equal(bytesPerRow({ ...cost, grown: 9e6 }), 9e6);
    assert.equal(bytesPerRow({ seconds: 1, grown: -5e6, logits: 0 }), 1);
    assert.deepEqual(
      [1e6, 8e6, 30e6, 1e12].map((memory) => batchWithin(memory, 8e6)),
      [1, 1, 3, 8],
    );
  });

  it("is measured first where there are more batches than one, or one that could be too large", () => {
    const small = { length: 256, vocabulary: 37 };
    const large = { length: 1024, vocabulary: 50_258 };
    assert.deepEqual(
      [1, 8, 9].map((rows) => [
        measuresFirst(4e9, { rows, ...small }),
        measuresFirst(4e9, { rows, ...large }),
      ]),
      [
        [false, false],
        [false, true],
        [true, true],
      ],
    );
  });
});

/** A team whose members take so many milliseconds for a range; says how many were ever at work at once. */
function team(
  workers: number,
  ms: (range: Range) => number,
): Team & { seen: { most: number; asked: number } } {
  const seen = { most: 0, asked: 0 };
  let busy = 0;
  const member = (): SamplingThread => ({
    threads: 1,
    grown: 0,
    async rows({ first, count }) {
      seen.asked++;
      seen.most = Math.max(seen.most, ++busy);
      await delay(ms({ first, count }));
      busy--;
      return { ...rowsFrom(first, count), cost: { seconds: 0, grown: 0, logits: 0 } };
    },
    stop() {},
    async close() {},
  });
  return { members: Array.from({ length: workers }, member), threads: 1, stop() {}, async close() {}, seen };
}

describe("threads that share a job", () => {
  it("keep its order, whoever is done first, and are all at work", async () => {
    const four = team(4, ({ first }) => (first % 3) * 7);
    const seen: number[] = [];
    const told: number[] = [];
    for await (const { firstRow, count } of relay(four, ranges({ first: 3, end: 40, batch: 2 }), (n) =>
      told.push(n),
    )) {
      seen.push(...Array.from({ length: count }, (_, i) => firstRow + i));
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 37 }, (_, i) => i + 3),
    );
    assert.equal(four.seen.most, 4);
    assert.equal(told.at(-1), 37);
  });

  it("wait for a slow reader", async () => {
    const two = team(2, () => 0);
    for await (const { firstRow } of relay(two, ranges({ first: 0, end: 100, batch: 1 }))) {
      await delay(5);
      assert.ok(
        two.seen.asked <= firstRow + 1 + 4,
        `${two.seen.asked} asked for when row ${firstRow} is read`,
      );
    }
  });

  for (const [name, ms, workers] of [
    ["more, where these are faster together", 30, 4],
    ["one, where more are no faster", 130, 1],
  ] as const) {
    it(`are ${name}; every row is made once`, async () => {
      const one = team(1, () => 30);
      const opened: Team[] = [];
      const closed: Team[] = [];
      const list = ranges({ first: 0, end: 200, batch: 1 });
      const chosen = chooseTeam(one, {
        ...{ cores: 4, batches: 200, most: 100, ranges: list },
        async open(size) {
          opened.push(team(size, () => ms));
          return opened.at(-1)!;
        },
        async close(each) {
          closed.push(each);
        },
      });
      const seen: number[] = [];
      for (;;) {
        const { done, value } = await chosen.next();
        if (!done) {
          seen.push(value.firstRow);
          continue;
        }
        assert.equal(value.team.members.length, workers);
        assert.deepEqual(closed, workers === 1 ? opened : [one, opened[0]]);
        assert.ok(value.measured.length >= 2);
        break;
      }
      assert.deepEqual(
        seen,
        Array.from({ length: seen.length }, (_, i) => i),
      );
      assert.equal(list.next().value?.first, seen.length);
    });
  }

  for (const [name, changes] of [
    ["the job is short", { batches: 20 }],
    ["there is no memory for more", { most: 2 }],
    ["there is one core", { cores: 1 }],
  ] as const) {
    it(`are not tried where ${name}`, async () => {
      const one = team(1, () => 0);
      const chosen = chooseTeam(one, {
        ...{ cores: 4, batches: 1000, most: 100, ranges: ranges({ first: 0, end: 1000, batch: 1 }) },
        ...changes,
        open: () => assert.fail("another team was opened"),
        close: () => assert.fail("a team was closed"),
      });
      assert.deepEqual(await chosen.next(), { done: true, value: { team: one, measured: [] } });
      assert.equal(one.seen.asked, 0);
    });
  }
});
