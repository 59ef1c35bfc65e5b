/**
 * A real safetensors file, damaged: every import ends either in what the file says, read independently here, or in
 * one sentence with nothing written; and no file takes memory that it does not have.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isFloat, openSafetensors } from "../src/import/safetensors/safetensors.ts";
import { changedCopy, fixtures, scratch } from "./checkpoints.ts";
import { refusal } from "./refused-import.ts";

const place = scratch();
const WEIGHTS = "model.safetensors";
const genuine = readFileSync(join(fixtures, "modernbert", WEIGHTS));
const headerEnd = 8 + Number(genuine.readBigUInt64LE(0));

/** A folder whose weights are replaced again and again. */
const folder = changedCopy(place, "modernbert");
const path = join(folder, WEIGHTS);

/**
 * What a file holds by the letter of the format, or undefined if it is no such file: a count for every byte of the
 * data, and JSON whose keys are counted by their text.
 */
function byTheLetter(bytes: Buffer): Map<string, { type: string; data: Buffer }> | undefined {
  if (bytes.length < 8) return undefined;
  const length = bytes.readBigUInt64LE(0);
  if (8n + length > BigInt(bytes.length)) return undefined;
  const text = bytes.subarray(8, 8 + Number(length));
  const data = bytes.subarray(8 + Number(length));
  if (text[0] !== 0x7b || !Buffer.from(text.toString("utf8"), "utf8").equals(text)) return undefined;
  let header: Record<string, { dtype: string; shape: number[]; data_offsets: number[] }>;
  try {
    header = JSON.parse(text.toString("utf8"));
  } catch {
    return undefined;
  }
  const sizes: Record<string, number> = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1 };
  Object.assign(sizes, { U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1, F8_E4M3: 1, F8_E5M2: 1 });
  const covered = new Uint8Array(data.length);
  const tensors = new Map<string, { type: string; data: Buffer }>();
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  for (const [name, tensor] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const { dtype, shape, data_offsets: offsets } = tensor ?? {};
    if (!Array.isArray(shape) || !shape.every(isCount) || !Object.hasOwn(sizes, dtype)) return undefined;
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) return undefined;
    const [begin, end] = offsets as [number, number];
    const count = shape.reduce((product, size) => product * BigInt(size), 1n);
    if (begin > end || end > data.length || BigInt(end - begin) !== count * BigInt(sizes[dtype]!))
      return undefined;
    for (let at = begin; at < end; at++) covered[at]!++;
    tensors.set(name, { type: dtype, data: data.subarray(begin, end) });
  }
  return covered.every((count) => count === 1) ? tensors : undefined;
}

/** Holds what the reader and the importer make of a file against the letter of the format. */
async function check(bytes: Buffer): Promise<string | undefined> {
  writeFileSync(path, bytes);
  const expected = byTheLetter(bytes);
  const message = await refusal(folder, 96);
  let file: Awaited<ReturnType<typeof openSafetensors>>;
  try {
    file = await openSafetensors(path);
  } catch (error) {
    assert.ok(message !== undefined, "imported what cannot be opened");
    // A key that comes twice is the one thing that this reading does not see.
    if (!/ twice;|nested more/.test((error as Error).message)) assert.equal(expected, undefined, message);
    return message;
  }
  assert.deepEqual([...file.tensors.keys()].sort(), [...(expected?.keys() ?? [])].sort(), message);
  for (const [name, entry] of file.tensors) {
    if (!isFloat(entry) || entry.type !== "F32") continue;
    const pieces: Uint8Array[] = [];
    for await (const { buffer, byteOffset, byteLength } of file.floats({ ...entry, type: "F32" })) {
      pieces.push(new Uint8Array(buffer, byteOffset, byteLength).slice());
    }
    assert.ok(Buffer.concat(pieces).equals(expected!.get(name)!.data), name);
  }
  await file.close();
  return message;
}

type Entries = [string, unknown][];

/** The tensors of the genuine header. */
const entries = (
  Object.entries(JSON.parse(genuine.subarray(8, headerEnd).toString("utf8"))) as Entries
).filter(([name]) => name !== "__metadata__");

function headerText(changed: Entries): string {
  return `{${changed.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
}

/** The file with another header; entries may come twice. */
function withHeader(changed: Entries | string, data: Uint8Array = genuine.subarray(headerEnd)): Buffer {
  const text = typeof changed === "string" ? changed : headerText(changed);
  const header = Buffer.from(text, "utf8");
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, data]);
}

const size = fc.oneof(
  fc.constantFrom(-1, 0, 1, 2 ** 31, 2 ** 32, 2 ** 53, 1e308, 0.5, -0),
  fc.nat(genuine.length),
  fc.maxSafeInteger(),
);
const odd = fc.oneof(
  size,
  fc.string(),
  fc.constantFrom(null, true, "", {}, [], [[[[[[]]]]]]),
  fc.array(size, { maxLength: 4 }),
);

describe("a real file with another header", () => {
  it("goes through unharmed, as a control", async () => {
    assert.equal(await check(genuine), undefined);
    assert.equal(await check(withHeader(entries)), undefined);
    assert.equal(await check(withHeader([...entries].reverse())), undefined);
  });

  it("one field of one tensor is anything", async () => {
    const field = fc.constantFrom("dtype", "shape", "data_offsets", "more");
    await fc.assert(
      fc.asyncProperty(fc.nat(entries.length - 1), field, odd, async (which, field, value) => {
        const changed = entries.map(([name, tensor], at): [string, unknown] =>
          at === which ? [name, { ...(tensor as object), [field]: value }] : [name, tensor],
        );
        await check(withHeader(changed));
      }),
      { numRuns: 120, seed: 11 },
    );
  });

  it("two tensors have each other's places, names, types or shapes", async () => {
    const one = fc.nat(entries.length - 1);
    await fc.assert(
      fc.asyncProperty(
        one,
        one,
        fc.constantFrom("dtype", "shape", "data_offsets", "name"),
        async (a, b, field) => {
          const changed = structuredClone(entries);
          if (field === "name") changed[a]![0] = entries[b]![0];
          else
            Object.assign(changed[a]![1] as object, {
              [field]: (entries[b]![1] as Record<string, unknown>)[field],
            });
          const message = await check(withHeader(changed));
          const places = (at: number) => (entries[at]![1] as { data_offsets: number[] }).data_offsets;
          if (field === "data_offsets" && places(a)[0] !== places(b)[0]) assert.ok(message !== undefined);
          if (field === "name" && a !== b) assert.match(message!, / twice; the file is damaged/);
        },
      ),
      { numRuns: 80, seed: 12 },
    );
  });

  it("names are those of every object, or no names", async () => {
    for (const name of ["__proto__", "constructor", "toString", "", "a\nb", "\u2028", "🙂", "__metadata__"]) {
      for (const at of [0, 1, entries.length - 1]) {
        const changed = entries.map((entry, which): [string, unknown] =>
          which === at ? [name, entry[1]] : entry,
        );
        assert.ok((await check(withHeader(changed))) !== undefined, name);
      }
      const empty = { dtype: "F32", shape: [0], data_offsets: [0, 0] };
      await check(withHeader([...entries, [name, empty]]));
    }
    assert.equal(Object.hasOwn(Object.prototype, "dtype"), false);
  });

  it("a key comes twice, even with the same value, at any depth", async () => {
    const [name, tensor] = entries[0]!;
    assert.match(
      (await check(withHeader([...entries, [name, tensor]])))!,
      /its header has the key ".*" twice/,
    );
    const text = headerText(entries);
    const inner = text.replace('"dtype":"F32"', '"dtype":"F32","dtype":"F32"');
    assert.match((await check(withHeader(inner)))!, /its header has the key "dtype" twice/);
    const escaped = text.replace('"dtype":"F32"', '"dtype":"F32","d\\u0074ype":"F32"');
    assert.match((await check(withHeader(escaped)))!, /its header has the key "d\\u0074ype" twice/);
    const quoted = withHeader([...entries, ['a":{"b', { dtype: "F32", shape: [0], data_offsets: [0, 0] }]]);
    assert.equal(byTheLetter(quoted)?.size, entries.length + 1);
    assert.doesNotMatch((await check(quoted)) ?? "", /twice/);
  });

  it("values are nested deeper than any stack", async () => {
    for (const depth of [4, 1000, 200_000]) {
      const deep = `${"[".repeat(depth)}${"]".repeat(depth)}`;
      for (const text of [
        deep,
        `{"a":${deep}}`,
        `{"a":{"dtype":"F32","shape":${deep},"data_offsets":[0,0]}}`,
      ]) {
        assert.match((await check(withHeader(text)))!, /its header (has values nested|is no JSON object)/);
      }
      assert.match((await check(withHeader(deep.slice(0, depth))))!, /its header is not JSON/);
    }
  });

  it("begins with a mark of its encoding, or is none", async () => {
    assert.match(
      (await check(withHeader(`\uFEFF${genuine.subarray(8, headerEnd).toString("utf8")}`)))!,
      /is not JSON/,
    );
    const latin = Buffer.from(genuine);
    latin[latin.indexOf("embeddings")] = 0xe9;
    assert.match((await check(latin))!, /its header is not JSON/);
  });
});

describe("a real file with other bytes", () => {
  it("cut or lengthened anywhere", async () => {
    const anywhere = fc.oneof(fc.nat(headerEnd + 64), fc.nat(genuine.length - 1));
    await fc.assert(
      fc.asyncProperty(anywhere, async (length) => {
        assert.ok((await check(genuine.subarray(0, length))) !== undefined);
      }),
      { numRuns: 60, seed: 13 },
    );
    for (const more of [1, 4, 4096]) {
      assert.match((await check(Buffer.concat([genuine, Buffer.alloc(more)])))!, /its tensors end at byte/);
    }
  });

  it("changed in the header", async () => {
    const change = fc.tuple(
      fc.nat(headerEnd - 1),
      fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:0-'))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 5 }), async (changes) => {
        const bytes = Buffer.from(genuine);
        for (const [at, byte] of changes) bytes[at] = byte;
        await check(bytes);
      }),
      { numRuns: 150, seed: 14 },
    );
  });

  it("changed in the data, which is then what is imported", async () => {
    const change = fc.tuple(fc.integer({ min: headerEnd, max: genuine.length - 1 }), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 5 }), async (changes) => {
        const bytes = Buffer.from(genuine);
        for (const [at, byte] of changes) bytes[at] = byte;
        const message = await check(bytes);
        const numbers = new Float32Array(new Uint8Array(bytes.subarray(headerEnd)).buffer);
        if (numbers.every(Number.isFinite)) assert.equal(message, undefined);
        else assert.match(message!, /holds (NaN|-?Infinity); expected finite numbers/);
      }),
      { numRuns: 20, seed: 15 },
    );
  });

  it("with a length of the header that is anything", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt(0n, 2n ** 25n)),
        async (length) => {
          fc.pre(length !== BigInt(headerEnd - 8));
          const bytes = Buffer.from(genuine);
          bytes.writeBigUInt64LE(length);
          assert.ok((await check(bytes)) !== undefined);
        },
      ),
      { numRuns: 40, seed: 16 },
    );
  });
});

describe("memory", () => {
  it("stays small for headers that are all small values, or claim more than there is", () => {
    const header = (text: string): Buffer => withHeader(text, new Uint8Array(0));
    const million = 3_000_000;
    const files: [string, Buffer][] = [
      ["lists.safetensors", header(`{"a":[${"[],".repeat(million)}[]]}`)],
      [
        "keys.safetensors",
        header(`{${Array.from({ length: 1_000_000 }, (_, at) => `"${at}":0`).join(",")}}`),
      ],
      [
        "sizes.safetensors",
        header(`{"a":{"dtype":"F32","shape":[${"1,".repeat(million)}1],"data_offsets":[0,4]}}`),
      ],
      [
        "text.safetensors",
        header(`{"a":{"dtype":"${"x".repeat(2 ** 23)}","shape":[],"data_offsets":[0,4]}}`),
      ],
      ["huge.safetensors", header(`{"a":{"dtype":"U8","shape":[${2 ** 52}],"data_offsets":[0,${2 ** 52}]}}`)],
      ["long.safetensors", Buffer.concat([Buffer.of(1, 0, 0, 1, 0, 0, 0, 0), Buffer.alloc(2 ** 25, 0x20)])],
    ];
    for (const [name, bytes] of files) writeFileSync(join(place, name), bytes);
    const reader = new URL("../src/import/safetensors/safetensors.ts", import.meta.url).href;
    const paths = files.map(([name]) => join(place, name));
    const script = `
      import { openSafetensors } from ${JSON.stringify(reader)};
      const before = process.resourceUsage().maxRSS;
      const messages = [];
      for (const path of ${JSON.stringify(paths)}) {
        await openSafetensors(path).then(() => messages.push("opened"), ({ message }) => messages.push(message));
      }
      console.log(JSON.stringify({ messages, grown: (process.resourceUsage().maxRSS - before) * 1024 }));`;
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ["--import", "tsx", "--max-old-space-size=512", "--input-type=module", "-e", script],
      { encoding: "utf8" },
    );
    assert.equal(status, 0, stderr);
    const { messages, grown } = JSON.parse(stdout) as { messages: string[]; grown: number };
    for (const message of messages)
      assert.match(message, /^[^\n]{20,600}(damaged|fetch it again|safetensors file)$/);
    assert.match(messages.at(-1)!, /claims a header of 16777217 bytes; expected at most 16777216/);
    assert.ok(grown < 600e6, `memory grew by ${grown} bytes`);
  });
});
