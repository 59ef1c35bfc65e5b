/** Models that compute only the rows they are asked for: the same samples as from all rows. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Tensor } from "onnxruntime-node";
import type { Denoiser, Logits, Noised } from "../src/denoisers/denoiser.ts";
import { forEachWanted, rowOffsets } from "../src/denoisers/logit-rows.ts";
import { nextTokenModel } from "../src/denoisers/next-token-model.ts";
import { importFolder } from "../src/import/import-folder.ts";
import {
  confidence,
  guided,
  linear,
  random,
  type SampleOptions,
  sample,
  stratified,
  uniform,
  uniformProcess,
  unprompted,
} from "../src/index.ts";
import { loadModel, type Model } from "../src/node/index.ts";
import { onnxDenoiser } from "../src/onnx/index.ts";
import { fixtures, scratch } from "./checkpoints.ts";
import { watched } from "./watched.ts";

const vocabulary = 5;
const length = 6;

/** Logits that depend on the whole row, of the wanted rows alone if `sparse`. */
function network({ sparse, timeFree = true }: { sparse: boolean; timeFree?: boolean }): Denoiser {
  return {
    vocabulary,
    length,
    timeFree,
    predict({ tokens, batch, time, wanted }: Noised): Logits {
      const all = Int32Array.from(Array(batch * length).keys());
      const positions = sparse ? (wanted ?? all) : all;
      const data = new Float32Array(positions.length * vocabulary);
      positions.forEach((at, i) => {
        const row = Math.floor(at / length);
        const own = tokens.subarray(row * length, (row + 1) * length);
        const sum = own.reduce((total, token, d) => total + (token + 1) * (d + 2), timeFree ? 0 : time[row]!);
        for (let v = 0; v < vocabulary; v++) {
          data[i * vocabulary + v] = 2 * Math.sin(sum * (v + 1) + (at % length));
        }
      });
      return { data, width: vocabulary, release: () => {}, ...(sparse ? { positions } : {}) };
    },
  };
}

describe("samples from some rows", () => {
  const cases: [string, Partial<SampleOptions>][] = [
    ["stratified", { selector: stratified() }],
    ["random", { selector: random() }],
    ["by confidence", { selector: confidence() }],
    ["rows with given tokens", { given: [1, -1, -1, 0, -1, -1] }],
    ["a batch that is not whole", { count: 5, batch: 3 }],
  ];
  for (const [title, options] of cases) {
    for (const timeFree of [true, false]) {
      it(`${title}, ${timeFree ? "time-free" : "with a time"}`, async () => {
        const settings = { schedule: uniform({ steps: 3 }), count: 4, seed: 3, ...options };
        const [dense, sparse] = [false, true].map((sparse) => watched(network({ sparse, timeFree })));
        const samples = await sample(sparse!, settings);
        assert.deepEqual(samples, await sample(dense!, settings));
      });
    }
  }

  it("without a mask: of what is not given", async () => {
    const asked: number[][] = [];
    const model = network({ sparse: true, timeFree: false });
    const seen: Denoiser = {
      ...model,
      predict(input) {
        asked.push([...input.wanted!]);
        return model.predict(input);
      },
    };
    const process = uniformProcess({ vocabulary });
    const noise = linear({ eps: 1e-3 });
    const options = {
      process,
      noise,
      schedule: uniform({ steps: 2 }),
      count: 2,
      given: [1, -1, -1, 0, -1, -1],
    };
    const samples = await sample(seen, options);
    assert.deepEqual(asked, Array(2).fill([1, 2, 4, 5, 7, 8, 10, 11]));
    assert.deepEqual(samples, await sample(network({ sparse: false, timeFree: false }), options));
  });

  it("through guidance and rows of the token after", async () => {
    const settings = { schedule: uniform({ steps: 3 }), count: 4, seed: 3, given: [1, -1, -1, -1, -1, -1] };
    const wrapped = ({ sparse }: { sparse: boolean }): Denoiser => {
      const model = nextTokenModel(network({ sparse }));
      return guided(model, unprompted(model), { scale: 1.5 });
    };
    assert.deepEqual(
      await sample(wrapped({ sparse: true }), settings),
      await sample(wrapped({ sparse: false }), settings),
    );
  });
});

describe("rows of the token after", () => {
  it("are those of the whole network, whichever are asked for", async () => {
    await fc.assert(
      fc.asyncProperty(fc.subarray([...Array(2 * length).keys()], { minLength: 1 }), async (list) => {
        const wanted = Int32Array.from(list);
        const input = {
          tokens: Int32Array.from(Array(2 * length).keys(), (at) => at % (vocabulary + 1)),
          batch: 2,
          time: Float64Array.of(1, 1),
        };
        const whole = await nextTokenModel(network({ sparse: false })).predict(input);
        const some = await nextTokenModel(network({ sparse: true })).predict({ ...input, wanted });
        forEachWanted(some, { wanted, batch: 2 }, length, (at, offset) => {
          const due = whole.data.subarray(at * vocabulary, (at + 1) * vocabulary);
          assert.deepEqual(some.data.subarray(offset, offset + vocabulary), due);
        });
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

describe("rowOffsets", () => {
  it("refuses a row that is not there, and takes no other for it", () => {
    const offsets = rowOffsets({ width: 3, positions: Int32Array.of(1, 4, 5) });
    assert.deepEqual([1, 4, 5].map(offsets), [0, 3, 6]);
    for (const at of [0, 2, 6]) assert.throws(() => offsets(at), /of 3 positions, and not of/);
  });
});

describe("onnxDenoiser", () => {
  /** A session whose row of flat index i is [10 i, 10 i + 1], fed with what `seen` shows. */
  function session(seen: Record<string, Tensor>[]) {
    return {
      inputNames: ["x", "rows"],
      outputNames: ["logits"],
      async run(fed: Record<string, Tensor>) {
        seen.push(fed);
        const rows = Array.from(fed["rows"]!.data as BigInt64Array, Number);
        const data = Float32Array.from(rows.flatMap((at) => [10 * at, 10 * at + 1]));
        return { logits: new Tensor("float32", data, [rows.length, 2]) };
      },
    } as unknown as Parameters<typeof onnxDenoiser>[0]["session"];
  }
  const inputs = { tokens: "x", rows: "rows" };
  const tokens = new Int32Array(6).fill(2);
  const time = Float64Array.of(1, 1);

  it("asks for the wanted rows, or else for all of them", async () => {
    const seen: Record<string, Tensor>[] = [];
    const denoiser = onnxDenoiser({ session: session(seen), Tensor, vocabulary: 2, length: 3, inputs });
    const some = await denoiser.predict({ tokens, batch: 2, time, wanted: Int32Array.of(1, 4) });
    assert.deepEqual([...some.positions!], [1, 4]);
    assert.deepEqual([...some.data], [10, 11, 40, 41]);
    const all = await denoiser.predict({ tokens, batch: 2, time });
    assert.equal(all.positions, undefined);
    assert.deepEqual([...all.data], [0, 1, 10, 11, 20, 21, 30, 31, 40, 41, 50, 51]);
    const none = await denoiser.predict({ tokens, batch: 2, time, wanted: new Int32Array(0) });
    assert.deepEqual([none.data.length, seen.length], [0, 2], "no call for no rows");
  });

  it("refuses a network whose rows are not chosen by that input", async () => {
    const wrong = {
      ...session([]),
      run: async () => ({ logits: new Tensor("float32", new Float32Array(12), [2, 3, 2]) }),
    };
    const denoiser = onnxDenoiser({ session: wrong, Tensor, vocabulary: 2, length: 3, inputs });
    await assert.rejects(
      async () => denoiser.predict({ tokens, batch: 2, time, wanted: Int32Array.of(1, 4) }),
      /of shape \[2, 3, 2\]; expected \[2, 2\] .*: its input rows is not one that chooses/,
    );
  });
});

describe("an imported checkpoint", () => {
  const place = scratch();
  /** The checkpoint's model with all of its rows computed at every call. */
  const dense = (model: Model): Denoiser => ({
    ...model.denoiser,
    predict: ({ wanted: _, ...input }) => model.denoiser.predict(input),
  });

  for (const [name, mask] of [["mdlm"], ["sedd"], ["duo"], ["llada"], ["dream"], ["bert", 7]] as const) {
    it(`${name}: the same samples from some rows as from all`, async () => {
      const out = join(place, name);
      await importFolder(join(fixtures, name), { out, ...(mask === undefined ? {} : { mask }) });
      const model = await loadModel(out, { threads: 1 });
      const { process, noise } = model;
      const settings = { process, noise, schedule: uniform({ steps: 6 }), count: 3, seed: 11 };
      const some = await sample(model.denoiser, settings);
      assert.deepEqual(some.tokens, (await sample(dense(model), settings)).tokens);
      await model.dispose();
    });
  }
});
