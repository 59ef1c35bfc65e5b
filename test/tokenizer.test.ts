/** Tokenizers: text to tokens as the reference library has them, and back; templates; damaged files. */
import assert from "node:assert/strict";
import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { copyTokenizer } from "../src/import/tokenizer/copy-tokenizer.ts";
import { plainCodec, type TextCodec } from "../src/model/text-codec.ts";
import { tokenizerCodec } from "../src/model/tokenizer.ts";
import { openTokenizer } from "../src/node/tokenizer.ts";
import { scratch } from "./checkpoints.ts";

const place = scratch();
const tokenizers = fileURLToPath(new URL("fixtures/tokenizers/", import.meta.url));

interface Answer {
  readonly text: string;
  readonly ids: readonly number[];
  readonly around: readonly number[];
  readonly decoded: string;
}

const answers = JSON.parse(readFileSync(join(tokenizers, "answers.json"), "utf8")) as {
  readonly source: string;
  readonly cases: Readonly<Record<string, readonly Answer[]>>;
};

/** The architecture that each tokenizer goes with, the tokens of its network, and the mask. */
const models: Readonly<Record<string, { architecture: string; vocabulary: number; mask?: number }>> = {
  gpt2: { architecture: "mdlm", vocabulary: 339 },
  llama: { architecture: "llada", vocabulary: 320 },
  metaspace: { architecture: "llada", vocabulary: 320 },
  bert: { architecture: "bert", vocabulary: 102, mask: 7 },
  roberta: { architecture: "roberta", vocabulary: 101 },
  llada: { architecture: "llada", vocabulary: 104, mask: 99 },
  qwen: { architecture: "dream", vocabulary: 340, mask: 334 },
  esm: { architecture: "esm2", vocabulary: 33, mask: 32 },
};

/** A copy of a fixture's folder without some of its files. */
function folderOf(name: string, { without = [] }: { without?: readonly string[] } = {}): string {
  const folder = mkdtempSync(join(place, `${name}-`));
  cpSync(join(tokenizers, name), folder, { recursive: true });
  for (const file of without) rmSync(join(folder, file));
  return folder;
}

/** Opens the tokenizer of a checkpoint's folder as a model folder has it. */
async function codecOf(
  name: string,
  { from = join(tokenizers, name), padding }: { from?: string; padding?: number } = {},
): Promise<TextCodec> {
  const { architecture, ...tokens } = models[name]!;
  const folder = mkdtempSync(join(place, "model-"));
  const files = await copyTokenizer(from, { architecture, ...tokens });
  assert.ok(files, `${from} has a tokenizer`);
  for (const file of files) writeFileSync(join(folder, file.name), file.text);
  const path = join(folder, "tokenizer.json");
  return openTokenizer(path, { ...tokens, ...(padding === undefined ? {} : { padding }) });
}

describe(`what the reference library says: ${answers.source}`, () => {
  for (const [name, cases] of Object.entries(answers.cases)) {
    const older = ["gpt2", "bert"].includes(name);
    for (const without of [[], ...(older ? [["tokenizer.json"]] : [])]) {
      it(`${name}${without.length > 0 ? ", from older files" : ""}`, async () => {
        const { mask = models[name]!.vocabulary } = models[name]!;
        const codec = await codecOf(name, { from: folderOf(name, { without }) });
        const free = (ids: readonly number[]) => ids.map((id) => (id === mask ? -1 : id));
        for (const { text, ids, around, decoded } of cases) {
          assert.deepEqual([...codec.encode(text)], free(ids), text);
          assert.deepEqual([...codec.template(text)], free(around), text);
          // Text without special tokens is shown as it is.
          if (!/<\/?[a-z|].*>/.test(decoded)) assert.equal(codec.decode(ids), decoded);
        }
      });
    }
  }
});

describe("text comes back", () => {
  const anything = fc
    .string({ unit: "binary", minLength: 1, maxLength: 40 })
    .filter((text) => !/<\||\[MASK/.test(text));

  it("byte for byte from a byte-level tokenizer (property)", async () => {
    const codec = await codecOf("gpt2");
    fc.assert(fc.property(anything, (text) => assert.equal(codec.decode(codec.encode(text)), text)));
  });

  it("in its composed form from Qwen's (property)", async () => {
    const codec = await codecOf("qwen");
    fc.assert(
      fc.property(anything, (text) => assert.equal(codec.decode(codec.encode(text)), text.normalize("NFC"))),
    );
  });

  it("from one that falls back on bytes (property)", async () => {
    // U+2581 stands for a space there.
    const codec = await codecOf("llama");
    const words = anything.filter((text) => !/[\u2581\uFEFF]|<\/?s>|<unk>|<0x/.test(text));
    fc.assert(fc.property(words, (text) => assert.equal(codec.decode(codec.encode(text)), text)));
  });

  it("residue by residue (property)", async () => {
    const codec = await codecOf("esm");
    const protein = fc.string({ unit: fc.constantFrom(..."LAGVSERTIDPKQNFYMHWCXBUZO.-"), minLength: 1 });
    fc.assert(fc.property(protein, (text) => assert.equal(codec.decode(codec.template(text)), text)));
  });
});

describe("a template", () => {
  it("has a blank for [MASK], for the tokenizer's own mask, and twelve for [MASK:12]", async () => {
    const bert = await codecOf("bert");
    assert.deepEqual([...bert.template("the [MASK] sat")], [2, 74, -1, 76, 3]);
    assert.deepEqual([...bert.template("the [MASK:3]")], [2, 74, -1, -1, -1, 3]);
    const roberta = await codecOf("roberta");
    assert.deepEqual([...roberta.template("the [MASK] cat")], [...roberta.template("the <mask> cat")]);
    assert.equal(roberta.template("[MASK:12]").filter((token) => token === -1).length, 12);
    const llada = await codecOf("llada");
    assert.deepEqual([...llada.template("a[MASK]")], [...llada.template("a<|mdm_mask|>")]);
  });

  it("has them where the tokenizer knows no mask", async () => {
    const gpt2 = await codecOf("gpt2");
    const [the, sat] = [gpt2.encode("the"), gpt2.encode(" sat")];
    assert.deepEqual([...gpt2.template("the[MASK:2] sat")], [...the, -1, -1, ...sat]);
    assert.deepEqual([...gpt2.encode("the[MASK]")], [...the, -1]);
  });

  for (const written of ["[MASK:0]", "[MASK:]", "[MASK:99999999]"]) {
    it(`refuses ${written}`, async () => {
      const codec = await codecOf("bert");
      assert.throws(
        () => codec.template(`the ${written}`),
        /\[MASK:\d*\] has no number of blanks.*\[MASK:12\]$/,
      );
    });
  }

  it("goes on with padding where the network does not see it, else with blanks", async () => {
    const padded = await codecOf("bert", { padding: 0 });
    assert.deepEqual([...padded.template("the cat", { length: 7 })], [2, 74, 75, 3, 0, 0, 0]);
    const open = await codecOf("llada");
    assert.deepEqual([...open.template("", { length: 3 })], [-1, -1, -1]);
    assert.throws(
      () => padded.template("the cat", { length: 3 }),
      /the text has 4 tokens; expected at most 3, the positions of a sequence/,
    );
  });

  it("is refused where a character has no token", async () => {
    const codec = await codecOf("llada");
    assert.throws(
      () => codec.template("the Cat"),
      /has no token for a character of the text, after 2 tokens; write/,
    );
  });
});

describe("what is shown", () => {
  it("begins behind the special tokens and ends where the text does", async () => {
    const bert = await codecOf("bert");
    assert.equal(bert.decode([2, 74, 75, 3, 0, 0, 77]), "the cat");
    const llada = await codecOf("llada");
    const cat = [...llada.encode("the cat")];
    assert.equal(llada.decode([96, ...cat, 98, 96, 4, 5]), "the cat");
    assert.equal(llada.decode([...cat, 96, ...cat], { from: cat.length }), "", "an answer that ends at once");
    assert.equal(llada.decode([...cat, ...cat, 96, 4], { from: cat.length }), "the cat");
    assert.equal(llada.decode([]), "");
    const gpt2 = await codecOf("gpt2");
    const end = gpt2.encode("<|endoftext|>")[0]!;
    assert.equal(gpt2.decode([end, ...gpt2.encode("a cat"), end, 5]), "a cat");
  });

  it("has the mask where a token is one, and a sign for tokens that the tokenizer does not know", async () => {
    const bert = await codecOf("bert");
    assert.equal(bert.decode([2, 74, 7, 102, -1, 3]), "the [MASK] [MASK] [MASK]");
    const gpt2 = await codecOf("gpt2");
    assert.equal(gpt2.decode([...gpt2.encode("a"), 339, ...gpt2.encode(" b")]), "a[MASK] b");
    const llada = await codecOf("llada");
    assert.equal(llada.decode([...llada.encode("a"), 102, ...llada.encode("b")]), "a\uFFFDb");
  });

  it("keeps what stands for the unknown", async () => {
    const bert = await codecOf("bert");
    assert.equal(bert.decode(bert.template("the 日")), "the [UNK]");
  });
});

it("a tokenizer of scored pieces has their places as ids", async () => {
  const pieces = [
    ["<unk>", 0],
    ["a", -1],
    ["b", -1],
    ["ab", -1.5],
    ["<mask>", 0],
  ];
  const parts = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: { type: "Fuse" } };
  const file = { ...parts, added_tokens: [], model: { type: "Unigram", unk_id: 0, vocab: pieces } };
  const codec = await tokenizerCodec(file, { mask_token: "<mask>" }, { where: "x", vocabulary: 4 });
  assert.deepEqual([...codec.encode("abb[MASK]a<mask>")], [3, 2, -1, 1, -1]);
  assert.equal(codec.decode([3, 2, 4, 1]), "abb<mask>a");
  await assert.rejects(
    tokenizerCodec(file, {}, { where: "x", vocabulary: 3 }),
    /^Error: x: the token "<mask>"/,
  );
});

describe("models without a tokenizer", () => {
  it("have characters, or numbers", () => {
    const letters = plainCodec({ alphabet: "abc", vocabulary: 3 });
    assert.deepEqual([...letters.encode("cab")], [2, 0, 1]);
    assert.deepEqual([...letters.template("c_b", { length: 5 })], [2, -1, 1, -1, -1]);
    assert.equal(letters.decode(Int32Array.of(2, 3, -1, 1)), "c__b");
    assert.equal(letters.decode([2, 0, 1], { from: 1 }), "ab");
    assert.equal(letters.template(`b${letters.blanks(2)}`).join(), "1,-1,-1");
    const numbers = plainCodec({ vocabulary: 12 });
    assert.equal(numbers.units, "numbers");
    assert.deepEqual([...numbers.template("11 _ 3", { length: 4 })], [11, -1, 3, -1]);
    assert.equal(numbers.decode(Int32Array.of(11, 12, 3), { from: 1 }), "12 3");
    assert.equal(numbers.template(`4${numbers.blanks(2)}`).join(), "4,-1,-1");
    assert.throws(() => numbers.template("12"), /"12" at position 0 is no token/);
  });
});

describe("files that are no tokenizer of the model", () => {
  const damages: readonly (readonly [string, (file: Record<string, unknown>) => unknown, RegExp])[] = [
    ["that are a list", () => [1, 2], /model\.vocab is missing; expected a tokenizer\.json/],
    ["without tokens", () => ({ model: {} }), /model\.vocab is missing; expected a tokenizer\.json/],
    [
      "whose ids are no numbers",
      (file) => ({ ...file, model: { type: "BPE", vocab: { a: "1" }, merges: [] } }),
      /the token "a" has the id "1"; expected text, and a whole number >= 0$/,
    ],
    [
      "with an id below 0",
      (file) => ({ ...file, model: { type: "BPE", vocab: { a: -1 }, merges: [] } }),
      /the token "a" has the id -1; expected text/,
    ],
    [
      "with more tokens than the network",
      (file) => ({ ...file, added_tokens: [{ id: 4e9, content: "<far>" }] }),
      /the token "<far>" has the id 4000000000, and the model has 102 tokens; it is the tokenizer of another model$/,
    ],
    ["whose added tokens are no list", (file) => ({ ...file, added_tokens: 3 }), /added_tokens is no list/],
    [
      "with a part that is not known",
      (file) => ({ ...file, normalizer: { type: "Magic" } }),
      /is no tokenizer that can be used: Unknown Normalizer type: Magic; expected tokenizer\.json/,
    ],
    [
      "with a pattern that is none",
      (file) => ({
        ...file,
        pre_tokenizer: { type: "Split", pattern: { Regex: "([" }, behavior: "Isolated" },
      }),
      /is no tokenizer that can be used: .*; expected tokenizer\.json/,
    ],
  ];
  for (const [name, damage, sentence] of damages) {
    it(`${name} are refused`, async () => {
      const folder = folderOf("bert");
      const path = join(folder, "tokenizer.json");
      writeFileSync(path, JSON.stringify(damage(JSON.parse(readFileSync(path, "utf8")))));
      for (const refused of [openTokenizer(path, models["bert"]!), copyTokenizer(folder, models["bert"]!)]) {
        await assert.rejects(refused, (error: Error) => {
          assert.match(error.message, sentence);
          assert.ok(error.message.startsWith(path), error.message);
          return true;
        });
      }
    });
  }

  it("that are not there are no tokenizer", async () => {
    const folder = mkdtempSync(join(place, "empty-"));
    assert.equal(await copyTokenizer(folder, models["bert"]!), undefined);
    copyFileSync(join(tokenizers, "gpt2", "vocab.json"), join(folder, "vocab.json"));
    assert.equal(await copyTokenizer(folder, models["gpt2"]!), undefined, "without its merges");
    await assert.rejects(
      openTokenizer(join(folder, "tokenizer.json"), models["bert"]!),
      /cannot read .*tokenizer/,
    );
    assert.deepEqual(readdirSync(folder), ["vocab.json"]);
  });
});
