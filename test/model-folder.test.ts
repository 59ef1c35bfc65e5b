import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { dump } from "npyjs";
import { sample, uniform } from "../src/index.ts";
import { loadModel, type Manifest, type Model, readChainFile, shippedModels } from "../src/node/index.ts";

const fixtures = fileURLToPath(new URL("fixtures/onnx/", import.meta.url));
const place = mkdtempSync(join(tmpdir(), "fewstep-models-"));
after(() => rmSync(place, { recursive: true, force: true }));

/** A copy of a fixture whose manifest is changed; undefined removes a field. */
function changed(name: string, changes: Record<string, unknown>): string {
  const folder = mkdtempSync(join(place, "model-"));
  cpSync(join(fixtures, name), folder, { recursive: true });
  const path = join(folder, "manifest.json");
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...changes }));
  return folder;
}

/** The error of loading a model and making one call; it must be one line. */
async function problem(reference: string): Promise<string> {
  let model: Model | undefined;
  try {
    model = await loadModel(reference, { threads: 1 });
    const { length } = model.denoiser;
    const tokens = new Int32Array(length).fill(model.process.mask!);
    await model.denoiser.predict({ tokens, batch: 1, time: Float64Array.of(1) });
  } catch (error) {
    assert.ok(error instanceof Error && !error.message.includes("\n"), String(error));
    return error.message;
  } finally {
    await model?.dispose();
  }
  return "no problem";
}

test("a model folder holds all there is to know", async () => {
  const model = await loadModel(join(fixtures, "good"), { threads: 1 });
  assert.equal(model.name, "good");
  assert.equal(model.alphabet, "abcd ");
  assert.equal(model.process.mask, 5);
  assert.equal(model.noise.name, "linear");
  assert.deepEqual(model.noiseDescription, { name: "linear" });
  assert.equal(model.source?.files.where("manifest.json"), join(fixtures, "good", "manifest.json"));
  assert.deepEqual(model.manifest?.measures?.[0], { kind: "n-gram-kl", n: 2, reference: "heldout.npy" });
  const bytes = readFileSync(join(fixtures, "good", "model.onnx"));
  assert.equal(model.fingerprint, createHash("sha256").update(bytes).digest("hex"));
  assert.deepEqual(
    await model.heldOut(),
    Int32Array.from({ length: 24 }, (_, at) => at % 5),
  );
  const { tokens } = await sample(model.denoiser, { ...model, schedule: uniform({ steps: 2 }), count: 2 });
  assert.equal(tokens.length, 16);
  await model.dispose();
});

const badManifests: [string, Record<string, unknown>, RegExp][] = [
  ["another format", { format: "other" }, /format is "other"; expected "fewstep\/model"/],
  ["a later version", { version: 2 }, /version is 2; expected 1/],
  ["no name", { name: undefined }, /name is missing; expected text/],
  ["an empty licence", { license: "" }, /license is ""; expected text that is not empty/],
  ["an unknown kind", { kind: "gguf" }, /kind is "gguf"; expected "onnx" or "chain"/],
  [
    "an unknown process",
    { process: "melting" },
    /process "melting" is not known; expected one of absorbing, uniform/,
  ],
  [
    "an unknown noise",
    { noise: { name: "loud" } },
    /noise "loud" is not known; expected one of linear, cosine/,
  ],
  [
    "an unknown noise parameter",
    { noise: { name: "linear", epz: 1 } },
    /noise "linear" has no parameter "epz"; it has eps/,
  ],
  [
    "a noise parameter out of range",
    { noise: { name: "linear", eps: 2 } },
    /linear: eps = 2; expected 0 <= eps < 1/,
  ],
  ["a vocabulary in quotes", { vocabulary: "5" }, /vocabulary is "5"; expected a whole number >= 1/],
  ["a fractional length", { length: 8.5 }, /length is 8\.5; expected a whole number >= 1/],
  ["a field with a typing error", { heldout: "x.npy" }, /field "heldout" is not known/],
  [
    "a file outside the folder",
    { file: "../x.onnx" },
    /file is "\.\.\/x\.onnx"; expected .*inside the folder/,
  ],
  ["a file with an absolute path", { file: "/x.onnx" }, /file is "\/x\.onnx"; expected .*inside the folder/],
  ["a file on a drive", { file: "C:x.onnx" }, /file is "C:x\.onnx"; expected .*inside the folder/],
  ["words outside", { measures: [{ kind: "word-share", words: "a/../../b" }] }, /measures\.0\.words.*inside/],
  ["an unknown measure", { measures: [{ kind: "beauty" }] }, /measures\.0\.kind.*expected "n-gram-kl" or/],
  ["a broken checksum", { sha256: "12" }, /sha256 is "12"; expected 64 hexadecimal digits/],
  [
    "another model's checksum",
    { sha256: "0".repeat(64) },
    /model\.onnx has the SHA-256 .*manifest says 0000/,
  ],
  ["an alphabet of another size", { alphabet: "abc" }, /alphabet has 3 characters, the vocabulary 5 tokens/],
  ["an alphabet with a repetition", { alphabet: "abcda" }, /alphabet has "a" twice/],
  [
    "time-free with a time",
    { inputs: { tokens: "x", time: "t" } },
    /timeFree is true, yet inputs\.time is "t"/,
  ],
  ["a time that is not named", { timeFree: false }, /timeFree is false, yet inputs\.time is missing/],
  ["held-out data of another kind", { heldOut: "x.csv" }, /heldOut is "x\.csv"; expected .*\.npy/],
  ["a missing file", { file: "none.onnx" }, /cannot read .*none\.onnx: there is no such file/],
  ["a folder as file", { file: "." }, /cannot read .*it is a folder/],
  [
    "a vocabulary too small",
    { vocabulary: 4, alphabet: undefined },
    /good returns logits .* 5\]; expected .* 4\]/,
  ],
  [
    "a vocabulary too large",
    { vocabulary: 9, alphabet: undefined },
    /good returns logits .* 5\]; expected .* 9\]/,
  ],
  ["another length", { length: 16 }, /good takes "x" as int64 \[batch, 8\]; expected int64 \[batch, 16\]/],
  ["another input", { inputs: { tokens: "ids" } }, /good has no input "ids"/],
  [
    "the manifest as model",
    { file: "manifest.json", sha256: undefined },
    /cannot be opened as an ONNX model/,
  ],
];
for (const [what, changes, sentence] of badManifests) {
  test(`a manifest with ${what} is refused`, async () => {
    assert.match(await problem(changed("good", changes)), sentence);
  });
}

test("a manifest that lies where only a call can tell", async () => {
  assert.match(
    await problem(changed("shifting", { vocabulary: 4, maskColumn: true })),
    /returns logits of shape \[1, 8, 4\]; expected \[1, 8, 5\] for length 8 and vocabulary 4 with a mask column/,
  );
});

test("a broken .onnx, a broken manifest, none at all", async () => {
  assert.match(
    await problem(join(fixtures, "broken")),
    /loadModel: .*model\.onnx cannot be opened as an ONNX model: .*; the file is damaged/,
  );
  const folder = changed("good", {});
  writeFileSync(join(folder, "manifest.json"), '{"format":\n nonsense');
  assert.match(await problem(folder), /manifest\.json is not JSON: .*; correct the file/);
  writeFileSync(join(folder, "manifest.json"), "[]");
  assert.match(
    await problem(folder),
    /manifest\.json: the whole file is \[\]; expected a value of type object/,
  );
  rmSync(join(folder, "manifest.json"));
  assert.match(await problem(folder), /cannot read .*manifest\.json: there is no such file/);
});

test("references that lead nowhere", async () => {
  const names = (await shippedModels()).map(({ name }) => name);
  const message = await problem("nosuchmodel");
  assert.match(message, /there is no model "nosuchmodel"; expected .*model folder, or chain:FILE\.json/);
  for (const name of names) assert.ok(message.includes(name), name);
  assert.match(
    await problem(join(fixtures, "good", "manifest.json")),
    /is a file; expected a folder.*chain:/,
  );
  assert.match(await problem("chain:"), /names no file; expected chain:FILE\.json/);
  assert.match(await problem("chain:nowhere.json"), /cannot read nowhere\.json: there is no such file/);
  await assert.rejects(loadModel(join(fixtures, "good"), { threads: 0 }), /threads = 0; expected a whole/);
});

test("held-out data are read from any integer type and checked", async () => {
  const folder = changed("good", {});
  const model = await loadModel(folder, { threads: 1 });
  const put = (data: Parameters<typeof dump>[0], shape: number[]): void =>
    writeFileSync(join(folder, "heldout.npy"), new Uint8Array(dump(data, shape)));
  const tokens = Array.from({ length: 16 }, (_, at) => at % 5);
  for (const array of [Uint8Array.from(tokens), BigInt64Array.from(tokens.map(BigInt))]) {
    put(array, [2, 8]);
    assert.deepEqual(await model.heldOut(), Int32Array.from(tokens));
  }
  put(Int32Array.from(tokens), [4, 4]);
  await assert.rejects(model.heldOut(), /shape \[4, 4\]; expected \[n, 8\]/);
  put(Int32Array.from(tokens), [3, 8]);
  await assert.rejects(model.heldOut(), /holds 16 numbers, its header says 3 x 8; the file is cut short/);
  put(Int32Array.from(tokens).fill(5, 9, 10), [2, 8]);
  await assert.rejects(model.heldOut(), /has 5 at \[1, 1\].*expected tokens from 0 to 4/);
  put(Float32Array.from(tokens).fill(0.5, 0, 1), [2, 8]);
  await assert.rejects(model.heldOut(), /has 0\.5 at \[0, 0\]/);
  writeFileSync(join(folder, "heldout.npy"), "text");
  await assert.rejects(model.heldOut(), /is not a \.npy file.*numpy\.save/);
  rmSync(join(folder, "heldout.npy"));
  await assert.rejects(model.heldOut(), /cannot read .*heldout\.npy: there is no such file/);
  await model.dispose();
});

// "aba...": after a mostly b, after b always a.
const chain = {
  initial: [0.5, 0.5],
  transition: [
    [0.1, 0.9],
    [1, 0],
  ],
  length: 6,
  alphabet: "ab",
};

function chainFile(changes: Record<string, unknown> = {}, indent = 0): string {
  const path = join(mkdtempSync(join(place, "chain-")), "chain.json");
  writeFileSync(path, JSON.stringify({ ...chain, ...changes }, undefined, indent));
  return path;
}

test("chain:FILE.json is an exact model", async () => {
  const model = await loadModel(`chain:${chainFile()}`);
  const { vocabulary, length, timeFree } = model.denoiser;
  assert.deepEqual([vocabulary, length, timeFree, model.alphabet], [2, 6, true, "ab"]);
  assert.deepEqual(Array.from(model.chain!.transition), [0.1, 0.9, 1, 0]);
  assert.equal(await model.heldOut(), undefined);
  const tokens = new Int32Array(6).fill(2);
  tokens[0] = 1;
  const { data } = await model.denoiser.predict({ tokens, batch: 1, time: Float64Array.of(1) });
  assert.deepEqual([data[2], data[3]], [0, Number.NEGATIVE_INFINITY], "after b comes a");
});

test("the fingerprint of a chain is that of its law, not of its file", async () => {
  const print = async (...file: Parameters<typeof chainFile>) =>
    (await loadModel(`chain:${chainFile(...file)}`)).fingerprint;
  const expected = createHash("sha256")
    .update('{"initial":[0.5,0.5],"transition":[[0.1,0.9],[1,0]],"length":6}')
    .digest("hex");
  assert.equal(await print(), expected);
  assert.equal(await print({ alphabet: undefined }, 2), expected);
  assert.notEqual(await print({ length: 7 }), expected);
});

test("a chain of second order", async () => {
  const uniformRow = [0.5, 0.5];
  const read = await readChainFile(
    chainFile({
      initial: [0.25, 0.25, 0.25, 0.25],
      transition: [uniformRow, uniformRow, uniformRow, uniformRow],
    }),
  );
  assert.equal(read.vocabulary, 2);
  assert.equal(read.chain.initial.length, 4);
});

const badChains: [string, Record<string, unknown>, RegExp][] = [
  ["no initial", { initial: undefined }, /initial is missing; expected a list of V\^k probabilities/],
  ["no transition", { transition: "x" }, /transition is "x"; expected a list of V\^k lists/],
  [
    "sizes that disagree",
    { initial: [0.5, 0.25, 0.25] },
    /initial has 3 entries .*transition 2; expected V\^k and V/,
  ],
  ["too few rows", { transition: [[0.5, 0.5]] }, /transition has 1 rows; expected 2/],
  ["a short row", { transition: [[0.5, 0.5], [1]] }, /transition\[1\] is a list of 1; expected a list of 2/],
  [
    "a negative entry",
    { transition: [[1.5, -0.5], chain.transition[1]] },
    /transition\[0\]\[1\] is -0\.5; expected/,
  ],
  ["text for a number", { initial: [0.5, "0.5"] }, /initial\[1\] is "0\.5"; expected a number >= 0/],
  [
    "a row that does not sum to 1",
    {
      transition: [
        [0.1, 0.8],
        [1, 0],
      ],
    },
    /transition\[0\] sums to 0\.9/,
  ],
  ["no length", { length: undefined }, /length is undefined; expected a whole number from 1 to 100000/],
  ["a length too large", { length: 1e6 }, /length is 1000000; expected a whole number from 1 to 100000/],
  ["an alphabet of another size", { alphabet: "abc" }, /alphabet has 3 characters, the vocabulary 2 tokens/],
  ["an alphabet that is no text", { alphabet: 3 }, /alphabet is 3; expected text/],
];
for (const [what, changes, sentence] of badChains) {
  test(`a chain file with ${what} is refused`, async () => {
    const path = chainFile(changes);
    const message = await problem(`chain:${path}`);
    assert.match(message, sentence);
    assert.ok(message.includes(path), message);
  });
}

test("a chain too large for its limits is refused", async () => {
  const row = new Array(1001).fill(1 / 1001);
  const large = { initial: row, transition: new Array(1001).fill(row), length: 99999, alphabet: undefined };
  assert.match(
    await problem(`chain:${chainFile(large)}`),
    /length 99999 times 1001 contexts exceeds 20000000/,
  );
});

test("a model folder with a chain", async () => {
  const folder = changed("good", {
    kind: "chain",
    file: "chain.json",
    sha256: undefined,
    heldOut: undefined,
    measures: undefined,
    vocabulary: 2,
    length: 6,
    alphabet: "ab",
    inputs: undefined,
    output: undefined,
  });
  cpSync(chainFile({ alphabet: "xy" }), join(folder, "chain.json"));
  const model = await loadModel(folder);
  assert.equal(model.alphabet, "ab", "the manifest's alphabet wins");
  assert.equal(model.fingerprint, (await loadModel(`chain:${chainFile()}`)).fingerprint);
  cpSync(chainFile({ length: 7 }), join(folder, "chain.json"));
  assert.match(await problem(folder), /chain\.json has 2 tokens and length 7; the manifest says .*length 6/);
});

test("without onnxruntime-node the sentence says how to install it", async () => {
  const hook = `export async function resolve(name, context, next) {
    if (name === "onnxruntime-node") throw Object.assign(new Error("gone"), { code: "ERR_MODULE_NOT_FOUND" });
    return next(name, context);
  }`;
  const script = `
    import { register } from "node:module";
    register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)});
    const { loadModel } = await import("./src/node/index.ts");
    console.log(await loadModel("./test/fixtures/onnx/good").then(() => "loaded", (error) => error.message));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "-e", script],
    { cwd: fileURLToPath(new URL("..", import.meta.url)) },
  );
  assert.match(stdout, /onnxruntime-node, which is not installed; run: npm install onnxruntime-node\n$/);
});

const shipped: Manifest[] = await shippedModels();

test("shipped models are named as their folders and load", async () => {
  for (const { name } of shipped) {
    const model = await loadModel(name, { threads: 1 });
    assert.equal(model.name, name);
    const heldOut = await model.heldOut();
    if (heldOut) assert.equal(heldOut.length % model.denoiser.length, 0);
    await model.dispose();
  }
});

test("logits of a row of the text model are bitwise the same at batch 1, 5 and 8", {
  skip: !shipped.some(({ name }) => name === "text"),
}, async () => {
  const { denoiser, dispose } = await loadModel("text");
  const { length, vocabulary } = denoiser;
  const rows = 8;
  // A third of the positions masked.
  const tokens = Int32Array.from({ length: rows * length }, (_, at) =>
    (at * 7919) % 3 === 0 ? vocabulary : (at * 104729) % vocabulary,
  );
  const logits = async (first: number, batch: number): Promise<Float32Array> => {
    const part = tokens.subarray(first * length, (first + batch) * length);
    const { data } = await denoiser.predict({ tokens: part, batch, time: new Float64Array(batch).fill(1) });
    return Float32Array.from(data.subarray(0, batch * length * vocabulary));
  };
  const size = length * vocabulary;
  const eight = await logits(0, 8);
  const five = await logits(2, 5);
  for (let row = 0; row < rows; row++) {
    const one = await logits(row, 1);
    assert.deepEqual(one, eight.slice(row * size, (row + 1) * size), `row ${row} at batch 8`);
    if (row >= 2 && row < 7) assert.deepEqual(one, five.slice((row - 2) * size, (row - 1) * size));
  }
  await dispose();
});
