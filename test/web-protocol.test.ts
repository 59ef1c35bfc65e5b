import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { measureValue } from "../src/measures/measure.ts";
import { modelMeasures, searchData } from "../src/model/model-measures.ts";
import { loadModel } from "../src/node/model.ts";
import { curveLevels, informationCurve } from "../src/optimize/information-curve.ts";
import { sample } from "../src/sample.ts";
import { uniform } from "../src/schedules/uniform.ts";
import { random } from "../src/selectors/random.ts";
import { connect, type Job, type State, type WorkerLike } from "../src/web/index.ts";
import { AHEAD } from "../src/web/messages.ts";
import { type Stage, site, stage } from "./web-worker.ts";

/** Runs with a connection that is closed afterwards. */
async function withStage(use: (own: Stage) => Promise<void>): Promise<void> {
  const own = stage();
  try {
    await use(own);
  } finally {
    own.connection.close();
  }
}

const job: Job = { schedule: { name: "uniform", steps: 8 }, count: 3, batch: 2, seed: 5 };

async function all(states: AsyncIterable<State>): Promise<State[]> {
  const found: State[] = [];
  for await (const state of states) found.push(state);
  return found;
}

describe("fewstep/web: page and worker", () => {
  test("an exact model gives the tokens, calls and fingerprint that it gives in Node", () =>
    withStage(async ({ connection }) => {
      const model = await connection.load(`${site}countdown`);
      const here = await loadModel("countdown");
      assert.equal(model.fingerprint, here.fingerprint);
      assert.deepEqual(model.manifest, here.manifest);
      assert.equal(model.provider, "exact");
      for (const selector of [{ name: "random" }, { name: "confidence" }]) {
        const states = await all(model.sample({ ...job, selector }));
        assert.deepEqual(
          states.map(({ firstRow, index, batch }) => [firstRow, index, batch]),
          [0, 2].flatMap((row) => Array.from({ length: 9 }, (_, index) => [row, index, row === 0 ? 2 : 1])),
        );
        const due = await sample(here.denoiser, {
          ...{ schedule: uniform({ steps: 8 }), count: 3, seed: 5 },
          selector: (await import("../src/parts.ts")).selectors[selector.name]!({}),
        });
        const tokens = states.filter(({ t }) => t === 0).flatMap((state) => Array.from(state.tokens));
        assert.deepEqual(tokens, Array.from(due.tokens));
        assert.equal(states.at(-1)!.calls, due.calls);
      }
    }));

  test("a corrupted row is the same alone and after others, and given tokens stay", () =>
    withStage(async ({ connection }) => {
      const model = await connection.load(`${site}countdown`);
      const given = Array.from({ length: model.manifest.length }, (_, d) => (d % 3 === 0 ? d % 32 : -1));
      const rows = await all(model.sample({ ...job, given }));
      const alone = await all(model.sample({ ...job, given, count: 1, firstRow: 2 }));
      assert.deepEqual(alone.at(-1)!.tokens, rows.at(-1)!.tokens);
      assert.ok(given.every((token, d) => token < 0 || rows.at(-1)!.tokens[d] === token));
    }));

  test("leaving the loop stops the run in the worker", () =>
    withStage(async ({ connection, got, sent }) => {
      const model = await connection.load(`${site}countdown`);
      let seen = 0;
      for await (const _ of model.sample({ ...job, schedule: { name: "uniform", steps: 200 } })) {
        if (++seen === 3) break;
      }
      assert.equal(sent.at(-1), "stop");
      await model.decode(new Int32Array(2));
      const states = () => got.filter((kind) => kind === "state").length;
      assert.ok(states() <= 3 + AHEAD, `${states()} states came`);
      while (!got.includes("failed")) await model.decode(new Int32Array(2));
      assert.ok(states() <= 3 + AHEAD, `${states()} states came`);
    }));

  test("a run is never more than two states ahead of its reader", () =>
    withStage(async ({ connection, got }) => {
      const model = await connection.load(`${site}countdown`);
      const states = model.sample({ ...job, schedule: { name: "uniform", steps: 100 } });
      await states.next();
      for (let i = 0; i < 20; i++) await model.decode(new Int32Array(1));
      assert.equal(got.filter((kind) => kind === "state").length, AHEAD);
      await states.return();
    }));

  test("an abort ends the wait with its reason, whether a state is there or not", () =>
    withStage(async ({ connection }) => {
      const model = await connection.load(`${site}countdown`);
      const reason = new Error("enough");
      const before = AbortSignal.abort(reason);
      await assert.rejects(model.sample(job, { signal: before }).next(), reason);
      await assert.rejects(model.curve({ signal: before }), reason);
      const stop = new AbortController();
      const states = model.sample(job, { signal: stop.signal });
      await states.next();
      const next = states.next();
      stop.abort(reason);
      await assert.rejects(next, reason);
      assert.equal((await states.next()).done, true);
      const during = new AbortController();
      const curve = model.curve({
        ...{ sequences: 8, signal: during.signal },
        onProgress: () => during.abort(reason),
      });
      await assert.rejects(curve, reason);
    }));

  test("several runs take turns", () =>
    withStage(async ({ connection }) => {
      const model = await connection.load(`${site}countdown`);
      const order: number[] = [];
      const run = async (which: number) => {
        for await (const _ of model.sample({ ...job, count: 1, seed: which })) order.push(which);
      };
      await Promise.all([run(0), run(1), run(2)]);
      const done = [0, 0, 0];
      for (const which of order) {
        done[which]!++;
        const apart = Math.max(...done) - Math.min(...done);
        assert.ok(apart <= AHEAD + 1, `runs are ${apart} states apart: ${order.join("")}`);
      }
      assert.deepEqual(done, [9, 9, 9]);
    }));

  test("errors cross with their kind and sentence", () =>
    withStage(async ({ connection }) => {
      const model = await connection.load(`${site}countdown`);
      const refused = (change: Partial<Job>, message: RegExp) =>
        assert.rejects(all(model.sample({ ...job, ...change })), (error: unknown) => {
          assert.ok(error instanceof RangeError);
          assert.match(error.message, message);
          return true;
        });
      await refused(
        { sampler: { name: "magic" } },
        /^sampler "magic" is not known; expected one of ancestral/,
      );
      await refused({ count: 0 }, /^sample: count = 0; expected a whole number >= 1$/);
      await refused({ schedule: { name: "x", counts: [0, 9, 3] } }, /counts/);
      await refused({ given: [1, 2] }, /^sample: given has 2 tokens; expected 256, or 3 rows of 256/);
      await assert.rejects(model.measure(new Int32Array(3)), RangeError);
      const uncloned = { ...job, selector: { name: "random", f: () => 1 } } as unknown as Job;
      await assert.rejects(all(model.sample(uncloned)), /^TypeError: sample: what was given cannot be sent/);
    }));

  test("the curve is the one of the library, with progress up to 1", () =>
    withStage(async ({ connection }) => {
      const model = await connection.load(`${site}countdown`);
      const shares: number[] = [];
      const curve = await model.curve({
        ...{ sequences: 3, levels: 6, seed: 2, selector: { name: "random" } },
        onProgress: (share) => shares.push(share),
      });
      const here = await loadModel("countdown");
      const { tokens } = await searchData(here, { count: 3, seed: 2 });
      const counts = curveLevels(256, 6);
      const due = await informationCurve(here.denoiser, {
        data: tokens,
        counts,
        seed: 2,
        selector: random(),
      });
      assert.deepEqual(curve, due);
      assert.deepEqual(
        shares,
        counts.map((_, level) => (level + 1) / counts.length),
      );
    }));

  test("measures are those of the library; a floor needs two sequences", () =>
    withStage(async ({ connection }) => {
      const model = await connection.load(`${site}countdown`);
      const states = await all(model.sample({ ...job, count: 4, batch: 4 }));
      const { tokens } = states.at(-1)!;
      const values = await model.measure(tokens);
      const here = await loadModel("countdown");
      const measures = await modelMeasures(here, await searchData(here, { count: 4 }));
      assert.deepEqual(
        values.map(({ name, value }) => [name, value]),
        await Promise.all(measures.map(async (each) => [each.name, await measureValue(each, tokens, 256)])),
      );
      assert.ok(values.every(({ floor }) => typeof floor === "number"));
      const [one, ...others] = await model.measure(tokens.subarray(0, 256), { names: ["rule-error"] });
      assert.deepEqual([one!.name, one!.floor, others.length], ["rule-error", undefined, 0]);
      assert.equal(tokens.length, 4 * 256, "the page keeps its array");
    }));

  test("text and back, with blanks", () =>
    withStage(async ({ connection }) => {
      const model = await connection.load(`${site}letters`);
      const { alphabet = "", length } = model.manifest;
      const template = await model.template(`${alphabet.slice(0, 3)}_${alphabet[1]}`);
      assert.deepEqual(Array.from(template.slice(0, 5)), [0, 1, 2, -1, 1]);
      assert.equal(template.length, length);
      assert.equal((await model.decode(template)).slice(0, 5), `${alphabet.slice(0, 3)}_${alphabet[1]}`);
    }));

  test("a model that was disposed of ends its runs and refuses new ones", () =>
    withStage(async ({ connection }) => {
      const model = await connection.load(`${site}countdown`);
      const other = await connection.load(`${site}countdown`);
      const states = model.sample({ ...job, schedule: { name: "uniform", steps: 50 } });
      await states.next();
      await model.dispose();
      await assert.rejects(all(states), /the model was disposed of; load it again/);
      await assert.rejects(model.curve(), /^Error: RemoteModel: the model was disposed of; load it again$/);
      assert.equal((await all(other.sample(job))).length, 18);
    }));

  test("closing fails what is waited for, and what is asked later", async () => {
    const { connection } = stage();
    const model = await connection.load(`${site}countdown`);
    const curve = model.curve({ sequences: 64 });
    const states = model.sample(job);
    await states.next();
    connection.close();
    const closed = { name: "AbortError", message: /^connect: the connection was closed/ };
    await assert.rejects(curve, closed);
    await assert.rejects(all(states), closed);
    await assert.rejects(model.measure(new Int32Array(256)), closed);
  });

  test("a worker whose file is not there is one sentence, now and later", async () => {
    const listeners = new Map<string, (event: { message?: string }) => void>();
    const worker: WorkerLike = {
      postMessage() {},
      addEventListener: (type, listener) => listeners.set(type, listener),
      terminate() {},
    };
    const connection = connect(worker);
    const loading = connection.load(`${site}countdown`);
    listeners.get("error")!({});
    const sentence = /^Error: connect: the worker failed; check that its file is served and calls serve\(\)$/;
    await assert.rejects(loading, sentence);
    await assert.rejects(connection.load(`${site}countdown`), sentence);
  });
});
