import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import * as nodeRuntime from "onnxruntime-node";
import * as webRuntime from "onnxruntime-web";
import type { Denoiser } from "../src/denoisers/denoiser.ts";
import { modelOf, readManifestOf } from "../src/model/model.ts";
import { folderFiles } from "../src/node/folder-files.ts";
import { loadModel } from "../src/node/index.ts";
import { type OnnxSession, onnxDenoiser } from "../src/onnx/index.ts";
import { sample } from "../src/sample.ts";
import { uniform } from "../src/schedules/uniform.ts";
import { usualThreads } from "../src/web/machine.ts";
import { type Ort, openSession } from "../src/web/open-session.ts";
import { webSource } from "../src/web/web-source.ts";
import { mapCaches, site, stage } from "./web-worker.ts";

const text = new URL("../models/text/", import.meta.url);

/** Sets global values for the time of a test. */
async function withGlobals<T>(values: Record<string, unknown>, use: () => T | Promise<T>): Promise<T> {
  const before = Object.keys(values).map(
    (key) => [key, Object.getOwnPropertyDescriptor(globalThis, key)] as const,
  );
  for (const [key, value] of Object.entries(values)) {
    Object.defineProperty(globalThis, key, { value, configurable: true });
  }
  try {
    return await use();
  } finally {
    for (const [key, descriptor] of before) {
      if (descriptor) Object.defineProperty(globalThis, key, descriptor);
      else Reflect.deleteProperty(globalThis, key);
    }
  }
}

/** A runtime that makes a session of everything, or refuses with `refuse`; it notes what it is asked for. */
function fakeRuntime(refuse: (provider: string) => string | undefined = () => undefined) {
  const asked: string[] = [];
  const env: Ort["env"] = { wasm: { proxy: true } };
  const create = async (_: Uint8Array, { executionProviders }: { executionProviders: string[] }) => {
    const [provider = ""] = executionProviders;
    asked.push(provider);
    const reason = refuse(provider);
    if (reason) throw new Error(reason);
    return { inputNames: ["x"], outputNames: ["logits"], run: async () => ({}), release: async () => {} };
  };
  const InferenceSession = { create } as unknown as Ort["InferenceSession"];
  return { asked, ort: { InferenceSession, Tensor: webRuntime.Tensor, env } };
}

const network = { name: "fake", vocabulary: 3, length: 4 };
const files = folderFiles(new URL("../models/countdown/", import.meta.url).pathname);
const card = { gpu: { requestAdapter: async () => ({}) }, hardwareConcurrency: 16 };

describe("fewstep/web: onnxruntime-web", () => {
  for (const small of [false, true]) {
    const kind = small ? "int8" : "float32";
    test(`the ${kind} text model gives the tokens of onnxruntime-node wherever logits agree to the draw`, async (t) => {
      const { connection } = stage({ ort: webRuntime, caches: mapCaches() });
      const here = await loadModel("text", { small, threads: 1 });
      try {
        const model = await connection.load(`${site}text`, { small });
        assert.deepEqual([model.provider, model.fingerprint], ["wasm", here.fingerprint]);
        const options = { count: 16, batch: 8, seed: 11 };
        const due = await sample(here.denoiser, { ...options, schedule: uniform({ steps: 3 }) });
        const tokens: number[] = [];
        for await (const state of model.sample({ ...options, schedule: { name: "uniform", steps: 3 } })) {
          if (state.t === 0) tokens.push(...state.tokens);
        }
        let rows = 0;
        for (let row = 0; row < 16; row++) {
          const part = (of: ArrayLike<number>) =>
            Array.from(of)
              .slice(row * 256, (row + 1) * 256)
              .join();
          if (part(tokens) !== part(due.tokens)) rows++;
        }
        t.diagnostic(`${kind}: ${rows} of 16 rows differ between onnxruntime-web and onnxruntime-node`);
        assert.ok(rows <= 4, `${rows} of 16 rows differ`);
      } finally {
        connection.close();
        await here.dispose();
      }
    });
  }

  test("a preallocated output stays zero in onnxruntime-web, so none is preallocated", async () => {
    const bytes = await readFile(new URL("model-int8.onnx", text));
    const session = await webRuntime.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
    const tokens = new Int32Array(256).fill(37);
    const fed = { x: new webRuntime.Tensor("int64", BigInt64Array.from(tokens, BigInt), [1, 256]) };
    const buffer = new Float32Array(256 * 37);
    await session.run(fed, { logits: new webRuntime.Tensor("float32", buffer, [1, 256, 37]) });
    assert.ok(
      buffer.every((value) => value === 0),
      "onnxruntime-web writes into preallocated outputs now: use them",
    );
    const denoiser = onnxDenoiser({ session, Tensor: webRuntime.Tensor, vocabulary: 37, length: 256 });
    for (let call = 0; call < 3; call++) {
      const { data } = await denoiser.predict({ tokens, batch: 1, time: new Float64Array(1) });
      assert.ok(data.some((value) => value !== 0));
    }
    await session.release();
  });

  test("both runtimes in one process keep to themselves", async () => {
    const path = new URL("model-int8.onnx", text).pathname;
    const inNode = await nodeRuntime.InferenceSession.create(path, { executionProviders: ["cpu"] });
    const inWeb = await webRuntime.InferenceSession.create(await readFile(path), {
      executionProviders: ["wasm"],
    });
    const handler = (session: unknown) => (session as { handler: object }).handler.constructor;
    assert.notEqual(handler(inNode), handler(inWeb));
    await Promise.all([inNode.release(), inWeb.release()]);
  });

  test("a runtime that takes away the arrays it is sent is survived", async () => {
    const session: OnnxSession = {
      inputNames: ["x", "t"],
      outputNames: ["logits"],
      run: (async (feeds: Record<string, webRuntime.Tensor>) => {
        const { data, dims } = feeds["x"]!;
        const logits = Float32Array.from({ length: data.length * 3 }, (_, at) =>
          Number(data[Math.floor(at / 3)]),
        );
        for (const { data } of Object.values(feeds)) {
          const { buffer } = data as BigInt64Array;
          structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
        }
        return { logits: new webRuntime.Tensor("float32", logits, [dims[0]!, 4, 3]) };
      }) as unknown as OnnxSession["run"],
    };
    const inputs = { tokens: "x", time: "t" };
    const denoiser = onnxDenoiser({ session, Tensor: webRuntime.Tensor, vocabulary: 3, length: 4, inputs });
    for (const batch of [2, 2, 1, 3]) {
      const tokens = Int32Array.from({ length: batch * 4 }, (_, at) => at % 3);
      const { data } = await denoiser.predict({ tokens, batch, time: new Float64Array(batch).fill(0.5) });
      assert.deepEqual(
        Array.from(data).filter((_, at) => at % 3 === 0),
        Array.from(tokens),
      );
    }
  });

  test("the provider is the caller's, else WebGPU where it works, else WebAssembly", async () => {
    const open = async (
      provider: "webgpu" | "wasm" | undefined,
      globals: Record<string, unknown>,
      refuse?: (provider: string) => string | undefined,
    ) => {
      const { asked, ort } = fakeRuntime(refuse);
      const opened = await withGlobals(globals, () =>
        openSession({ file: "chain.json" }, network, { files, ort, provider }),
      );
      assert.equal(ort.env.wasm.proxy, false);
      return [opened.provider, asked.join()];
    };
    const blocked = (provider: string) => (provider === "webgpu" ? "no\n such operator." : undefined);
    const noCard = { gpu: { requestAdapter: async () => null } };
    assert.deepEqual(await open(undefined, { navigator: card }), ["webgpu", "webgpu"]);
    assert.deepEqual(await open(undefined, { navigator: noCard }), ["wasm", "wasm"]);
    const software = [{ info: { isFallbackAdapter: true } }, { isFallbackAdapter: true }];
    for (const adapter of software) {
      const navigator = { gpu: { requestAdapter: async () => adapter } };
      assert.deepEqual(await open(undefined, { navigator }), ["wasm", "wasm"]);
    }
    assert.deepEqual(await open(undefined, { navigator: {} }), ["wasm", "wasm"]);
    assert.deepEqual(await open(undefined, { navigator: card }, blocked), ["wasm", "webgpu,wasm"]);
    assert.deepEqual(await open("wasm", { navigator: card }), ["wasm", "wasm"]);
    assert.deepEqual(await open("webgpu", { navigator: {} }), ["webgpu", "webgpu"]);
    await assert.rejects(
      open("webgpu", { navigator: card }, blocked),
      /^Error: loadModel: \S+chain\.json cannot be opened as an ONNX model: no such operator; the file is damaged/,
    );
  });

  test("a runtime built without WebGPU falls back to WebAssembly on a machine with a card", async () => {
    const named = { file: "model-int8.onnx" };
    const opened = await withGlobals({ navigator: card }, () =>
      openSession(
        named,
        { name: "text", vocabulary: 37, length: 256 },
        {
          ...{ files: folderFiles(text.pathname), ort: webRuntime },
        },
      ),
    );
    assert.equal(opened.provider, "wasm");
    await opened.dispose();
  });

  test("threads only where there is shared memory", async () => {
    const threads = async (isolated: boolean, wished?: number) => {
      const { ort } = fakeRuntime();
      await withGlobals({ navigator: card, crossOriginIsolated: isolated }, () =>
        openSession({ file: "chain.json" }, network, { files, ort, provider: "wasm", threads: wished }),
      );
      return ort.env.wasm.numThreads;
    };
    assert.deepEqual([await threads(false), await threads(false, 4)], [1, 1]);
    assert.deepEqual([await threads(true), await threads(true, 7)], [4, 7]);
    const of = (hardwareConcurrency: number) =>
      usualThreads({ crossOriginIsolated: true, navigator: { hardwareConcurrency } });
    assert.deepEqual([1, 2, 3, 6, 64].map(of), [1, 1, 1, 3, 4]);
  });

  test("a file that is no network, and a worker without a runtime, are one sentence", async () => {
    const answer = async (path: string) => {
      const manifest = JSON.parse(await readFile(new URL("manifest.json", text), "utf8"));
      const { sha256: _, ...rest } = manifest;
      return path.endsWith("manifest.json") ? Response.json(rest) : new Response("no network at all");
    };
    const broken = stage({ ort: webRuntime, answer });
    await assert.rejects(
      broken.connection.load(`${site}text`),
      /^Error: loadModel: https:\S+model\.onnx cannot be opened as an ONNX model: [^\n]+[^.]$/,
    );
    broken.connection.close();
    let times = 0;
    const missing = stage({
      ort: async () => {
        if (++times === 1) throw new TypeError("Failed to fetch\nmodule");
        return fakeRuntime().ort;
      },
    });
    await assert.rejects(
      missing.connection.load(`${site}text`, { small: true }),
      /^Error: loadModel: the runtime for networks cannot be fetched: Failed to fetch module; check the connection/,
    );
    for (let i = 0; i < 2; i++) await missing.connection.load(`${site}text`, { small: true });
    assert.equal(times, 2);
    missing.connection.close();
    const bare = stage();
    await assert.rejects(bare.connection.load(`${site}text`), /this worker has no runtime for networks/);
    bare.connection.close();
  });

  test("a tokenizer beside the network is opened", async () => {
    const model: Denoiser = {
      vocabulary: 5,
      length: 3,
      timeFree: true,
      predict: () => ({ data: new Float64Array(15), width: 5 }),
    };
    const tokenizer = {
      ...{ added_tokens: [], normalizer: null, post_processor: null, decoder: null },
      model: { type: "WordLevel", vocab: { a: 0, b: 1, c: 2, d: 3, "[UNK]": 4 }, unk_token: "[UNK]" },
      pre_tokenizer: { type: "Whitespace" },
    };
    const inMemory = {
      where: (name: string) => name,
      bytes: async () => new Uint8Array(0),
      async text(name: string) {
        if (name === "tokenizer.json") return JSON.stringify(tokenizer);
        throw new Error("there is none");
      },
    };
    const opened = { denoiser: model, fingerprint: async () => "0", dispose: async () => {} };
    const { name, description, license, process, noise } = await readManifestOf(folderFiles(text.pathname));
    const source = webSource(inMemory, async () => opened);
    const own = await modelOf(
      {
        ...{ format: "fewstep/model", version: 1, kind: "onnx", file: "x.onnx", timeFree: true },
        ...{
          name,
          description,
          license,
          process,
          noise,
          vocabulary: 5,
          length: 3,
          tokenizer: "tokenizer.json",
        },
      },
      source,
    );
    assert.deepEqual(Array.from((await own.text()).template("b [MASK] a")), [1, -1, 0]);
  });
});
