/** Text in and text out of imported models: infilling, prompts, sequences between special tokens. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { type GivenOptions, givenTokens, readGiven } from "../src/cli/given-tokens.ts";
import { type ImportOptions, importFolder } from "../src/import/import-folder.ts";
import { blockwise, confidence, sample, uniform } from "../src/index.ts";
import { loadModel, type Model } from "../src/node/index.ts";
import { changedCopy, scratch } from "./checkpoints.ts";

const place = scratch();
const tokenizers = fileURLToPath(new URL("fixtures/tokenizers/", import.meta.url));
const loaded: Model[] = [];
after(async () => {
  for (const model of loaded) await model.dispose();
});

/** Imports a fixture checkpoint, with the tokenizer of a folder. */
async function imported(name: string, options: Partial<ImportOptions> = {}) {
  const out = join(mkdtempSync(join(place, "out-")), "model");
  return { out, ...(await importFolder(changedCopy(place, name), { out, name: "model", ...options })) };
}

async function load(folder: string, options: { length?: number } = {}): Promise<Model> {
  const model = await loadModel(folder, { threads: 1, ...options });
  loaded.push(model);
  return model;
}

/** Loads a model as the command line does, for a text. */
async function loadFor(folder: string, options: GivenOptions) {
  const read = await readGiven(folder, options);
  const model = await load(folder, read.length === undefined ? {} : { length: read.length });
  return { model, ...(await givenTokens(model, options, read)) };
}

const bert = { tokenizer: join(tokenizers, "bert") };
const llada = { tokenizer: join(tokenizers, "llada") };

describe("import", () => {
  it("copies the tokenizer, and says so in the manifest", async () => {
    const { out, manifest, files } = await imported("bert", { ...bert, length: 24 });
    assert.deepEqual(readdirSync(out).sort(), [...files].sort());
    assert.deepEqual(
      [manifest.tokenizer, manifest.mask, manifest.padding, manifest.length, manifest.longest],
      ["tokenizer.json", 7, 0, 24, 48],
    );
    const published = JSON.parse(readFileSync(join(tokenizers, "bert", "tokenizer.json"), "utf8"));
    assert.deepEqual(JSON.parse(readFileSync(join(out, "tokenizer.json"), "utf8")), published);
    const { text } = await load(out);
    assert.equal((await text()).units, "pieces");
    assert.equal(await text(), await text(), "read once");
  });

  it("finds the files in the checkpoint's own folder, older ones too", async () => {
    const folder = changedCopy(place, "esm2");
    for (const file of readdirSync(join(tokenizers, "esm"))) {
      writeFileSync(join(folder, file), readFileSync(join(tokenizers, "esm", file)));
    }
    const out = join(mkdtempSync(join(place, "out-")), "model");
    const { manifest } = await importFolder(folder, { out });
    assert.equal(manifest.tokenizer, "tokenizer.json");
    assert.ok(existsSync(join(out, "tokenizer.json")));
  });

  it("leaves it out where there is none, or none is wanted", async () => {
    for (const options of [{}, { tokenizer: false as const }]) {
      const { manifest, files } = await imported("llada", options);
      assert.equal(manifest.tokenizer, undefined);
      assert.ok(!files.includes("tokenizer.json"));
    }
  });

  const wrong: readonly (readonly [string, string, RegExp])[] = [
    [
      "the tokenizer of another model",
      join(tokenizers, "gpt2"),
      /tokenizer\.json: the token .* and the model has 102 tokens; it is the tokenizer of another model$/,
    ],
    [
      "a folder without one",
      place,
      /has no tokenizer: expected tokenizer\.json in it, or vocab\.txt, or vocab\.json and merges\.txt$/,
    ],
  ];
  for (const [what, tokenizer, sentence] of wrong) {
    it(`refuses ${what}, and writes nothing`, async () => {
      const out = join(mkdtempSync(join(place, "refused-")), "model");
      await assert.rejects(importFolder(changedCopy(place, "bert"), { out, tokenizer, mask: 7 }), sentence);
      assert.deepEqual(readdirSync(join(out, "..")), []);
    });
  }
});

describe("infilling with BERT", () => {
  const template = "The [MASK][MASK] sat on the mat.";

  it("keeps every token that is given and fills the others, at the text's own length", async () => {
    const { out } = await imported("bert", bert);
    const { model, tokens, text } = await loadFor(out, { given: template });
    assert.deepEqual([...tokens!], [2, 74, -1, -1, 76, 77, 74, 78, 44, 3]);
    assert.equal(model.denoiser.length, 10);
    const { tokens: samples } = await sample(model.denoiser, {
      schedule: uniform({ steps: 2 }),
      given: tokens!,
      count: 5,
    });
    for (let row = 0; row < 5; row++) {
      const own = samples.subarray(row * 10, (row + 1) * 10);
      tokens!.forEach((token, at) => {
        if (token >= 0) assert.equal(own[at], token);
        else
          assert.ok(own[at]! >= 0 && own[at] !== 7 && own[at]! < 102, "a blank is filled, not with the mask");
      });
      assert.doesNotMatch(text.decode(own), /MASK/);
    }
  });

  it("keeps what is given whatever the text (property)", async () => {
    const { out } = await imported("bert", bert);
    const model = await load(out);
    const codec = await model.text();
    const { length } = model.denoiser;
    const word = fc.constantFrom(
      "the",
      "cat",
      "sat",
      "on",
      "beginning",
      "rain",
      ".",
      "[MASK]",
      "[MASK:3]",
      "é",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 12 }), fc.nat(100), async (words, seed) => {
        const given = codec.template(words.join(" "), { length });
        const schedule = uniform({ steps: 3 });
        const { tokens } = await sample(model.denoiser, { schedule, given, seed });
        assert.ok(given.every((token, at) => (token < 0 ? tokens[at]! >= 0 : tokens[at] === token)));
        assert.ok(!tokens.includes(7) && !tokens.includes(102));
      }),
      { numRuns: 15 },
    );
  });

  it("says the same of a blank whether or not padding follows", async () => {
    const { out } = await imported("bert", bert);
    const short = await loadFor(out, { given: template });
    const padded = await loadFor(out, { given: template, length: 20 });
    assert.deepEqual([...padded.tokens!.slice(10)], new Array(10).fill(0));
    const rowsOf = async ({ model, tokens }: { model: Model; tokens?: Int32Array }): Promise<number[][]> => {
      const { denoiser, process } = model;
      const masked = tokens!.map((token) => (token < 0 ? process.mask! : token));
      const time = Float64Array.of(1);
      const wanted = Int32Array.of(2, 3);
      const { data, width } = await denoiser.predict({ tokens: masked, batch: 1, time, wanted });
      return [0, 1].map((row) => [...data.slice(row * width, (row + 1) * width)]);
    };
    const [a, b] = [await rowsOf(short), await rowsOf(padded)];
    const apart = a.flat().map((value, i) => (value === b.flat()[i] ? 0 : Math.abs(value - b.flat()[i]!)));
    assert.ok(Math.max(...apart) < 2e-5);
  });
});

describe("prompts", () => {
  it("are followed by as many tokens as are asked for, and only these are shown", async () => {
    const { out } = await imported("llada", llada);
    const options = { prompt: "why is the sea", answer: 16 };
    const { model, tokens, text } = await loadFor(out, options);
    const codec = await model.text();
    const prompt = codec.encode(options.prompt);
    assert.equal(model.denoiser.length, prompt.length + 16);
    assert.deepEqual([...tokens!], [...prompt, ...new Array(16).fill(-1)]);
    const { tokens: answered } = await sample(model.denoiser, {
      schedule: uniform({ steps: 8 }),
      selector: blockwise(confidence(), { size: 8 }),
      temperature: 0,
      given: tokens!,
    });
    assert.deepEqual([...answered.subarray(0, prompt.length)], [...prompt]);
    assert.equal(text.decode(answered), codec.decode(answered, { from: prompt.length }));
  });

  it("take the rest of the usual length where no number is asked for", async () => {
    const { out } = await imported("dream", { tokenizer: join(tokenizers, "llada"), length: 30 });
    const { model, tokens } = await loadFor(out, { prompt: "the cat" });
    assert.equal(model.denoiser.length, 30);
    assert.equal(
      tokens!.findIndex((token) => token < 0),
      (await model.text()).encode("the cat").length,
    );
  });

  it("stand between the tokenizer's special tokens", async () => {
    const { out } = await imported("bert", bert);
    const { tokens } = await loadFor(out, { prompt: "the cat", answer: 3 });
    assert.deepEqual([...tokens!], [2, 74, 75, -1, -1, -1, 3]);
    const filled = await loadFor(out, { prompt: "the cat", answer: 3, length: 9 });
    assert.deepEqual([...filled.tokens!], [2, 74, 75, -1, -1, -1, 3, 0, 0]);
    assert.equal(filled.text.decode([2, 74, 75, 76, 77, 78, 3, 0, 0]), "sat on mat");
  });

  it("are refused with one sentence where they do not fit", async () => {
    const { out } = await imported("llada", { ...llada, length: 8 });
    const refusals: readonly (readonly [GivenOptions, RegExp])[] = [
      [
        { prompt: "the cat sat on the mat." },
        /so nothing is left for an answer; shorten the prompt or set --length$/,
      ],
      [{ prompt: "the cat", answer: 9, length: 8 }, /so an answer has at most \d tokens, not 9; shorten/],
      [{ prompt: "a", answer: 99 }, /"model" takes 1 to 64 tokens$/],
      [{ prompt: "a", given: "b" }, /--given and --prompt were both set; use one of them$/],
      [{ answer: 4 }, /--answer was set without --prompt/],
    ];
    for (const [options, sentence] of refusals) await assert.rejects(loadFor(out, options), sentence);
    await assert.rejects(
      loadFor("letters", { prompt: "ab", answer: 4 }),
      /have 128 tokens whatever the prompt; leave/,
    );
  });
});

describe("sequences of which nothing is given", () => {
  it("keep the special tokens that a masked language model was trained with", async () => {
    const { out } = await imported("esm2", { tokenizer: join(tokenizers, "esm"), length: 12 });
    const { model, tokens, text } = await loadFor(out, {});
    assert.deepEqual([...tokens!], [0, ...new Array(10).fill(-1), 2]);
    const { tokens: protein } = await sample(model.denoiser, {
      schedule: uniform({ steps: 5 }),
      given: tokens!,
    });
    assert.deepEqual([protein[0], protein[11]], [0, 2]);
    assert.doesNotMatch(text.decode(protein), /<cls>|<eos>|mask/);
  });

  it("are free from end to end where padding is nothing special", async () => {
    // A tokenizer that puts <s> and </s> around a text, whose mask is the network's last token.
    const { out, manifest } = await imported("mdlm", { tokenizer: join(tokenizers, "roberta") });
    assert.equal(manifest.padding, undefined);
    const { model, tokens, text } = await loadFor(out, {});
    assert.equal(tokens, undefined);
    const { tokens: free } = await sample(model.denoiser, { schedule: uniform({ steps: 4 }) });
    assert.equal(typeof text.decode(free), "string");
    const filled = await loadFor(out, { given: "the [MASK:2] sat", length: 12 });
    assert.deepEqual([...filled.tokens!.slice(-2)], [-1, -1]);
  });
});

describe("the length of a sequence", () => {
  it("is free up to the longest that an imported network takes", async () => {
    const { out } = await imported("llada", { ...llada, length: 16 });
    const model = await load(out, { length: 5 });
    assert.deepEqual([model.denoiser.length, model.manifest!.length], [5, 5]);
    const { tokens } = await sample(model.denoiser, { schedule: uniform({ steps: 2 }) });
    assert.equal(tokens.length, 5);
    for (const length of [0, 65, 2.5]) {
      await assert.rejects(
        loadModel(out, { length }),
        /length = .* was asked for, and "model" takes 1 to 64 tokens$/,
      );
    }
  });

  it("is fixed for other models", async () => {
    await assert.rejects(
      loadModel("letters", { length: 7 }),
      /"letters" takes sequences of 128 tokens only; leave/,
    );
    await assert.rejects(
      loadModel("chain:x.json", { length: 7 }),
      /length = 7 was asked for; a chain's is what/,
    );
    assert.equal((await load("letters", { length: 128 })).denoiser.length, 128);
    assert.equal((await readGiven("letters", { given: "a_" })).length, undefined);
  });

  for (const [field, value, sentence] of [
    ["longest", 10, /longest is 10; expected at least the length, 24$/],
    ["padding", 102, /padding is 102; expected one of the 102 tokens that is not the mask$/],
    ["padding", 7, /padding is 7; expected one of the 102 tokens that is not the mask$/],
    ["alphabet", "ab", /alphabet and tokenizer are both there; expected one of them$/],
    [
      "tokenizer",
      "../tokenizer.json",
      /tokenizer is "\.\.\/tokenizer\.json"; expected the name of a file inside/,
    ],
  ] as const) {
    it(`is refused in a manifest with ${field} = ${JSON.stringify(value)}`, async () => {
      const { out, manifest } = await imported("bert", { ...bert, length: 24 });
      writeFileSync(join(out, "manifest.json"), JSON.stringify({ ...manifest, [field]: value }));
      await assert.rejects(loadModel(out), sentence);
    });
  }
});
