/** .onnx files that cannot be imported, the command line for it, and damaged bytes. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { importOnnx } from "../src/import/import-onnx.ts";
import { onnxFrom } from "../src/import/onnx-file/read-onnx.ts";
import { imported, network, type Options, place, problem } from "./onnx-imports.ts";
import { exported, LENGTH, models, VOCABULARY } from "./row-networks.ts";
import { refused, run, succeed, together, workFolder } from "./run-cli.ts";

describe("a file that is refused", () => {
  const fixture = (name: string) =>
    fileURLToPath(new URL(`fixtures/onnx/${name}/model.onnx`, import.meta.url));
  const wrong: [string, string, Options, RegExp][] = [
    [
      "no length",
      exported,
      { mask: 3 },
      /takes "input_ids" of any length; say how many positions .* --length$/,
    ],
    ["another length", fixture("good"), { length: 9 }, /length = 9; expected 8, the only one/],
    [
      "no mask",
      exported,
      { length: 8 },
      /which token is the mask; name it with --mask: 39 where .*, 40 where/,
    ],
    ["a mask beyond the tokens", exported, { length: 8, mask: 40 }, /mask = 40; expected 0 to 39/],
    [
      "a mask under uniform noise",
      exported,
      { length: 8, mask: 4, process: "uniform" },
      /has no mask; leave it out$/,
    ],
    ["a fixed batch", fixture("fixed-batch"), {}, /takes 1 sequences at a time and no other number/],
    [
      "tokens of another type",
      fixture("int32-tokens"),
      {},
      /takes "x" int32 \[batch, 8\]; expected tokens as int64/,
    ],
    [
      "whole numbers for logits",
      fixture("integers"),
      {},
      /returns "logits" int32 .*; expected logits as floats/,
    ],
    ["half a file", fixture("broken"), {}, /is no whole ONNX model: /],
    ["no file", join(place, "nothing.onnx"), {}, /there is no such file/],
    ["a folder", models, {}, /it is no file; name an \.onnx file/],
    ["a device", "/dev/zero", {}, /it is no file; name an \.onnx file/],
    ["a manifest", join(models, "text", "manifest.json"), {}, /is no whole ONNX model: /],
  ];
  for (const [title, file, options, sentence] of wrong) {
    it(title, async () => {
      assert.match(await problem(file, options), sentence);
    });
  }

  it("more inputs and outputs than can be understood", async () => {
    const positions = await network((made) => {
      made.input("position_ids", "int64", ["batch", LENGTH]);
    });
    assert.match(
      await problem(positions, { mask: 6 }),
      /takes "position_ids" int64 \[batch, 5\] too, and it is not known/,
    );
    const twice = await network((made, logits) =>
      made.output("other", logits, ["batch", LENGTH, VOCABULARY]),
    );
    assert.equal((await imported(twice, { mask: 6 })).manifest.output, "logits");
  });

  it("a folder that is not empty", async () => {
    await assert.rejects(
      importOnnx(exported, { out: models, length: 8, mask: 3 }),
      /the folder is not empty/,
    );
  });
});

describe("fewstep import FILE.onnx", together, () => {
  const folder = workFolder();

  it("writes a model that can be sampled", async () => {
    const out = await succeed(["import", exported, "--out", "bert", "--length", "8", "--mask", "3"], folder);
    assert.match(
      out,
      /^exported-bert: onnx, [\d,]+ parameters, 40 tokens, 8 positions\nbert: model\.onnx, manifest\.json/,
    );
    const lines = await succeed(["sample", "bert", "--steps", "2", "--count", "3"], folder);
    assert.equal(lines.trim().split("\n").length, 3);
  });

  it("says what is in the way of rows, and goes on", async () => {
    const args = [
      "import",
      fileURLToPath(new URL("fixtures/onnx/good/model.onnx", import.meta.url)),
      "--out",
      "good",
    ];
    const { code, stderr } = await run(args, { folder });
    assert.equal(code, 0);
    assert.match(
      stderr,
      /\nnote: every call computes all rows: addRows: .* the Gather node "y0" is not known to work/,
    );
  });

  const wrong: [string[], RegExp][] = [
    [[exported, "--mask", "3"], /say how many positions a sample has, with --length$/],
    [
      [exported, "--length", "8", "--mask", "3", "--weights", "int8"],
      /^fewstep: --weights is for checkpoints, and /,
    ],
    [[exported, "--length", "8", "--revision", "main"], /^fewstep: --revision is for checkpoints, and /],
    [
      ["text", "--process", "uniform"],
      /^fewstep: --process is for \.onnx files; a checkpoint says that itself/,
    ],
  ];
  for (const [args, sentence] of wrong) {
    it(`refuses ${args.slice(1).join(" ")}`, async () => {
      await refused(["import", ...args, "--out", "model"], { folder: workFolder(), sentence });
    });
  }
});

describe("damaged bytes", () => {
  const whole = readFileSync(exported);

  /** Reads and imports the bytes: a model, or one sentence. */
  async function survives(bytes: Uint8Array): Promise<boolean> {
    const parent = mkdtempSync(join(place, "fuzz-"));
    const file = join(parent, "fuzzed.onnx");
    writeFileSync(file, bytes);
    try {
      await importOnnx(file, { out: join(parent, "model"), length: 8, mask: 3 });
      return true;
    } catch (error) {
      assert.ok(error instanceof Error);
      assert.match(error.message, /^[^\n]{20,1500}$/);
      assert.doesNotMatch(
        error.message,
        /\[object|Maximum call stack|Invalid array length|is not a function/,
      );
      assert.deepEqual(readdirSync(parent), ["fuzzed.onnx"], "something was written");
      return false;
    }
  }

  it("cut anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.length - 1 }), async (length) => {
        assert.equal(await survives(whole.subarray(0, length)), false);
      }),
      { seed: 1, numRuns: 60, examples: [[0], [1], [whole.length - 1]] },
    );
  });

  it("with bytes that are others", async () => {
    let accepted = 0;
    const change = fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, byte] of changes) bytes[at] = byte;
        if (await survives(bytes)) accepted++;
      }),
      { seed: 2, numRuns: 100 },
    );
    assert.ok(accepted > 0 && accepted < 100, "most bytes are weights, and some are not");
  });

  it("of any kind", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        assert.equal(await survives(bytes), false);
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  /** A field of a message: its number and the bytes in it. */
  function field(number: number, bytes: Uint8Array): Uint8Array {
    const length: number[] = [];
    for (let left = bytes.length; ; left >>>= 7) {
      length.push(left > 127 ? (left & 127) | 128 : left);
      if (left <= 127) break;
    }
    return Buffer.concat([Uint8Array.of(number * 8 + 2, ...length), bytes]);
  }

  it("with millions of empty nodes, and nodes in nodes in nodes", () => {
    const where = "the file";
    const nodes = new Uint8Array(8e6).fill(0).map((_, at) => (at % 2 === 0 ? 0x0a : 0));
    assert.throws(
      () => onnxFrom(field(7, nodes), { where }),
      /it has more than 1048576 fields; the file is damaged/,
    );
    const ints = field(7, field(1, field(5, field(8, new Uint8Array(4e6)))));
    assert.throws(() => onnxFrom(ints, { where }), /it has more than 1048576 fields/);
    let inner: Uint8Array = new Uint8Array(0);
    for (let depth = 0; depth < 5000; depth++) inner = field(1, field(5, field(6, inner)));
    assert.throws(() => onnxFrom(field(7, inner), { where }), /graphs are nested more than 60 deep/);
  });

  it("longer than a protobuf message can be, without reading them", async () => {
    const file = join(mkdtempSync(join(place, "long-")), "long.onnx");
    writeFileSync(file, "");
    truncateSync(file, 2 ** 31);
    const before = process.memoryUsage().rss;
    assert.match(await problem(file), /it has 2147483648 bytes, and an ONNX model at most 2147483647/);
    assert.ok(process.memoryUsage().rss - before < 2 ** 27);
  });
});
