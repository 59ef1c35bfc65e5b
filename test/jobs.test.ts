/** The parts of large jobs: what identifies one, its journal, the claim on its file, how threads share it out. */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { cosine, random, sample, uniform } from "../src/index.ts";
import { loadModel, sampleToFile } from "../src/node/index.ts";
import { chooseTeam } from "../src/node/jobs/choose-team.ts";
import { claimFile } from "../src/node/jobs/claim.ts";
import { jobOptions, type SampleJob } from "../src/node/jobs/job.ts";
import { jobHead } from "../src/node/jobs/job-head.ts";
import { remaining } from "../src/node/jobs/job-rows.ts";
import { readJournalHead } from "../src/node/jobs/journal-head.ts";
import { batchWithin, bytesPerRow, measuresFirst, parseBytes } from "../src/node/jobs/memory.ts";
import { openSampleJournal } from "../src/node/jobs/sample-journal.ts";
import { type JobRows, type Range, ranges } from "../src/node/jobs/sample-range.ts";
import type { SamplingThread } from "../src/node/jobs/sampling-thread.ts";
import { relay, type Team } from "../src/node/jobs/team.ts";
import { sticky } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "fewstep-jobs-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const place = (name: string): string => join(folder, name);
writeFileSync(place("sticky.json"), JSON.stringify(sticky));
const reference = `chain:${place("sticky.json")}`;
const plain: SampleJob = {
  reference,
  method: { schedule: { name: "uniform", steps: 4 } },
  count: 20,
  seed: 3,
};

/** Rows of 3 tokens that say which they are. */
function rowsFrom(firstRow: number, count: number): JobRows {
  const tokens = Int32Array.from(
    { length: count * 3 },
    (_, at) => 100 * (firstRow + Math.floor(at / 3)) + at,
  );
  return { firstRow, count, length: 3, tokens, calls: 2, evaluations: 2 * count };
}

describe("a job", () => {
  it("samples as the options it names", async () => {
    const model = await loadModel(reference);
    const { process, noise } = model;
    const made = await sample(model.denoiser, { ...jobOptions(model, plain), count: 20 });
    const same = await sample(model.denoiser, {
      process,
      noise,
      schedule: uniform({ steps: 4 }),
      count: 20,
      seed: 3,
    });
    assert.deepEqual(made, same);
    const named: SampleJob = {
      ...plain,
      method: { schedule: { name: "cosine", steps: 3 }, selector: { name: "random" }, temperature: 2 },
      temperature: 0.5,
      topP: 0.9,
    };
    const options = {
      schedule: cosine({ steps: 3 }),
      selector: random(),
      temperature: 0.5,
      topP: 0.9,
      seed: 3,
    };
    assert.deepEqual(
      await sample(model.denoiser, { ...jobOptions(model, named), count: 5 }),
      await sample(model.denoiser, { ...options, count: 5 }),
    );
  });

  it("refuses a schedule that is not known and given rows that differ in what is free", async () => {
    const model = await loadModel(reference);
    const warped = { ...plain, method: { schedule: { name: "warp", steps: 4 } } };
    assert.throws(
      () => jobOptions(model, warped),
      /schedule "warp" is not known; expected one of uniform, cosine/,
    );
    const given = new Int32Array(20 * 16).fill(-1);
    given[17] = 0;
    assert.throws(() => jobOptions(model, { ...plain, given }), /free in row 0 and 15 in row 1/);
  });

  it("has a head that names what its samples depend on, defaults filled in", async () => {
    const model = await loadModel(reference);
    const head = (changes: Partial<SampleJob> = {}): string =>
      JSON.stringify(jobHead(model, { ...plain, ...changes }));
    const method = { ...plain.method, selector: { name: "stratified" }, sampler: { name: "ancestral" } };
    assert.equal(head({ method, firstRow: 0 }), head());
    const free = new Int32Array(16).fill(-1);
    const others: Partial<SampleJob>[] = [
      { seed: 4 },
      { firstRow: 1 },
      { count: 21 },
      { temperature: 0.9 },
      { topP: 0.9 },
      { method: { schedule: { name: "uniform", steps: 5 } } },
      { method: { ...plain.method, selector: { name: "random" } } },
      { method: { ...plain.method, sampler: { name: "euler" } } },
      { given: free },
      { given: free.with(3, 1) },
    ];
    const heads = new Set([head(), ...others.map(head)]);
    assert.equal(heads.size, others.length + 1);
    const other = await loadModel("letters");
    assert.notEqual(JSON.stringify(jobHead(other, plain)), head());
  });

  it("goes on after some rows with the given tokens of those that are left", () => {
    const given = Int32Array.from({ length: 20 * 16 }, (_, at) => Math.floor(at / 16));
    const left = remaining({ ...plain, given, firstRow: 7 }, 15, { length: 16 });
    assert.deepEqual([left.firstRow, left.count], [22, 5]);
    assert.deepEqual(left.given, given.slice(15 * 16));
    const forAll = new Int32Array(16).fill(-1);
    assert.equal(remaining({ ...plain, given: forAll }, 15, { length: 16 }).given, forAll);
  });
});

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

describe("a job into a file", () => {
  const job: SampleJob = { ...plain, count: 50 };

  it("stopped and started again gives the bytes of one that was not, in every format", async () => {
    for (const ending of ["npy", "txt", "json", "jsonl"]) {
      const whole = place(`whole.${ending}`);
      const told = await sampleToFile(whole, job, { batch: 8 });
      assert.deepEqual([told.count, told.length, told.calls, told.resumed], [50, 16, 4, 0]);
      const path = place(`again.${ending}`);
      for (const stopAt of [1, 20, 33]) {
        const controller = new AbortController();
        const reason = new Error("stopped");
        await assert.rejects(
          sampleToFile(path, job, {
            batch: 3,
            signal: controller.signal,
            progress: (rows) => rows >= stopAt && controller.abort(reason),
          }),
          (error) => error === reason,
        );
        assert.ok(!existsSync(path));
      }
      const rest = await sampleToFile(path, job, { batch: 5 });
      assert.ok(rest.resumed >= 30 && rest.resumed < 50, `${rest.resumed} rows were there`);
      assert.deepEqual(readFileSync(path), readFileSync(whole));
      assert.ok(!existsSync(`${path}.part`));
    }
  });

  it("writes what is whole already, and through a symbolic link", async () => {
    const target = place("target.txt");
    const link = place("link.txt");
    writeFileSync(target, "old");
    symlinkSync(target, link);
    const controller = new AbortController();
    const stopped = sampleToFile(link, job, {
      batch: 50,
      signal: controller.signal,
      onJournal: () => setImmediate(() => controller.abort()),
    });
    await stopped.catch(() => {});
    await sampleToFile(link, job);
    assert.equal(readFileSync(target, "utf8"), readFileSync(place("whole.txt"), "utf8"));
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes(".part") && /link|target/.test(name)),
      [],
    );
  });

  it("that fails after some rows says how many are kept, and before any leaves nothing", async () => {
    const broken = place("broken.npy");
    let told = 0;
    const fail = (): void => {
      if (told++ > 10) throw new Error("the model broke");
    };
    await assert.rejects(
      sampleToFile(broken, job, { batch: 4, progress: fail }),
      /^Error: the model broke; 8 of 50 sequences are kept in .*broken\.npy\.part, and the same command goes on from there$/,
    );
    await assert.rejects(
      sampleToFile(place("nothing.npy"), job, {
        progress: () => {
          throw new Error("the model broke");
        },
      }),
      /^Error: the model broke$/,
    );
    assert.deepEqual(
      readdirSync(folder).filter((name) => /^(broken|nothing)/.test(name)),
      ["broken.npy.part"],
    );
  });
});
