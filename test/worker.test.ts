/** Sampling in worker threads: the same rows, a free event loop, and threads that end whatever happens. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { sample, uniform } from "../src/index.ts";
import type { JobMethod, JobRows, WorkerOptions } from "../src/node/index.ts";
import { sticky } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "fewstep-workers-"));
after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "sticky.json"), JSON.stringify(sticky));
const chain = `chain:${join(folder, "sticky.json")}`;
const network = fileURLToPath(new URL("fixtures/onnx/good", import.meta.url));
const nan = fileURLToPath(new URL("fixtures/onnx/nan", import.meta.url));
/** As it is built: a thread then starts without a compiler. */
const source = new URL("../dist/node/index.js", import.meta.url).href;
const { loadModel, sampleInWorkers }: typeof import("../src/node/index.ts") = await import(source);
const method: JobMethod = { schedule: { name: "uniform", steps: 4 } };

async function all(rows: AsyncIterable<JobRows>): Promise<JobRows[]> {
  const list = [];
  for await (const each of rows) list.push(each);
  return list;
}

function tokensOf(rows: readonly JobRows[]): number[] {
  return rows.flatMap(({ tokens }) => Array.from(tokens));
}

/** Threads that keep this process alive. */
function threadsAlive(): number {
  return process.getActiveResourcesInfo().filter((name) => /worker|MessagePort/i.test(name)).length;
}

describe("sampling in worker threads", () => {
  for (const reference of [chain, network]) {
    it(`makes the rows of sample with any workers, threads and batch: ${reference === chain ? "a chain" : "a network"}`, async () => {
      const model = await loadModel(reference);
      const schedule = uniform({ steps: 4 });
      const expected = await sample(model.denoiser, { schedule, count: 21, seed: 5, firstRow: 3 });
      await model.dispose();
      const layouts: Partial<WorkerOptions>[] = [
        { workers: 2, threads: 1, batch: 4 },
        { workers: "auto", memory: 1e9 },
      ];
      for (const layout of layouts) {
        const rows = await all(
          sampleInWorkers(reference, { method, count: 21, seed: 5, firstRow: 3, ...layout }),
        );
        assert.deepEqual(tokensOf(rows), Array.from(expected.tokens), JSON.stringify(layout));
        assert.ok(rows.every(({ calls }) => calls === expected.calls));
        let next = 3;
        for (const { firstRow, count } of rows) {
          assert.equal(firstRow, next);
          next += count;
        }
      }
      assert.equal(threadsAlive(), 0);
    });
  }

  it("keeps given tokens, of all rows or of each", async () => {
    const free = new Int32Array(16).fill(-1);
    const forAll = tokensOf(
      await all(sampleInWorkers(chain, { method, count: 6, given: free.with(2, 1), batch: 2 })),
    );
    assert.deepEqual(
      forAll.filter((_, at) => at % 16 === 2),
      [1, 1, 1, 1, 1, 1],
    );
    const given = new Int32Array(6 * 16).fill(-1);
    for (let row = 0; row < 6; row++) given[row * 16 + row] = row % 3;
    const each = tokensOf(await all(sampleInWorkers(chain, { method, count: 6, given, batch: 2 })));
    for (let row = 0; row < 6; row++) assert.equal(each[row * 16 + row], row % 3);
  });

  it("leaves the event loop free, which sampling in the same thread does not", async () => {
    const steps = { schedule: { name: "uniform", steps: 16 } };
    // A chain never waits for anything: in this thread it would hold the loop to its end.
    const before = performance.eventLoopUtilization();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    await all(sampleInWorkers("countdown", { method: steps, count: 16, batch: 16 }));
    const { utilization, active, idle } = performance.eventLoopUtilization(before);
    const model = await loadModel("countdown");
    const held = ticks;
    const start = performance.eventLoopUtilization();
    await sample(model.denoiser, { schedule: uniform({ steps: 16 }), count: 16, batch: 16 });
    const here = performance.eventLoopUtilization(start);
    clearInterval(timer);
    assert.ok(utilization < 0.5, `busy for ${active} ms, free for ${idle} ms`);
    assert.ok(held > 5, `a timer fired ${held} times`);
    assert.ok(here.utilization > 0.9, `${here.utilization} in the same thread`);
  });

  it("tells its layout and how far it is", async () => {
    const layouts: unknown[] = [];
    const told: number[] = [];
    const options = { method, count: 40, workers: 2, threads: 1, batch: 8 };
    await all(
      sampleInWorkers(chain, {
        ...options,
        onLayout: (layout) => layouts.push(layout),
        progress: (rows) => told.push(rows),
      }),
    );
    assert.deepEqual(layouts, [{ workers: 2, threads: 1, batch: 8 }]);
    assert.equal(told.at(-1), 40);
    assert.ok(told.every((rows, i) => rows > 0 && rows <= 40 && (i === 0 || rows > told[i - 1]!)));
  });

  it("makes fewer rows together where memory is short", async () => {
    let batch = 0;
    const options = { method, count: 3, onLayout: (layout: { batch: number }) => (batch = layout.batch) };
    await all(sampleInWorkers(network, { ...options, memory: 1 }));
    assert.equal(batch, 1);
    await all(sampleInWorkers(network, { ...options, memory: 1e12 }));
    assert.equal(batch, 8);
  });
});

describe("threads end", () => {
  it("with what the model throws, as a sentence of its own kind", async () => {
    await assert.rejects(
      all(sampleInWorkers("nosuch", { method })),
      /^Error: loadModel: there is no model "nosuch"/,
    );
    await assert.rejects(all(sampleInWorkers(nan, { method })), /^RangeError: sample: .* contain NaN/);
    const warped = { schedule: { name: "warp", steps: 4 } };
    await assert.rejects(
      all(sampleInWorkers(chain, { method: warped })),
      /^RangeError: schedule "warp" is not known/,
    );
    await assert.rejects(
      all(sampleInWorkers(chain, { method, workers: 0 })),
      /sampleInWorkers: workers = 0; expected/,
    );
    await assert.rejects(
      all(sampleInWorkers(chain, { method, count: 1.5 })),
      /sampleInWorkers: count = 1\.5; exp/,
    );
    assert.equal(threadsAlive(), 0);
  });

  it("where the loop is left", async () => {
    let rows = 0;
    for await (const { count } of sampleInWorkers(chain, { method, count: 10_000, workers: 2, batch: 8 })) {
      rows += count;
      if (rows > 20) break;
    }
    assert.equal(rows, 24);
    assert.equal(threadsAlive(), 0);
  });

  it("soon after an abort, with its reason, however much was asked for", async () => {
    for (const [count, workers] of [
      [100_000, 2],
      [40, 1],
    ] as const) {
      const controller = new AbortController();
      const reason = new Error("enough");
      const { signal } = controller;
      let rows = 0;
      await assert.rejects(
        async () => {
          for await (const made of sampleInWorkers(chain, { method, count, workers, batch: 8, signal })) {
            rows += made.count;
            if (rows > 20) controller.abort(reason);
          }
        },
        (error) => error === reason,
      );
      assert.equal(rows, 24);
      assert.equal(threadsAlive(), 0);
    }
    const aborted = AbortSignal.abort();
    await assert.rejects(all(sampleInWorkers("nosuch", { method, signal: aborted })), { name: "AbortError" });
  });

  it("between two model calls, in the middle of a batch", async () => {
    const controller = new AbortController();
    const started = performance.now();
    let atAbort = 0;
    const run = all(
      sampleInWorkers("countdown", {
        method: { schedule: { name: "uniform", steps: 250 } },
        ...{ count: 64, batch: 64, signal: controller.signal },
        progress() {
          atAbort ||= performance.now();
          controller.abort();
        },
      }),
    );
    await assert.rejects(run, { name: "AbortError" });
    const waited = performance.now() - atAbort;
    assert.ok(waited < (atAbort - started) * 5 + 2000, `${waited} ms`);
  });

  it("with one sentence if one of them dies", async () => {
    const dying =
      'import { isMainThread } from "node:worker_threads"; if (!isMainThread) setTimeout(() => process.exit(3), 1500);';
    const { code, stderr } = await script(
      `for await (const _ of sampleInWorkers(${JSON.stringify(chain)}, { method, count: 10_000_000, workers: 2, batch: 8 }));`,
      ["--import", `data:text/javascript,${encodeURIComponent(dying)}`],
    );
    assert.equal(code, 1);
    assert.match(
      stderr,
      /Error: sampleInWorkers: a sampling thread died: it exited with code 3; where memory is short/,
    );
  });

  it("where nobody asks for more, so that the process can end", async () => {
    const { code, stdout, stderr } = await script(`
      const rows = sampleInWorkers(${JSON.stringify(chain)}, { method, count: 10_000, workers: 2, batch: 8 });
      await rows.next();
      console.log("that is enough");`);
    assert.deepEqual([code, stdout, stderr], [0, "that is enough\n", ""]);
  });

  it("with the process, also within calls of a network", async () => {
    const { code, stderr } = await script(`
      setTimeout(() => process.exit(7), 2500);
      for await (const _ of sampleInWorkers("text", { method, count: 10_000, workers: 2, threads: 1 }));`);
    assert.deepEqual([code, stderr], [7, ""]);
  });
});

/** Runs a script in a process of its own. */
function script(
  body: string,
  flags: readonly string[] = [],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const file = join(mkdtempSync(join(folder, "script-")), "main.mjs");
  writeFileSync(
    file,
    `import { sampleInWorkers } from ${JSON.stringify(source)};\nconst method = ${JSON.stringify(method)};\n${body}\n`,
  );
  const child = spawn(process.execPath, [...flags, file]);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  const limit = setTimeout(() => child.kill("SIGKILL"), 60_000);
  return new Promise((resolve) => {
    child.on("close", (code) => {
      clearTimeout(limit);
      resolve({ code, stdout, stderr });
    });
  });
}
