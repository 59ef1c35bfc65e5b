/** Weights in fewer bytes: what is stored against what was asked for, and what ONNX Runtime makes of it. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { embedding, linear } from "../src/import/layers.ts";
import { type Net, net } from "../src/import/net.ts";
import { graph, type Initializer, type Value } from "../src/import/onnx-file/graph.ts";
import { writeOnnx } from "../src/import/onnx-file/write-onnx.ts";
import { halvesFrom } from "../src/import/weight-formats/halves.ts";
import { type WeightFormatName, weightFormatNames } from "../src/import/weight-formats/weight-format.ts";
import type { Weights } from "../src/import/weights.ts";
import { widenInto } from "../src/onnx/half-floats.ts";
import { scratch } from "./checkpoints.ts";
import { type Stored, storedIn } from "./stored-tensors.ts";

const place = scratch();
const smaller = weightFormatNames.filter((format) => format !== "fp32");

/** Numbers without a pattern, about as normal weights are, with a row and a block of zeros and a few large ones. */
function numbers(count: number, seed: number): Float32Array<ArrayBuffer> {
  const noise = (at: number): number => (Math.sin(12.9898 * (at + 1) + 78.233 * seed) * 43758.5453) % 1;
  return Float32Array.from({ length: count }, (_, at) => {
    if (at % 1000 >= 192 && at % 1000 < 300) return 0;
    return (at % 97 === 5 ? 4 : 1) * (noise(at) + noise(at + 0.5) + noise(at + 0.25));
  });
}

/** An initializer that comes in pieces of this many numbers. */
function inPieces(name: string, shape: readonly number[], data: Float32Array, size: number): Initializer {
  return {
    name,
    type: "float32",
    shape,
    bytes: data.byteLength,
    *pieces() {
      for (let at = 0; at < data.length; at += size) {
        const piece = data.slice(at, at + size); // A piece of its own: it is the caller's for a while only.
        yield new Uint8Array(piece.buffer);
        piece.fill(Number.NaN);
      }
    },
  };
}

function weightsOf(tensors: Readonly<Record<string, Float32Array>>, size = 2 ** 20): Weights {
  return {
    take: (name, shape) => inPieces(String(name), shape, tensors[String(name)]!, size),
    has: () => true,
    unused: () => [],
    parameters: () => 0,
  };
}

/** Writes a network of one layer over x [rows, from] or over tokens, and opens it. */
async function written(
  format: WeightFormatName,
  tensors: Readonly<Record<string, Float32Array>>,
  build: (net: Net) => Value,
  { size, dims = ["rows", "width"] }: { size?: number; dims?: string[] } = {},
): Promise<{ path: string; bytes: Uint8Array }> {
  const network = graph("layer");
  network.output("y", build(net(network, weightsOf(tensors, size), format)), dims);
  const folder = mkdtempSync(join(place, "layer-"));
  await writeOnnx(network, { folder });
  const path = join(folder, "model.onnx");
  return { path, bytes: readFileSync(path) };
}

/** y of x [n, from], for which unused inputs are filled with one token. */
async function run(
  path: string,
  { x, from, tokens = [0] }: { x?: Float32Array; from?: number; tokens?: readonly number[] },
): Promise<Float32Array> {
  const session = await InferenceSession.create(path, { intraOpNumThreads: 1 });
  const ids = new Tensor("int64", BigInt64Array.from(tokens, BigInt), [1, tokens.length]);
  const input = x ? { input: new Tensor("float32", x, [x.length / from!, from!]) } : {};
  const { y } = await session.run({ x: ids, rows: new Tensor("int64", [0n], [1]), ...input });
  const result = Float32Array.from(y!.data as Float32Array);
  await session.release();
  return result;
}

const view = ({ rawData }: Stored): DataView =>
  new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);

/** The numbers that a stored half stands for, by its definition. */
function half(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** What is stored of a matrix [count, width], as numbers, and one step of each code. */
function decoded(
  tensors: Map<string, Stored>,
  { name, count, width }: { name: string; count: number; width: number },
): { values: Float64Array; steps: Float64Array; codes?: Int8Array } {
  const values = new Float64Array(count * width);
  const steps = new Float64Array(count * width);
  const halves = tensors.get(`${name}/halves`);
  const bytes = tensors.get(`${name}/codes`);
  const nibbles = tensors.get(`${name}/codes4`);
  const blocks = Math.ceil(width / 32);
  for (let at = 0; at < values.length; at++) {
    const [row, column] = [Math.floor(at / width), at % width];
    if (halves) {
      values[at] = half(view(halves).getUint16(2 * at, true));
      steps[at] = Math.max(2 ** -24, 2 ** (Math.floor(Math.log2(Math.abs(values[at]) || 2 ** -24)) - 10));
    } else if (bytes) {
      steps[at] = view(tensors.get(`${name}/scales`)!).getFloat32(4 * row, true);
      values[at] = steps[at]! * view(bytes).getInt8(at);
    } else {
      const block = row * blocks + Math.floor(column / 32);
      const inBlock = view(nibbles!).getUint8(16 * block + Math.floor((column % 32) / 2));
      const zeroAt = Math.floor(column / 32);
      const zeros = view(tensors.get(`${name}/zeros4`)!).getUint8(
        row * Math.ceil(blocks / 2) + (zeroAt >> 1),
      );
      const code = column % 2 === 0 ? inBlock & 15 : inBlock >> 4;
      const zero = zeroAt % 2 === 0 ? zeros & 15 : zeros >> 4;
      steps[at] = view(tensors.get(`${name}/scales4`)!).getFloat32(4 * block, true);
      values[at] = steps[at]! * (code - zero);
    }
  }
  const codes = bytes && Int8Array.from(bytes.rawData);
  return { values, steps, ...(codes ? { codes } : {}) };
}

const shapes = [
  { from: 64, to: 48, rows: 9 },
  { from: 84, to: 33, rows: 5 },
  { from: 31, to: 7, rows: 3 },
  { from: 130, to: 5, rows: 40 },
  { from: 1, to: 2, rows: 1 },
];

for (const format of smaller) {
  for (const { from, to, rows } of shapes) {
    describe(`${format}, a matrix of ${to} x ${from}`, async () => {
      const tensors = { "w.weight": numbers(to * from, 1), "w.bias": numbers(to, 2) };
      const { path } = await written(format, tensors, (made) =>
        linear(made, made.graph.input("input", "float32", ["n", from]), "w", { from, to }),
      );
      const stored = storedIn(path);
      const { values, steps, codes } = decoded(stored, { name: "w.weight", count: to, width: from });
      const x = numbers(rows * from, 3);

      it("stands for the weights, each within half a step", () => {
        tensors["w.weight"].forEach((weight, at) => {
          const off = Math.abs(values[at]! - weight);
          // The ends of a block of 4 bits may be left out: 5 % of a range of 15 / 0.9 steps on either side.
          const most = format === "int4" ? 0.5 + 0.5 + (0.05 * 15) / 0.9 : 0.5;
          assert.ok(off <= most * steps[at]! * (1 + 1e-6), `${values[at]} for ${weight}, steps ${steps[at]}`);
        });
      });

      it("is multiplied as it is stored", async () => {
        const y = await run(path, { x, from });
        for (let n = 0; n < rows; n++) {
          const row = Array.from(x.subarray(n * from, (n + 1) * from));
          // Activations of int8 go in as multiples of a 127th of the largest of their row.
          const step = Math.max(...row.map(Math.abs)) / 127;
          const read = format === "int8" ? row.map((value) => step * Math.round(value / (step || 1))) : row;
          for (let i = 0; i < to; i++) {
            let [sum, exact, size] = [tensors["w.bias"][i]!, tensors["w.bias"][i]!, 0];
            for (let j = 0; j < from; j++) {
              sum += read[j]! * values[i * from + j]!;
              exact += row[j]! * values[i * from + j]!;
              size += Math.abs(values[i * from + j]!);
            }
            const found = y[n * to + i]!;
            assert.ok(Math.abs(found - sum) <= 2e-6 * (1 + size * step * 127), `${found}; expected ${sum}`);
            if (format === "int8") assert.ok(Math.abs(found - exact) <= (step / 2) * size + 1e-5);
          }
        }
      });

      if (codes) {
        it("has codes that no pair of which overflows 16 bits", () => {
          const largest = Math.max(...codes.map(Math.abs));
          assert.ok(largest >= 80 && largest <= 127, `the largest code is ${largest}`);
          for (let at = 0; at < codes.length; at++) {
            if ((at % from) % 2 === 0 || at === 0) continue;
            assert.ok(255 * Math.abs(codes[at - 1]! + codes[at]!) <= 32_767);
          }
        });
      }
    });
  }

  it(`${format}: a row does not depend on the rows beside it, and zeros give the bias`, async () => {
    const [from, to] = [96, 24];
    const tensors = { "w.weight": numbers(to * from, 4), "w.bias": numbers(to, 5) };
    const { path } = await written(format, tensors, (made) =>
      linear(made, made.graph.input("input", "float32", ["n", from]), "w", { from, to }),
    );
    const x = numbers(6 * from, 6);
    x.fill(0, 2 * from, 3 * from);
    const large = x.map((value, at) => (at < from ? 1e4 * value : value));
    const [y, other] = [await run(path, { x, from }), await run(path, { x: large, from })];
    assert.deepEqual(other.subarray(to), y.subarray(to));
    assert.deepEqual(y.subarray(2 * to, 3 * to), tensors["w.bias"]);
  });

  it(`${format}: rows of a table`, async () => {
    const [count, width] = [11, 84];
    const { path } = await written(
      format,
      { t: numbers(count * width, 7) },
      (made) => embedding(made, "t", { count, width }),
      { dims: ["batch", "length", "width"] },
    );
    const { values } = decoded(storedIn(path), { name: "t", count, width });
    const tokens = [3, 0, 10, 3];
    const y = await run(path, { tokens });
    const expected = tokens.flatMap((token) => [...values.subarray(token * width, (token + 1) * width)]);
    assert.deepEqual(Array.from(y), Array.from(Float32Array.from(expected)));
  });

  it(`${format}: the same bytes whatever pieces the weights come in`, async () => {
    const [from, to] = [84, 33];
    const tensors = { "w.weight": numbers(to * from, 8), "w.bias": numbers(to, 9) };
    const layer = (made: Net): Value =>
      linear(made, made.graph.input("input", "float32", ["n", from]), "w", { from, to });
    const whole = await written(format, tensors, layer);
    for (const size of [1, 5, 83, 84, 85, 168, 1000, to * from]) {
      assert.deepEqual((await written(format, tensors, layer, { size })).bytes, whole.bytes, `${size}`);
    }
  });
}

it("what is kept beside the codes is also there when it is asked for alone", async () => {
  const data = numbers(6 * 70, 1);
  for (const format of ["int8", "int4"] as const) {
    const tensors = async (order: (all: readonly Initializer[]) => readonly Initializer[]) => {
      const network = graph("layer");
      const made = net(network, weightsOf({ w: data }, 50), format);
      linear(made, network.input("input", "float32", ["n", 70]), "w", {
        from: 70,
        to: 6,
        weight: "w",
        bias: false,
      });
      const found: [string, Buffer][] = [];
      for (const { name, pieces } of order(network.finished().initializers)) {
        const parts: Buffer[] = [];
        for await (const piece of pieces()) parts.push(Buffer.from(piece));
        found.push([name, Buffer.concat(parts)]);
      }
      return new Map(found);
    };
    const forward = await tensors((all) => all);
    const backward = await tensors((all) => all.toReversed());
    for (const [name, bytes] of forward) assert.deepEqual(backward.get(name), bytes, name);
  }
});

describe("halves", () => {
  it("every half is itself", () => {
    const all = Uint16Array.from({ length: 65_536 }, (_, bits) => bits).filter(
      (bits) => (bits & 0x7c00) < 0x7c00,
    );
    const wide = new Float32Array(all.length);
    widenInto(wide, all);
    assert.deepEqual(halvesFrom(wide, "t"), all);
    assert.deepEqual(Float32Array.from(all, half), wide);
  });

  it("between two the nearest, in the middle the even one", () => {
    for (const bits of [0, 1, 2, 511, 1022, 1023, 1024, 1025, 15_360, 20_001, 31_741, 31_742]) {
      const [low, high] = [half(bits), half(bits + 1)];
      const middle = (low + high) / 2;
      const quarter = (high - low) / 4;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const found = halvesFrom(Float32Array.of(middle - quarter, middle, middle + quarter, -middle), "t");
      assert.deepEqual([...found], [bits, even, bits + 1, even | 0x8000]);
    }
  });

  it("ends at 65504", () => {
    assert.equal(half(halvesFrom(Float32Array.of(65_519), "t")[0]!), 65_504);
    assert.throws(
      () => halvesFrom(Float32Array.of(1, -65_520), "a.b"),
      /^RangeError: tensor "a\.b" holds -65520, /,
    );
  });
});
