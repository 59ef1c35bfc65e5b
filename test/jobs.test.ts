/** The parts of large jobs: what identifies one, its journal, the claim on its file, how threads share it out. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { cosine, random, sample, uniform } from "../src/index.ts";
import { loadModel, sampleToFile } from "../src/node/index.ts";
import { jobOptions, type SampleJob } from "../src/node/jobs/job.ts";
import { jobHead } from "../src/node/jobs/job-head.ts";
import { remaining } from "../src/node/jobs/job-rows.ts";
import { folder, place, plain, reference } from "./job-rows.ts";

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
