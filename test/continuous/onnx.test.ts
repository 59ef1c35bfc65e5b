import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import {
  type Denoiser,
  ddim,
  guided,
  logSnr,
  type PredictionKind,
  sample,
} from "../../src/continuous/index.ts";
import {
  type OnnxContinuousDenoiserOptions,
  type OnnxSession,
  onnxContinuousDenoiser,
} from "../../src/onnx/index.ts";
import { noise, target } from "./bench.ts";

// The fixtures are lines: y[b] = x[b] / 2 + t[b] W, W = [0 .. 5] / 4, see ../fixtures/onnx-continuous/make.py.
const shape = [2, 3];
const dimension = 6;
const line = (x: number, t: number, d: number): number => x / 2 + (t * d) / 4;

const open = (name: string): Promise<InferenceSession> =>
  InferenceSession.create(
    fileURLToPath(new URL(`../fixtures/onnx-continuous/${name}.onnx`, import.meta.url)),
    { executionProviders: ["cpu"], intraOpNumThreads: 1, logSeverityLevel: 4 },
  );

type Changes = Partial<OnnxContinuousDenoiserOptions>;

const described = { Tensor, shape, inputs: { x: "x", time: "t" }, output: "y", prediction: "eps" } as const;

const fixture = async (name: string, changes: Changes = {}): Promise<Denoiser> =>
  onnxContinuousDenoiser({ session: await open(name), name, ...described, ...changes });

/** Rows of small multiples of 1/8, exact in half precision, each with a time of its own. */
function noised(batch: number, { shift = 0, size = dimension } = {}) {
  const x = Float64Array.from({ length: batch * size }, (_, at) => (((at + shift) * 5) % 17) / 8 - 1);
  const time = Float64Array.from({ length: batch }, (_, row) => ((row + shift) % 4) / 4 + 0.25);
  return { x, batch, time, alpha: time.map(noise.alpha), sigma: time.map(noise.sigma) };
}

/** What the line makes of rows; `and` is added to every number. */
const onLine = ({ x, time }: { x: Float64Array; time: Float64Array }, and = (_d: number) => 0): number[] =>
  Array.from(x, (value, at) => {
    const d = at % dimension;
    return line(value, time[Math.floor(at / dimension)]!, d) + and(d);
  });

for (const preallocate of [false, true]) {
  for (const name of ["linear", "float16", "float64"]) {
    test(`${name}: every row at its own time, at every batch size, preallocate ${preallocate}`, async () => {
      const denoiser = await fixture(name, { preallocate });
      assert.equal(denoiser.dimension, dimension);
      const before: [Float64Array, number[]][] = [];
      for (const batch of [1, 3, 2, 8, 8]) {
        const input = noised(batch, { shift: batch });
        const kept = structuredClone(input);
        const eps = await denoiser.predict(input);
        assert.deepEqual(Array.from(eps), onLine(input));
        assert.deepEqual(input, kept, "the input is not changed");
        before.push([eps, onLine(input)]);
      }
      for (const [eps, expected] of before)
        assert.deepEqual(Array.from(eps), expected, "later calls left it");
    });
  }
}

test("the time is fed as timeScale t + timeShift", async () => {
  const inputs = { x: "x", time: "t", timeScale: 8, timeShift: -1 };
  const input = noised(3);
  const expected = onLine({ ...input, time: input.time.map((t) => 8 * t - 1) });
  assert.deepEqual(Array.from(await (await fixture("linear", { inputs })).predict(input)), expected);
});

const exactly: Record<PredictionKind, (x: number, eps: number, alpha: number, sigma: number) => number> = {
  eps: (_, eps) => eps,
  x0: (x, eps, alpha, sigma) => (x - sigma * eps) / alpha,
  v: (x, eps, alpha, sigma) => alpha * eps - (sigma * (x - sigma * eps)) / alpha,
  score: (_, eps, __, sigma) => -eps / sigma,
};
for (const kind of Object.keys(exactly) as PredictionKind[]) {
  test(`a network that predicts ${kind} becomes the denoiser it was made of`, async () => {
    // A session of the mixture's own answers in float32, which sees what a network sees: x and a time in 0 .. 999.
    const fed: string[] = [];
    const session: OnnxSession = {
      inputNames: ["sample", "timestep"],
      outputNames: ["out"],
      async run(feeds) {
        const { sample: xs, timestep } = feeds as Record<string, Tensor>;
        fed.push(`${xs!.type} ${xs!.dims} ${timestep!.type} ${timestep!.dims}`);
        const time = Float64Array.from(timestep!.data as Float32Array, (step) => (step + 1) / 1000);
        const [alpha, sigma] = [time.map(noise.alpha), time.map(noise.sigma)];
        const x = Float64Array.from(xs!.data as Float32Array);
        const eps = await target.predict({ x, batch: time.length, time, alpha, sigma });
        const out = eps.map((value, at) => exactly[kind](x[at]!, value, alpha[at >> 1]!, sigma[at >> 1]!));
        return { out: new Tensor("float32", Float32Array.from(out), xs!.dims) };
      },
    };
    const denoiser = onnxContinuousDenoiser({
      session,
      Tensor,
      shape: [1, 2],
      inputs: { x: "sample", time: "timestep", timeScale: 1000, timeShift: -1 },
      output: "out",
      prediction: kind,
    });
    const input = noised(4, { size: 2 });
    const [mine, exact] = [await denoiser.predict(input), await target.predict(input)];
    // x and the times are exact in float32, so that only its answer is rounded.
    mine.forEach((eps, at) => {
      assert.ok(
        Math.abs(eps - exact[at]!) < 1e-6 * Math.max(1, Math.abs(exact[at]!)),
        `${eps}, ${exact[at]}`,
      );
    });
    assert.deepEqual(fed, ["float32 4,1,2 float32 4"]);
    const { x } = await sample(denoiser, {
      noise,
      schedule: logSnr({ steps: 5 }),
      sampler: ddim(),
      count: 3,
    });
    const { x: truth } = await sample(target, {
      noise,
      schedule: logSnr({ steps: 5 }),
      sampler: ddim(),
      count: 3,
    });
    x.forEach((value, at) => {
      assert.ok(Math.abs(value - truth[at]!) < 1e-4, `${value}, ${truth[at]}`);
    });
  });
}

const label = (k: number) => (d: number) => (dimension * k + d) % 7;

test("a fixed label is fed for every row, and two of them on one session are guidance", async () => {
  const session = await open("labelled");
  const made = (k: number) => onnxContinuousDenoiser({ session, ...described, fixed: { label: k } });
  for (const batch of [2, 5, 1]) {
    const input = noised(batch);
    assert.deepEqual(Array.from(await made(2).predict(input)), onLine(input, label(2)));
    const both = guided({ conditional: made(3), unconditional: made(1), scale: 4 });
    const expected = onLine(input, (d) => label(1)(d) + 4 * (label(3)(d) - label(1)(d)));
    assert.deepEqual(Array.from(await both.predict(input)), expected);
  }
  const tensor = new Tensor("int64", BigInt64Array.of(2n), [1]);
  const fed = onnxContinuousDenoiser({ session, ...described, fixed: { label: tensor } });
  assert.deepEqual(Array.from(await fed.predict(noised(3))), onLine(noised(3), label(2)));
});

test("fixed tensors: one row is repeated where the model has a batch, others are fed as they are", async () => {
  const embedding = new Tensor("float32", Float32Array.of(1, -2, 4), [1, 1, 3]);
  const bias = new Tensor("float32", Float32Array.of(1, -2, 4), [1, 3]);
  const added = (d: number): number => [1, -2, 4][d % 3]!;
  const input = noised(4);
  const embedded = await fixture("embedded", { fixed: { context: embedding } });
  assert.deepEqual(Array.from(await embedded.predict(input)), onLine(input, added));
  const biased = await fixture("biased", { fixed: { bias } });
  assert.deepEqual(Array.from(await biased.predict(input)), onLine(input, added));
  const scaled = await fixture("scaled", { fixed: { scale: 0.5 } });
  assert.deepEqual(
    Array.from(await scaled.predict(input)),
    onLine(input).map((y) => y / 2),
  );
});

const refusedAtOnce: [string, string, Changes, RegExp][] = [
  ["another x", "linear", { inputs: { x: "z", time: "t" } }, /no input "z".*are "x", "t".*inputs\.x/],
  ["another time", "linear", { inputs: { x: "x", time: "s" } }, /no input "s".*inputs\.time/],
  ["another output", "linear", { output: "eps" }, /no output "eps".*are "y".*the prediction/],
  ["an input nobody speaks of", "labelled", {}, /also takes an input "label".*give fixed\["label"\]/],
  ["a fixed input it lacks", "linear", { fixed: { label: 1 } }, /no input "label".*a key of fixed/],
  ["a fixed x", "linear", { fixed: { x: 1 } }, /fixed\["x"\] is an input of linear that changes/],
  ["half a label", "labelled", { fixed: { label: 1.5 } }, /fixed\["label"\] = 1.5;.*int64.*whole number/],
  [
    "a label of another type",
    "labelled",
    { fixed: { label: new Tensor("float32", [1], [1]) } },
    /takes "label" as int64; got float32/,
  ],
  ["another shape", "linear", { shape: [3, 2] }, /float32 \[batch, 2, 3\]; expected float32 \[batch, 3, 2\]/],
  ["a shape of fewer axes", "linear", { shape: [6] }, /expected float32 \[batch, 6\].*correct the shape/],
  ["no shape", "linear", { shape: [] }, /shape = \[\]; expected the sizes of one sample/],
  ["a fractional shape", "linear", { shape: [2, 1.5] }, /shape = \[2, 1.5\]; expected/],
  ["a batch of one only", "fixed-batch", {}, /\[1, 2, 3\]; expected .* with a batch of any size/],
  ["whole times", "whole-time", {}, /takes "t" as int64 \[batch\]; expected float32 \[batch\]/],
  ["one time for all rows", "one-time", {}, /takes "t" as float32 \[1\]; expected float32 \[batch\]/],
  ["an output of another shape", "flat", {}, /returns y of shape \[batch, 6\]; expected \[batch, 2, 3\]/],
  [
    "a time without an end",
    "linear",
    { inputs: { x: "x", time: "t", timeScale: Infinity } },
    /inputs\.timeScale = Infinity; expected a finite number/,
  ],
  [
    "an unknown prediction",
    "linear",
    { prediction: "noise" as PredictionKind },
    /prediction = "noise"; expected "eps", "x0", "v" or "score"/,
  ],
];
for (const [what, name, changes, sentence] of refusedAtOnce) {
  test(`refused at once: ${what}`, async () => {
    const { message } = (await fixture(name, changes).catch((error: Error) => error)) as Error;
    assert.match(message, sentence);
    assert.ok(message.startsWith("onnxContinuousDenoiser: ") && !message.includes("\n"), message);
  });
}

test("without metadata the first call refuses a wrong shape, and whole numbers", async () => {
  const bare = async (name: string, changes: Changes = {}): Promise<Denoiser> => {
    const { inputNames, outputNames, ...session } = await open(name).then((whole) => ({
      inputNames: whole.inputNames,
      outputNames: whole.outputNames,
      run: whole.run.bind(whole),
    }));
    return fixture(name, { session: { inputNames, outputNames, ...session }, ...changes });
  };
  await assert.rejects(
    async () => (await bare("flat")).predict(noised(2)),
    /flat returns y of shape \[2, 6\]; expected \[2, 2, 3\]: correct the shape/,
  );
  await assert.rejects(
    async () => (await fixture("integers")).predict(noised(1)),
    /returns y as int32; expected float32, float64 or float16/,
  );
  // A number without metadata is a whole one for every row.
  const input = noised(3);
  const labelled = await bare("labelled", { fixed: { label: 3 } });
  assert.deepEqual(Array.from(await labelled.predict(input)), onLine(input, label(3)));
});

test("a failure of the runtime is one sentence that names the model and keeps the cause; the next call runs", async () => {
  const denoiser = await fixture("labelled", { fixed: { label: 99 } });
  const error = await Promise.resolve(denoiser.predict(noised(2))).catch((thrown: Error) => thrown);
  assert.ok(error instanceof Error && error.cause instanceof Error);
  assert.match(
    error.message,
    /^onnxContinuousDenoiser: labelled failed on 2 samples of \[2, 3\] at time 0.25: .*and what is fixed$/,
  );
  assert.ok(!error.message.includes("\n"));
});

test("calls made at once, of two denoisers on one session, wait for each other", async () => {
  const real = await open("labelled");
  let running = 0;
  const session: OnnxSession = {
    inputNames: real.inputNames,
    outputNames: real.outputNames,
    async run(feeds: InferenceSession.FeedsType) {
      assert.equal(running++, 0, "a session runs one call at a time");
      await new Promise((resolve) => setImmediate(resolve));
      const results = await real.run(feeds);
      running--;
      return results;
    },
  };
  const made = [1, 2].map((k) => onnxContinuousDenoiser({ session, ...described, fixed: { label: k } }));
  const inputs = [0, 1, 2, 3].map((shift) => noised(2 + shift, { shift }));
  const all = await Promise.all(inputs.map((input, i) => made[i % 2]!.predict(input)));
  all.forEach((eps, i) => {
    assert.deepEqual(Array.from(eps), onLine(inputs[i]!, label(1 + (i % 2))));
  });
});
