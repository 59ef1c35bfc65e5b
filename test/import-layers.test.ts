/** Layers as ONNX Runtime runs them, against float64 loops that read as the formulas do. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { attention, notPadding, rotary, windowBias } from "../src/import/attention.ts";
import { gelu, rmsNorm, silu } from "../src/import/layers.ts";
import { type Net, net } from "../src/import/net.ts";
import { type Graph, graph, type Value } from "../src/import/onnx-file/graph.ts";
import { writeOnnx } from "../src/import/onnx-file/write-onnx.ts";
import type { Weights } from "../src/import/weights.ts";
import { scratch } from "./checkpoints.ts";

const place = scratch();
let written = 0;

/** Weights that are all 0, 0.5, 1, 1.5, ... */
const counting: Weights = {
  take(name, shape) {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) => at / 2);
    const bytes = new Uint8Array(data.buffer);
    return { name: String(name), type: "float32", shape, bytes: bytes.length, pieces: () => [bytes] };
  },
  has: () => true,
  unused: () => [],
  parameters: () => 0,
};

/** Runs a network over tokens [batch, length] and float inputs [rows, width]. */
async function run(
  build: (net: Net, inputs: Value[]) => Value,
  { tokens, inputs }: { tokens: number[][]; inputs: { data: Float32Array; width: number }[] },
): Promise<Float32Array> {
  const network: Graph = graph("layers");
  const made = net(network, counting);
  const values = inputs.map(({ width }, at) => network.input(`input${at}`, "float32", ["rows", width]));
  network.output("y", build(made, values), ["rows", "width"]);
  const folder = join(place, String(written++));
  mkdirSync(folder);
  await writeOnnx(network, { folder });
  const session = await InferenceSession.create(join(folder, "model.onnx"), { intraOpNumThreads: 1 });
  const shape = [tokens.length, tokens[0]!.length];
  const fed: Record<string, Tensor> = {
    x: new Tensor("int64", BigInt64Array.from(tokens.flat(), BigInt), shape),
  };
  inputs.forEach(({ data, width }, at) => {
    fed[`input${at}`] = new Tensor("float32", data, [data.length / width, width]);
  });
  const { y } = await session.run(fed);
  const result = Float32Array.from(y!.data as Float32Array);
  await session.release();
  return result;
}

/** Numbers between -2 and 2 without a pattern. */
function numbers(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, at) => 2 * Math.sin(12.9898 * (at + 1) * (seed + 1)));
}

function closeTo(found: Float32Array, expected: readonly number[], atol: number): void {
  assert.equal(found.length, expected.length);
  expected.forEach((value, at) => {
    assert.ok(Math.abs(found[at]! - value) <= atol, `${found[at]} at ${at}; expected ${value}`);
  });
}

interface Shape {
  readonly tokens: number[][];
  readonly heads: number;
  readonly keyHeads: number;
  readonly size: number;
  readonly base?: number;
  readonly pad?: number;
  readonly reach?: number;
}

/** Attention as fixtures/ckpt/README.md states it, one query at a time. */
function expectedAttention(
  [q, k, v]: readonly Float32Array[],
  { tokens, heads, keyHeads, size, base, pad, reach }: Shape,
): number[] {
  const length = tokens[0]!.length;
  const turned = (
    from: Float32Array,
    row: number,
    head: number,
    count: number,
    position: number,
  ): number[] => {
    const x = Array.from(from.subarray((row * count + head) * size, (row * count + head + 1) * size));
    if (base === undefined) return x;
    const half = size / 2;
    return x.map((value, at) => {
      const j = at % half;
      const angle = position * base ** ((-2 * j) / size);
      const other = at < half ? -x[at + half]! : x[at - half]!;
      return value * Math.cos(angle) + other * Math.sin(angle);
    });
  };
  const result: number[] = [];
  tokens.forEach((sequence, b) => {
    for (let p = 0; p < length; p++) {
      for (let head = 0; head < heads; head++) {
        const keyHead = Math.floor(head / (heads / keyHeads));
        const query = turned(q!, b * length + p, head, heads, p);
        const weights = sequence.map((token, at) => {
          if (token === pad || (reach !== undefined && Math.abs(p - at) > reach)) return 0;
          const key = turned(k!, b * length + at, keyHead, keyHeads, at);
          return Math.exp(key.reduce((sum, value, j) => sum + value * query[j]!, 0) / Math.sqrt(size));
        });
        const total = weights.reduce((a, w) => a + w, 0);
        for (let j = 0; j < size; j++) {
          const value = (at: number): number => v![((b * length + at) * keyHeads + keyHead) * size + j]!;
          result.push(weights.reduce((sum, weight, at) => sum + weight * value(at), 0) / total);
        }
      }
    }
  });
  return result;
}

const tokens = (batch: number, length: number): number[][] =>
  Array.from({ length: batch }, (_, b) => Array.from({ length }, (_, at) => (at + b) % 5));

const shapes: [string, Shape][] = [
  ["plain", { tokens: tokens(2, 7), heads: 3, keyHeads: 3, size: 5 }],
  ["rotary, 14 channels a head", { tokens: tokens(2, 24), heads: 6, keyHeads: 6, size: 14, base: 10_000 }],
  ["rotary, 2 channels a head", { tokens: tokens(1, 9), heads: 1, keyHeads: 1, size: 2, base: 100 }],
  ["grouped heads", { tokens: tokens(2, 11), heads: 6, keyHeads: 2, size: 16, base: 500_000 }],
  ["one key head", { tokens: tokens(1, 5), heads: 4, keyHeads: 1, size: 8 }],
  ["padding", { tokens: tokens(2, 9), heads: 2, keyHeads: 2, size: 8, pad: 3 }],
  ["a window", { tokens: tokens(2, 24), heads: 6, keyHeads: 6, size: 16, base: 10_000, reach: 5 }],
  ["window and padding", { tokens: tokens(2, 12), heads: 2, keyHeads: 2, size: 4, reach: 2, pad: 1 }],
  ["longer than a block", { tokens: tokens(1, 300), heads: 2, keyHeads: 2, size: 32, base: 10_000 }],
];

describe("attention", () => {
  for (const [title, shape] of shapes) {
    it(title, async () => {
      const { heads, keyHeads, size, base, pad, reach } = shape;
      const rows = shape.tokens.flat().length;
      const inputs = [heads, keyHeads, keyHeads].map((count, seed) => ({
        data: numbers(rows * count * size, seed),
        width: count * size,
      }));
      const found = await run(
        (net, [q, k, v]) =>
          attention(net, [q!, k!, v!], {
            heads,
            keyHeads,
            size,
            ...(base === undefined ? {} : { rotary: rotary(net, { size, base }) }),
            ...(pad === undefined ? {} : { seen: notPadding(net, pad) }),
            ...(reach === undefined ? {} : { bias: windowBias(net, reach) }),
          }),
        { tokens: shape.tokens, inputs },
      );
      const data = inputs.map(({ data }) => data);
      closeTo(found, expectedAttention(data, shape), 1e-5);
    });
  }
});

describe("functions of single numbers and rows", () => {
  const data = numbers(24, 3).map((value) => 3 * value);
  const one = async (build: (net: Net, x: Value) => Value): Promise<Float32Array> =>
    run((net, [x]) => build(net, x!), { tokens: [[0]], inputs: [{ data, width: 6 }] });
  const each = (of: (x: number) => number): number[] => Array.from(data, of);

  it("silu", async () => {
    closeTo(
      await one(silu),
      each((x) => x / (1 + Math.exp(-x))),
      2e-6,
    );
  });

  it("gelu with tanh", async () => {
    const inner = (x: number): number => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
    closeTo(
      await one((net, x) => gelu(net, x, { tanh: true })),
      each((x) => (x / 2) * (1 + Math.tanh(inner(x)))),
      2e-6,
    );
  });

  it("gelu with erf, by Simpson's rule", async () => {
    const erf = (x: number): number => {
      const steps = 400;
      const f = (u: number): number => (2 / Math.sqrt(Math.PI)) * Math.exp(-u * u);
      let sum = f(0) + f(x);
      for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * f((x * i) / steps);
      return (sum * x) / steps / 3;
    };
    closeTo(
      await one((net, x) => gelu(net, x)),
      each((x) => (x / 2) * (1 + erf(x / Math.SQRT2))),
      2e-6,
    );
  });

  it("rmsNorm", async () => {
    const expected = each((x) => x);
    for (let row = 0; row < 4; row++) {
      const own = expected.slice(row * 6, row * 6 + 6);
      const scale = Math.sqrt(own.reduce((sum, x) => sum + x * x, 0) / 6 + 0.1);
      for (const [j, x] of own.entries()) expected[row * 6 + j] = (x / scale) * (j / 2);
    }
    closeTo(await one((net, x) => rmsNorm(net, x, "norm", { width: 6, eps: 0.1 })), expected, 2e-6);
  });
});
