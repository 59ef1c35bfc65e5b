/** Journals of jobs, and the claim on a file. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { claimFile } from "../src/node/jobs/claim.ts";
import { readJournalHead } from "../src/node/jobs/journal-head.ts";
import { openSampleJournal } from "../src/node/jobs/sample-journal.ts";
import type { JobRows } from "../src/node/jobs/sample-range.ts";
import { folder, place, rowsFrom } from "./job-rows.ts";

describe("a journal", () => {
  const head = { seed: 1, method: { schedule: { counts: [0, 4, 8] } } };
  const sizes = { length: 3, firstRow: 5 };
  const parts = [rowsFrom(5, 2), rowsFrom(7, 1), rowsFrom(8, 4), rowsFrom(12, 2)];
  let number = 0;

  /** The path of a new journal with all parts, and where each record ends. */
  async function written(): Promise<{ path: string; ends: number[] }> {
    const path = place(`${number++}.part`);
    const journal = await openSampleJournal(path, head, sizes);
    const ends = [readFileSync(path).length];
    for (const part of parts) {
      await journal.append(part);
      ends.push(readFileSync(path).length);
    }
    await journal.close();
    return { path, ends };
  }

  async function read(path: string): Promise<JobRows[]> {
    const journal = await openSampleJournal(path, head, sizes);
    const found = [];
    for await (const rows of journal.read()) found.push(rows);
    assert.equal(
      journal.resumed,
      found.reduce((sum, { count }) => sum + count, 0),
    );
    await journal.close();
    return found;
  }

  it("gives back what was written, and what it took", async () => {
    const { path } = await written();
    assert.deepEqual(await read(path), parts);
    const journal = await openSampleJournal(path, head, sizes);
    assert.deepEqual(journal.totals(), { calls: 2, evaluations: 18 });
    assert.deepEqual([journal.resumed, journal.rows()], [9, 9]);
    await journal.discard();
    assert.ok(!existsSync(path));
  });

  it("cut off anywhere keeps the records before, and is afterwards as if never cut", async () => {
    const { path, ends } = await written();
    const whole = readFileSync(path);
    for (let size = 0; size <= whole.length; size++) {
      writeFileSync(path, whole.subarray(0, size));
      const journal = await openSampleJournal(path, head, sizes);
      const kept = Math.max(
        0,
        ends.findLastIndex((end) => end <= size),
      );
      assert.equal(
        journal.rows(),
        parts.slice(0, kept).reduce((sum, { count }) => sum + count, 0),
        `cut at ${size}`,
      );
      for (const part of parts.slice(kept)) await journal.append(part);
      await journal.close();
      assert.deepEqual(readFileSync(path), whole, `cut at ${size}`);
    }
  });

  it("with any byte changed keeps the records before it, or is refused, and never gives a wrong row", async () => {
    const { path, ends } = await written();
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 1 << (at % 8);
      writeFileSync(path, changed);
      if (at < ends[0]!) {
        await assert.rejects(read(path), /is the journal of another job|is not the journal of a job/);
        assert.deepEqual(readFileSync(path), changed, "a refused journal was changed");
      } else {
        const kept = ends.findLastIndex((end) => end <= at);
        assert.deepEqual(await read(path), parts.slice(0, kept), `byte ${at}`);
      }
    }
  });

  it("takes no records of another journal, nor in another order, nor twice", async () => {
    const { path, ends } = await written();
    const whole = readFileSync(path);
    const record = (i: number): Buffer => whole.subarray(ends[i]!, ends[i + 1]!);
    const other = place("other.part");
    const journal = await openSampleJournal(other, { ...head, seed: 2 }, sizes);
    await journal.append(parts[0]!);
    await journal.close();
    const foreign = readFileSync(other).subarray(ends[0]!);
    assert.equal(foreign.length, record(0).length);
    for (const [records, kept] of [
      [[record(1), record(0)], 0],
      [[record(0), record(0), record(1)], 1],
      [[record(0), record(2)], 1],
      [[foreign, record(1)], 0],
    ] as const) {
      writeFileSync(path, Buffer.concat([whole.subarray(0, ends[0]!), ...records]));
      assert.deepEqual(await read(path), parts.slice(0, kept));
    }
  });

  it("of another job is refused with what differs, and dropped on request", async () => {
    const { path } = await written();
    const other = { seed: 2, method: { schedule: { counts: [0, 5, 8] } }, topP: 0.5 };
    await assert.rejects(
      openSampleJournal(path, other, sizes),
      /another job: seed is 1 there and 2 here, method\.schedule\.counts is \[0,4,8\] there and \[0,5,8\] here, topP is not set there and 0\.5 here; run that command again to finish it, choose another --out, or drop it with --restart$/,
    );
    assert.deepEqual(await read(path), parts);
    assert.equal((await readJournalHead(path))?.["seed"], 1);
    const journal = await openSampleJournal(path, other, { ...sizes, restart: true });
    assert.equal(journal.rows(), 0);
    await journal.close();
    assert.ok(!existsSync(path), "one without rows is not left behind");
    assert.equal(await readJournalHead(path), undefined);
  });

  it("is not any other file, nor a folder", async () => {
    const path = place("precious.part");
    writeFileSync(path, "my only copy\n");
    await assert.rejects(
      openSampleJournal(path, head, sizes),
      /precious\.part is not the journal of a job; move/,
    );
    await assert.rejects(readJournalHead(path), /is not the journal of a job/);
    assert.equal(readFileSync(path, "utf8"), "my only copy\n");
    await assert.rejects(
      openSampleJournal(folder, head, sizes),
      /cannot write .*: it is a folder; name a file \(EISDIR\)/,
    );
  });

  it("that claims absurd sizes costs no memory", async () => {
    const { path, ends } = await written();
    const whole = readFileSync(path);
    whole.writeUInt32LE(0xffffffff, ends[1]! + 4);
    writeFileSync(path, whole);
    const before = process.memoryUsage().arrayBuffers;
    assert.deepEqual(await read(path), parts.slice(0, 1));
    assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20);
  });

  it("that becomes shorter while it is read back is seen to", async () => {
    const { path, ends } = await written();
    const journal = await openSampleJournal(path, head, sizes);
    truncateSync(path, ends[2]!);
    await assert.rejects(async () => {
      for await (const _ of journal.read());
    }, /held 9 sequences and only 3 can be read again/);
    await journal.close();
  });
});

describe("a claim", () => {
  it("is refused while another holds it, and free afterwards", () => {
    const path = place("claimed.part");
    const release = claimFile(path);
    assert.throws(
      () => claimFile(path),
      /claimed\.part is in use by process \d+; wait for it, stop it, or choose/,
    );
    release();
    claimFile(path)();
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith("claimed")),
      [],
    );
  });

  it("of a process that is no more counts for nothing, also where its number was given to another", () => {
    const path = place("stale.part");
    // No process has this number; and this process did not start with the machine.
    writeFileSync(`${path}.by-4194305-12-0`, "");
    if (existsSync("/proc/self/stat")) writeFileSync(`${path}.by-${process.ppid}-1-0`, "");
    const release = claimFile(path);
    assert.equal(readdirSync(folder).filter((name) => name.startsWith("stale.part.by-")).length, 1);
    release();
  });
});
