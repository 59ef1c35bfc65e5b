/** The reader of safetensors files: what it reads, and that no file makes it crash, lie or fill the memory. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { openCheckpoint } from "../src/import/safetensors/checkpoint.ts";
import { isFloat, openSafetensors } from "../src/import/safetensors/safetensors.ts";
import { scratch } from "./checkpoints.ts";
import { type Entry, fileOf } from "./safetensors-file.ts";

const place = scratch();
const path = join(place, "fuzzed.safetensors");

/** Opens the bytes as a file: undefined, or the one sentence that refuses them. */
async function refusal(bytes: Uint8Array): Promise<string | undefined> {
  writeFileSync(path, bytes);
  try {
    const file = await openSafetensors(path);
    // What is accepted can also be read, each tensor with as many numbers as its shape says.
    for (const entry of file.tensors.values()) {
      if (!isFloat(entry)) continue;
      let count = 0;
      for await (const floats of file.floats(entry)) count += floats.length;
      assert.equal(
        count,
        entry.shape.reduce((a, b) => a * b, 1),
      );
    }
    await file.close();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof Error && !(error instanceof assert.AssertionError), String(error));
    assert.match(error.message, /^[^\n]{20,1000}$/);
    assert.doesNotMatch(error.message, /undefined|\[object/);
    return error.message;
  }
}

const good: Record<string, Entry> = {
  a: { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] },
  b: { dtype: "BF16", shape: [4], data_offsets: [24, 32] },
  c: { dtype: "I64", shape: [1], data_offsets: [32, 40] },
};
const data = new Uint8Array(40).fill(7);

describe("what is read", () => {
  /** The numbers of one tensor of these bytes. */
  async function read(dtype: string, bytes: ArrayBufferView, count: number): Promise<number[]> {
    const raw = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // A first tensor of three bytes puts the second at an odd place.
    const header = {
      before: { dtype: "U8", shape: [3], data_offsets: [0, 3] },
      x: { dtype, shape: [count], data_offsets: [3, 3 + raw.length] },
    };
    writeFileSync(path, fileOf(header, Buffer.concat([new Uint8Array(3), raw])));
    const file = await openSafetensors(path);
    const entry = file.tensors.get("x")!;
    assert.ok(isFloat(entry));
    const result: number[] = [];
    for await (const floats of file.floats(entry)) for (const value of floats) result.push(value);
    await file.close();
    return result;
  }

  it("F32 is read bit by bit, F64 is rounded", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.double({ noNaN: true }), { maxLength: 20 }), async (numbers) => {
        const rounded = numbers.map(Math.fround);
        assert.deepEqual(await read("F32", Float32Array.from(numbers), numbers.length), rounded);
        assert.deepEqual(await read("F64", Float64Array.from(numbers), numbers.length), rounded);
      }),
      { numRuns: 30, seed: 1 },
    );
  });

  it("BF16 and F16 are exact", async () => {
    // (-1)^s 2^(e - bias) (1 + f): the definitions of the two, bit patterns chosen by hand.
    const bfloats = [0x0000, 0x8000, 0x3f80, 0xbf80, 0x3fc0, 0x4049, 0x0080, 0x7f80, 0x3e80];
    const values = [0, -0, 1, -1, 1.5, 3.140625, 2 ** -126, Number.POSITIVE_INFINITY, 0.25];
    assert.deepEqual(await read("BF16", Uint16Array.from(bfloats), values.length), values);
    const halves = [0x0000, 0x8000, 0x3c00, 0xbc00, 0x3e00, 0x7bff, 0x0001, 0x7c00, 0x3400];
    const wide = [0, -0, 1, -1, 1.5, 65504, 2 ** -24, Number.POSITIVE_INFINITY, 0.25];
    assert.deepEqual(await read("F16", Uint16Array.from(halves), wide.length), wide);
  });

  it("a tensor of several pieces comes whole and in order", async () => {
    const numbers = Float32Array.from({ length: 2 ** 20 + 12_345 }, (_, at) => at);
    const result = await read("F32", numbers, numbers.length);
    assert.equal(result.length, numbers.length);
    assert.ok(result.every((value, at) => value === at));
  });

  it("metadata and tensors without numbers are no obstacle", async () => {
    const header = {
      __metadata__: { format: "pt" },
      e: { dtype: "F32", shape: [0, 5], data_offsets: [0, 0] },
    };
    assert.equal(await refusal(fileOf(header, new Uint8Array(0))), undefined);
    assert.equal(await refusal(fileOf(`${JSON.stringify(good)}   `, data)), undefined);
  });
});

describe("what is refused", () => {
  it("a file cut short anywhere, or with more at its end", async () => {
    const bytes = fileOf(good, data);
    assert.equal(await refusal(bytes), undefined);
    for (let length = 0; length < bytes.length; length++) {
      assert.ok((await refusal(bytes.subarray(0, length))) !== undefined, `cut to ${length} bytes`);
    }
    assert.match((await refusal(Buffer.concat([bytes, Buffer.of(0)])))!, /end at byte 40 .* the file has 41/);
  });

  const wrong: [string, Record<string, unknown>, RegExp][] = [
    [
      "overlapping tensors",
      { b: { ...good["b"], data_offsets: [20, 28] } },
      /begins at byte 20.*expected 24/,
    ],
    ["a gap", { b: undefined }, /"c" begins at byte 32.*expected 24/],
    ["the same bytes twice", { d: good["c"] }, /"d" begins at byte 32.*expected 40/],
    ["offsets in the wrong order", { b: { ...good["b"], data_offsets: [32, 24] } }, /the first not above/],
    ["offsets that are no pair", { b: { ...good["b"], data_offsets: [24] } }, /two whole numbers/],
    ["negative offsets", { a: { ...good["a"], data_offsets: [-24, 0] } }, /two whole numbers/],
    ["more than the file has", { c: { dtype: "I64", shape: [9], data_offsets: [32, 104] } }, /cut short/],
    ["a type of another size", { a: { ...good["a"], dtype: "F64" } }, /24 bytes; expected 48 for F64/],
    ["an unknown type", { a: { ...good["a"], dtype: "F31" } }, /dtype "F31"; expected one of F64, F32/],
    ["a type from the prototype", { a: { ...good["a"], dtype: "constructor" } }, /dtype "constructor"/],
    [
      "a shape with a fraction",
      { a: { ...good["a"], shape: [1.5, 4] } },
      /shape \[1\.5,4\]; expected a list/,
    ],
    ["a negative size", { a: { ...good["a"], shape: [-2, -3] } }, /expected a list of whole numbers/],
    [
      "a shape that wraps around",
      { a: { ...good["a"], shape: [2 ** 40, 2 ** 40] } },
      /expected 4\.8.*e\+24 for/,
    ],
    ["a tensor that is a number", { a: 5 }, /expected dtype, shape and data_offsets/],
    ["a tensor that is null", { a: null }, /expected dtype, shape and data_offsets/],
  ];
  for (const [title, changes, sentence] of wrong) {
    it(title, async () => {
      assert.match((await refusal(fileOf({ ...good, ...changes }, data)))!, sentence);
    });
  }

  it("headers that claim absurd sizes, without memory for them", async () => {
    const before = process.memoryUsage().rss;
    for (const length of [2n ** 64n - 1n, 2n ** 63n, 2n ** 40n, 100_000_001n, 99_999_999n]) {
      assert.match((await refusal(fileOf(good, data, { length })))!, /claims a header of \d+ bytes/);
    }
    const huge = { x: { dtype: "F32", shape: [2 ** 50], data_offsets: [0, 2 ** 52] } };
    assert.match((await refusal(fileOf(huge, data)))!, /ends at byte 4503599627370496/);
    const grown = process.memoryUsage().rss - before;
    assert.ok(grown < 2 ** 26, `memory grew by ${grown} bytes`);
  });

  it("a pickle, a folder, a file that is not there", async () => {
    assert.match((await refusal(Buffer.from("\x80\x02}q\x00.and so on")))!, /claims a header/);
    await assert.rejects(openSafetensors(place), /it is no file; name a safetensors file/);
    await assert.rejects(openSafetensors(join(place, "none")), /there is no such file or folder/);
  });

  it("a header nested a million deep", async () => {
    assert.match((await refusal(fileOf("[".repeat(1_000_000), data)))!, /is not JSON/);
    const closed = `${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`;
    assert.match((await refusal(fileOf(closed, data)))!, /is not JSON|is no JSON object/);
  });
});

describe("fuzzed files end in a sentence or in numbers", () => {
  const whole = fc.oneof(fc.integer({ min: -8, max: 64 }), fc.maxSafeInteger(), fc.double());
  const entry = fc.record({
    dtype: fc.oneof(fc.constantFrom("F32", "F16", "BF16", "F64", "I64", "U8", "F8_E4M3", "f32"), fc.string()),
    shape: fc.oneof(fc.array(whole, { maxLength: 4 }), fc.jsonValue()),
    data_offsets: fc.oneof(fc.tuple(whole, whole), fc.array(whole, { maxLength: 3 }), fc.jsonValue()),
  });
  const name = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "__metadata__", "a\nb"));

  it("entries of any content", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(name, fc.oneof({ weight: 5, arbitrary: entry }, fc.jsonValue())),
        async (header) => {
          await refusal(fileOf(header, data));
        },
      ),
      { numRuns: 300, seed: 2 },
    );
  });

  it("a good file with bytes changed", async () => {
    const bytes = fileOf(good, data);
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const changed = bytes.slice();
        for (const [at, byte] of changes) changed[at] = byte;
        await refusal(changed);
      }),
      { numRuns: 300, seed: 3 },
    );
  });

  it("noise", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await refusal(bytes);
      }),
      { numRuns: 100, seed: 4 },
    );
  });
});

describe("a checkpoint in several files", () => {
  /** A folder with an index of this content and one good part. */
  function indexed(index: unknown): string {
    const folder = mkdtempSync(join(place, "shards-"));
    mkdirSync(join(folder, "inner"));
    for (const part of ["part.safetensors", join("inner", "part.safetensors")]) {
      writeFileSync(join(folder, part), fileOf(good, data));
    }
    writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify(index));
    return folder;
  }

  it("opens what the index names", async () => {
    const folder = indexed({ metadata: { total_size: 40 }, weight_map: { a: "part.safetensors" } });
    const { tensors, close } = await openCheckpoint(folder);
    assert.deepEqual([...tensors.keys()], ["a"]);
    await close();
  });

  const escapes = [
    "../part.safetensors",
    "inner/part.safetensors",
    "inner\\part.safetensors",
    "/etc/passwd",
    "C:part.safetensors",
    "..",
    "",
    "part.safetensors\0",
    "./part.safetensors",
    "part.bin",
    ".hidden.safetensors",
  ];
  for (const name of escapes) {
    it(`does not follow ${JSON.stringify(name)}`, async () => {
      await assert.rejects(
        openCheckpoint(indexed({ weight_map: { a: name } })),
        /^Error: [^\n]*weight_map puts tensor "a" into "[^\n]*expected the name of a \.safetensors file/,
      );
    });
  }

  const damaged: [string, unknown, RegExp][] = [
    ["names a file that is not there", { weight_map: { a: "other.safetensors" } }, /no such file or folder/],
    ["puts a tensor elsewhere", { weight_map: { z: "part.safetensors" } }, /"z" into part.*does not have it/],
    ["maps to a number", { weight_map: { a: 5 } }, /weight_map\.a is 5; expected the name of a file/],
    ["has no map", {}, /weight_map is missing; expected an object/],
    ["is a list", [], /the whole file is \[\]; expected/],
  ];
  for (const [title, index, sentence] of damaged) {
    it(`refuses an index that ${title}`, async () => {
      await assert.rejects(openCheckpoint(indexed(index)), sentence);
    });
  }

  it("says what to do with a pickled checkpoint or an empty folder", async () => {
    const folder = mkdtempSync(join(place, "empty-"));
    await assert.rejects(openCheckpoint(folder), /has no model\.safetensors and no .*fetch the checkpoint/);
    writeFileSync(join(folder, "pytorch_model.bin"), "");
    await assert.rejects(
      openCheckpoint(folder),
      /pytorch_model\.bin is a program.*convert it to safetensors/,
    );
  });
});
