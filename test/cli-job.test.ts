/** Large jobs of `fewstep sample`: killed at any moment and started again, never lost and never doubled. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Layout } from "../src/node/index.ts";
import { philox, purposes } from "../src/random.ts";
import {
  bytes,
  json,
  jsonFile,
  refused,
  run,
  start,
  sticky,
  succeed,
  together,
  workFolder,
} from "./run-cli.ts";

const COUNT = 10_000;
const KILLS = 4;
const job = `sample chain:sticky.json --steps 4 --count ${COUNT} --out`.split(" ");

interface Told {
  readonly resumed: number;
  readonly layout?: Layout;
}

/** A folder with the model, the whole job done in it without interruption. */
const folder = workFolder();
before(async () => {
  jsonFile(folder, "sticky.json", sticky);
  await succeed([...job, "whole.npy", "--batch", "100"], folder);
  await succeed([...job, "whole.jsonl", "--batch", "100"], folder);
});

/** Bytes of the journal of a file; 0 if there is none. */
function journalBytes(place: string, name: string): number {
  return statSync(join(place, `${name}.part`), { throwIfNoEntry: false })?.size ?? 0;
}

/** Waits until the journal of a job is as large, or its file is there. */
async function grown(place: string, name: string, { to }: { to: number }): Promise<void> {
  for (let i = 0; i < 6000; i++) {
    if (journalBytes(place, name) >= to || existsSync(join(place, name))) return;
    await delay(5);
  }
  assert.fail(`the journal of ${name} does not grow to ${to} bytes`);
}

/** Waits until a job that was just started has added rows to its journal, which begins with a head. */
function underWay(place: string, name: string): Promise<void> {
  return grown(place, name, { to: 1 + Math.max(journalBytes(place, name), 2000) });
}

describe("a job of 10,000 sequences", together, () => {
  for (const [name, layouts] of [
    ["a.npy", ["--batch 16", "--batch 7", "--batch 40"]],
    ["b.jsonl", ["--workers 2 --batch 16", "--batch 5", "--workers 1 --batch 33"]],
  ] as const) {
    it(`killed again and again ends with the bytes of an uninterrupted one: ${name}`, async (test) => {
      const place = workFolder();
      jsonFile(place, "sticky.json", sticky);
      const moments = philox(7).at(name.length, 0, purposes.data);
      const sizes: number[] = [];
      for (let kill = 0; kill < KILLS; kill++) {
        const { child, ended } = start([...job, name, ...layouts[kill % 3]!.split(" ")], { folder: place });
        // While it starts, at random places of each part of the job, and about when it writes its file.
        const part = (kill + moments.uniform(kill)) / (KILLS - 1);
        if (kill === 0) await delay(400 * part * KILLS);
        else await grown(place, name, { to: part * 64 * COUNT });
        child.kill("SIGKILL");
        await ended;
        sizes.push(journalBytes(place, name));
        if (existsSync(join(place, name))) break;
      }
      const { resumed } = await json<Told>([...job, name, "--batch", "64"], place);
      test.diagnostic(
        `journals of ${sizes.join(", ")} bytes; the last run went on from ${resumed} sequences`,
      );
      const whole = bytes(folder, name.replace(/^\w/, "whole"));
      assert.ok(bytes(place, name).equals(whole), "not the same sequences");
      assert.deepEqual(readdirSync(place).sort(), [name, "sticky.json"]);
    });
  }

  it("killed while it writes its file writes it again", async () => {
    const place = workFolder();
    jsonFile(place, "sticky.json", sticky);
    // What such a kill leaves behind is what was to become the file.
    const stop = start([...job, "x.txt", "--batch", "100"], { folder: place });
    await underWay(place, "x.txt");
    stop.child.kill("SIGKILL");
    await stop.ended;
    writeFileSync(join(place, "x.txt.part.tmp"), "half".repeat(1e6));
    await succeed([...job, "x.txt"], place);
    assert.deepEqual(readdirSync(place).sort(), ["sticky.json", "x.txt"]);
    const lines = bytes(place, "x.txt").toString().trimEnd().split("\n");
    const tokens = bytes(folder, "whole.jsonl").toString().trimEnd().split("\n");
    assert.deepEqual(
      lines,
      tokens.map((line) => (JSON.parse(line) as { text: string }).text),
    );
  });

  it("interrupted says how to go on, and goes on", async () => {
    const place = workFolder();
    jsonFile(place, "sticky.json", sticky);
    for (const options of ["--batch 8", "--workers 2 --batch 8"]) {
      const { child, ended } = start([...job, "x.npy", ...options.split(" ")], { folder: place });
      await underWay(place, "x.npy");
      child.kill("SIGINT");
      const { code, stdout, stderr } = await ended;
      assert.deepEqual([code, stdout], [130, ""], stderr);
      const told =
        /\nfewstep: interrupted; \d+ of 10000 sequences are kept in x\.npy\.part, and the same command goes on from there\n$/;
      assert.match(stderr, told);
      assert.deepEqual(readdirSync(place).sort(), ["sticky.json", "x.npy.part"]);
    }
    const text = await succeed([...job, "x.npy"], place);
    assert.match(
      text,
      /^10000 sequences of 16 in 4 model calls each: x\.npy \(\d+ of them from an interrupted run\)\n$/,
    );
    assert.ok(bytes(place, "x.npy").equals(bytes(folder, "whole.npy")));
  });
});

describe("a file that a job is on", together, () => {
  it("is refused to a second process, which changes nothing", async () => {
    const place = workFolder();
    jsonFile(place, "sticky.json", sticky);
    const { child, ended } = start([...job, "x.npy", "--batch", "4"], { folder: place });
    await underWay(place, "x.npy");
    const second = await run([...job, "x.npy"], { folder: place });
    assert.equal(second.code, 1, second.stderr);
    const sentence =
      /^fewstep: sample: x\.npy\.part is in use by process (\d+); wait for it, stop it, or choose another --out/m;
    assert.equal(Number(sentence.exec(second.stderr)?.[1]), child.pid, second.stderr);
    assert.equal((await ended).code, 0);
    assert.ok(bytes(place, "x.npy").equals(bytes(folder, "whole.npy")));
    assert.deepEqual(readdirSync(place).sort(), ["sticky.json", "x.npy"]);
  });

  it("is refused to another command, which says what differs, until --restart drops the journal", async () => {
    const place = workFolder();
    jsonFile(place, "sticky.json", sticky);
    const { child, ended } = start([...job, "x.npy", "--batch", "8"], { folder: place });
    await underWay(place, "x.npy");
    child.kill("SIGTERM");
    await ended;
    const kept = bytes(place, "x.npy.part");
    for (const [changes, differs] of [
      ["--seed 1", /seed is 0 there and 1 here;/],
      ["--first-row 1", /firstRow is 0 there and 1 here/],
      ["--select random", /method\.selector\.name is "stratified" there and "random" here/],
      ["--temperature 0.5", /method\.temperature is not set there and 0\.5 here/],
      ["--given ab", /given is not set there and "[0-9a-f]{36}\.\.\. here/],
      ["--schedule optimal", /method\.schedule\.(name|steps) is/],
    ] as const) {
      await refused([...job, "x.npy", ...changes.split(" ")], {
        folder: place,
        sentence: new RegExp(`x\\.npy\\.part is the journal of another job: .*${differs.source}.*--restart$`),
      });
    }
    assert.deepEqual(bytes(place, "x.npy.part"), kept);
    const small = ["sample", "chain:sticky.json", "--count", "9", "--steps", "4", "--out", "x.npy"];
    const { resumed } = await json<Told>([...small, "--restart"], place);
    assert.equal(resumed, 0);
    assert.deepEqual(readdirSync(place).sort(), ["sticky.json", "x.npy"]);
  });

  it("goes on with the schedule that an interrupted run had searched for", async () => {
    const place = workFolder();
    jsonFile(place, "sticky.json", sticky);
    const search = "--schedule optimal --select random --sequences 4".split(" ");
    await succeed([...job, "whole.npy", ...search], place);
    const { child, ended } = start([...job, "x.npy", ...search, "--batch", "8"], { folder: place });
    await underWay(place, "x.npy");
    child.kill("SIGKILL");
    await ended;
    const { stdout, stderr, code } = await run([...job, "x.npy", ...search, "--json"], { folder: place });
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /information curve/);
    const { resumed, schedule } = JSON.parse(stdout) as Told & { schedule: string };
    assert.ok(resumed > 0);
    assert.equal(schedule, "optimal");
    assert.ok(bytes(place, "x.npy").equals(bytes(place, "whole.npy")));
  });
});

describe("how a job is run", together, () => {
  const small = "sample chain:sticky.json --steps 4 --count 40".split(" ");

  it("is told, and does not change what is printed", async () => {
    const here = await json<Told & { text: string[] }>(small, folder);
    assert.deepEqual(here.layout, { workers: 0, batch: 8 });
    const wanted = ["--workers", "2", "--threads", "1", "--batch", "10"];
    const there = await json<Told & { text: string[] }>([...small, ...wanted], folder);
    assert.deepEqual(there.layout, { workers: 2, threads: 1, batch: 10 });
    assert.deepEqual(there.text, here.text);
    const { stderr } = await run([...small, ...wanted], { folder });
    assert.match(stderr, /^sampling with 2 workers x 1 thread, batch 10 \.\.\.$/m);
  });

  it("is bounded by memory", async () => {
    const { layout } = await json<Told>([...small, "--memory", "1KB"], folder);
    assert.equal(layout?.batch, 1);
    await refused([...small, "--memory", "lots"], {
      folder,
      code: 2,
      sentence: /"lots" is no amount of memory; expected/,
    });
    await refused([...small, "--workers", "many"], {
      folder,
      code: 2,
      sentence: /"many" is not a whole number >= 1/,
    });
  });

  it("into a pipe needs no journal", async () => {
    const place = workFolder();
    jsonFile(place, "sticky.json", sticky);
    symlinkSync("/dev/stdout", join(place, "pipe.txt"));
    const { stdout } = await run([...small, "--out", "pipe.txt", "--batch", "7"], {
      folder: place,
      shell: '"$@" | cat',
    });
    const lines = stdout.split("\n");
    assert.deepEqual(lines.splice(40), ["40 sequences of 16 in 4 model calls each: pipe.txt", ""]);
    assert.deepEqual(lines, (await json<{ text: string[] }>(small, folder)).text);
    assert.deepEqual(readdirSync(place).sort(), ["pipe.txt", "sticky.json"]);
  });
});
