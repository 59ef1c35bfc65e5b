/** Fill-mask models as the real @huggingface/transformers loads them from a folder, offline. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { pipeline } from "@huggingface/transformers";
import type { Denoiser } from "../src/denoisers/denoiser.ts";
import { importFolder } from "../src/import/import-folder.ts";
import { constrained, sample, steps, stratified, uniform } from "../src/index.ts";
import { loadModel } from "../src/node/index.ts";
import { decode, fromTransformers, type MaskedModel, template } from "../src/transformers/index.ts";
import { fixtures, goldenOf, scratch } from "./checkpoints.ts";
import { blocksOf } from "./markdown-blocks.ts";
import { type Loaded, load, specialTokens, TEXT } from "./transformers-folder.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
/** Logits [batch * length][vocabulary] of sequences in which -1 is a blank. */
async function logitsOf(denoiser: Denoiser, rows: readonly (readonly number[])[]): Promise<number[][]> {
  const { vocabulary } = denoiser;
  const tokens = Int32Array.from(rows.flat(), (token) => (token < 0 ? vocabulary : token));
  const time = new Float64Array(rows.length).fill(1);
  const { data, width } = await denoiser.predict({ tokens, batch: rows.length, time });
  return Array.from(tokens, (_, at) => [...data.subarray(at * width, at * width + vocabulary)]);
}

function close(found: readonly number[], wanted: readonly number[], atol: number, title: string): void {
  assert.equal(found.length, wanted.length, title);
  found.forEach((value, v) => {
    const error = value === wanted[v] ? 0 : Math.abs(value - wanted[v]!);
    assert.ok(error <= atol, `${title}, token ${v}: ${value}; expected ${wanted[v]} within ${atol}`);
  });
}

describe("fromTransformers: logits", () => {
  for (const name of Object.keys(specialTokens)) {
    it(`of ${name} are those of the reference code, and of this project's importer`, async () => {
      const { mask } = specialTokens[name]!;
      const golden = goldenOf(name, fixtures);
      assert.equal(golden.mask_index, mask);
      const { model, tokenizer } = await load(name);
      for (const { name: title = "main", inputs, expected } of [golden, ...golden.cases]) {
        const length = inputs.tokens[0]!.length;
        const rows = inputs.tokens.map((row) => row.map((token) => (token === mask ? -1 : token)));
        const read = fromTransformers(model, tokenizer, { length, forbid: [] });
        const found = await logitsOf(read, rows);
        const width = expected.raw.shape[2];
        const seen = inputs.attention_mask?.flat();
        const wanted = found.map((_, at) => expected.raw.data.slice(at * width, (at + 1) * width));
        for (const row of wanted) row[mask] = Number.NEGATIVE_INFINITY;
        found.forEach((row, at) => {
          if (seen?.[at] !== 0) close(row, wanted[at]!, golden.checks.suggested_atol, `${title}, row ${at}`);
        });

        const out = join(scratch(), name);
        await importFolder(join(fixtures, name), { out, mask, length });
        const own = await loadModel(out, { threads: 1 });
        const imported = await logitsOf(own.denoiser, rows);
        imported.forEach((row, at) => {
          if (seen?.[at] === 0) return;
          // A mask that is the last token is no token of an imported model.
          close(found[at]!.slice(0, row.length), row, 1e-5, `${title}, row ${at}, imported`);
        });
        await own.dispose();
      }
      await model.dispose();
    });
  }

  it("give the probabilities of the library's own fill-mask pipeline", async () => {
    const { folder, model, tokenizer } = await load("bert");
    const text = "the cat [MASK] on";
    const fill = await pipeline("fill-mask", folder, { dtype: "fp32", device: "cpu" });
    const scores = await fill(text, { top_k: 102 });
    const given = template(tokenizer, text);
    const read = fromTransformers(model, tokenizer, { length: given.length });
    const row = (await logitsOf(read, [[...given]]))[given.indexOf(-1)]!;
    const total = row.reduce((sum, logit) => sum + Math.exp(logit), 0);
    const special: readonly number[] = Object.values(specialTokens["bert"]!);
    const allowed = scores.filter(({ token }) => !special.includes(token));
    const mass = allowed.reduce((sum, { score }) => sum + score, 0);
    assert.equal(allowed.length, 102 - 5);
    for (const { token, score } of allowed) {
      const found = Math.exp(row[token]!) / total;
      assert.ok(Math.abs(found - score / mass) < 1e-6, `token ${token}: ${found}, not ${score / mass}`);
    }
    await fill.dispose();
    await model.dispose();
  });

  it("of a padded text are those of the text alone", async () => {
    const { model, tokenizer } = await load("bert");
    const text = template(tokenizer, TEXT);
    const padded = template(tokenizer, TEXT, { length: text.length + 5 });
    assert.deepEqual([...padded.subarray(text.length)], Array(5).fill(specialTokens["bert"]!.pad));
    const [alone, beside] = await Promise.all(
      [text, padded].map((given) =>
        logitsOf(fromTransformers(model, tokenizer, { length: given.length }), [[...given]]),
      ),
    );
    for (const [at, row] of alone!.entries()) close(beside![at]!, row, 1e-5, `row ${at}`);
    await model.dispose();
  });

  it("of float64 are read as they are, those of float16 within half a unit in the last place", async () => {
    const [single, double, half] = await Promise.all(
      [1, 11, 10].map(async (type) => {
        const { model, tokenizer } = await load("bert", { type });
        const given = template(tokenizer, TEXT);
        const rows = await logitsOf(fromTransformers(model, tokenizer, { length: given.length }), [
          [...given],
        ]);
        await model.dispose();
        return rows;
      }),
    );
    assert.deepEqual(double, single);
    half!.forEach((row, at) => {
      row.forEach((value, v) => {
        const exact = single![at]![v]!;
        // Float16 has 11 bits, and steps of 2^-24 below 2^-14.
        const step = Math.max(Math.abs(exact) * 2 ** -11, 2 ** -25);
        assert.ok(value === exact || Math.abs(value - exact) <= step, `row ${at}: ${value}, not ${exact}`);
      });
    });
    assert.notDeepEqual(half, single);
  });
});

describe("fromTransformers: what is drawn", () => {
  let loaded: Loaded;
  before(async () => {
    loaded = await load("bert");
  });
  const special = new Set<number>(Object.values(specialTokens["bert"]!));

  it("is the same in any batch; given tokens stay; no special token is drawn", async () => {
    const { model, tokenizer } = loaded;
    const given = template(tokenizer, `${TEXT} ${"[MASK] ".repeat(20)}`, { length: 36 });
    const denoiser = fromTransformers(model, tokenizer, { length: 36 });
    const options = { schedule: uniform({ steps: 4 }), given, count: 64, seed: 5 };
    const { tokens, calls } = await sample(denoiser, { ...options, batch: 64 });
    assert.equal(calls, 4);
    for (const batch of [1, 5]) {
      assert.deepEqual((await sample(denoiser, { ...options, batch })).tokens, tokens);
    }
    assert.notDeepEqual((await sample(denoiser, { ...options, seed: 6 })).tokens, tokens);
    tokens.forEach((token, at) => {
      const kept = given[at % 36]!;
      if (kept >= 0) assert.equal(token, kept);
      else assert.ok(token >= 0 && token < 102 && !special.has(token), `drew ${token}`);
    });
    const free = fromTransformers(model, tokenizer, { length: 36, forbid: [] });
    const all = await sample(free, options);
    const drawn = all.tokens.filter((_, at) => given[at % 36]! < 0);
    assert.ok(
      drawn.some((token) => special.has(token)),
      "these tokens have no chance anyway",
    );
    assert.ok(!drawn.includes(specialTokens["bert"]!.mask));
  });

  it("is what `forbid` leaves, and what `constrained` allows", async () => {
    const { model, tokenizer } = loaded;
    const words = template(tokenizer, "cat [MASK] dog");
    const [cat, dog] = [words[1]!, words[3]!];
    const given = [words[0]!, -1, -1, -1, words[4]!];
    const options = { schedule: uniform({ steps: 3 }), given, count: 40 };
    const free = Array.from({ length: 102 }, (_, token) => token).filter((token) => token !== cat);
    const only = fromTransformers(model, tokenizer, { length: 5, forbid: free });
    const { tokens } = await sample(only, options);
    assert.deepEqual([...tokens.subarray(0, 5)], [words[0]!, cat, cat, cat, words[4]!]);
    assert.equal(new Set(tokens).size, 3);
    const denoiser = fromTransformers(model, tokenizer, { length: 5 });
    const bent = constrained(denoiser, { allowed: [undefined, [cat], [cat, dog], [dog]] });
    const drawn = await sample(bent, options);
    for (let at = 0; at < drawn.tokens.length; at += 5) {
      assert.equal(drawn.tokens[at + 1], cat);
      assert.ok([cat, dog].includes(drawn.tokens[at + 2]!));
      assert.equal(drawn.tokens[at + 3], dog);
    }
  });

  it("is among the tokenizer's texts, of which a model may have fewer or more", async () => {
    const whole = fromTransformers(loaded.model, loaded.tokenizer, { length: 16 });
    const blank = [[2, ...Array<number>(14).fill(-1), 3]];
    const wanted = await logitsOf(whole, blank);
    const fewer = await load("bert", { tokens: 60, gaps: [12, 40] });
    const denoiser = fromTransformers(fewer.model, fewer.tokenizer, { length: 16 });
    assert.equal(denoiser.vocabulary, 60);
    (await logitsOf(denoiser, blank)).forEach((row, at) => {
      const left = wanted[at]!.slice(0, 60).map((logit, v) => (v === 12 || v === 40 ? -Infinity : logit));
      assert.deepEqual(row, left);
    });
    const options = { schedule: uniform({ steps: 2 }), given: blank[0]!, count: 32 };
    const { tokens } = await sample(denoiser, options);
    assert.ok(tokens.every((token) => token < 60 && token !== 12 && token !== 40));
    await fewer.model.dispose();

    const more = await load("bert", { tokens: 110 });
    const wide = fromTransformers(more.model, more.tokenizer, { length: 16 });
    assert.equal(wide.vocabulary, 110);
    const beyond: number[] = Array(8).fill(Number.NEGATIVE_INFINITY);
    (await logitsOf(wide, blank)).forEach((row, at) => {
      assert.deepEqual(row, [...wanted[at]!, ...beyond]);
    });
    await assert.rejects(
      sample(wide, { ...options, given: [2, 105, ...Array<number>(13).fill(-1), 3] }),
      /^Error: fromTransformers: the model failed on 1 x 16 tokens: .*; check that the tokenizer is this model's/,
    );
    await more.model.dispose();
  });

  it("is asked for by rows, and nothing else changes", async () => {
    const { model, tokenizer } = loaded;
    const returned: { logits: Float32Array; copy: Float32Array }[] = [];
    const watched: MaskedModel = Object.assign(
      async (inputs: object) => {
        const output = (await model(inputs)) as { logits: { data: Float32Array } };
        returned.push({ logits: output.logits.data, copy: output.logits.data.slice() });
        return output;
      },
      { config: model.config },
    );
    const denoiser = fromTransformers(watched, tokenizer, { length: 6 });
    const tokens = Int32Array.from([2, 102, 5, 102, 102, 3, 2, 4, 102, 7, 102, 3]);
    const input = { tokens, batch: 2, time: new Float64Array(2) };
    const before = tokens.slice();
    const all = await denoiser.predict(input);
    const wanted = Int32Array.from([1, 4, 8, 10]);
    const some = await denoiser.predict({ ...input, wanted });
    assert.deepEqual(some.positions, wanted);
    wanted.forEach((at, i) => {
      assert.deepEqual(
        some.data.slice(i * some.width, (i + 1) * some.width),
        all.data.slice(at * all.width, (at + 1) * all.width),
      );
    });
    assert.equal(some.data.length, 4 * 102);
    const none = await denoiser.predict({ ...input, wanted: new Int32Array(0) });
    assert.equal(none.data.length, 0);
    assert.equal(returned.length, 2);
    assert.deepEqual(tokens, before);
    for (const { logits, copy } of returned) assert.deepEqual(logits, copy);
    // What is given back is written over, and not before.
    const kept = all.data.slice();
    const other = await denoiser.predict({ ...input, tokens: tokens.map(() => 102) });
    assert.deepEqual(all.data, kept);
    assert.notDeepEqual(other.data, kept);
    all.release!();
    const again = await denoiser.predict(input);
    assert.equal(again.data.buffer, all.data.buffer);
    assert.deepEqual(again.data, kept);
  });
});

describe("text in and out", () => {
  it("template has -1 at blanks and the tokenizer's tokens elsewhere", async () => {
    const { tokenizer } = await load("bert");
    const { cls, sep, pad, unk } = specialTokens["bert"]!;
    const [the, sat] = [4, 6];
    assert.deepEqual([...template(tokenizer, "the [MASK] sat")], [cls, the, -1, sat, sep]);
    assert.deepEqual(
      [...template(tokenizer, "the[MASK][MASK] zebra", { length: 8 })],
      [cls, the, -1, -1, unk, sep, pad, pad],
    );
    assert.throws(() => template(tokenizer, "the cat"), {
      name: "RangeError",
      message: 'template: "the cat" has no [MASK]; write one for each token to be filled in',
    });
    assert.throws(() => template(tokenizer, "the [MASK] sat", { length: 4 }), {
      name: "RangeError",
      message: "template: length = 4; the text is 5 tokens, so expected at least as many",
    });
    // Without a padding token the library takes the end of a text for one.
    const bare = await load("bert", { tokenizer: { pad_token: undefined, eos_token: "[SEP]" } });
    assert.equal(bare.tokenizer.pad_token_id, sep);
    assert.deepEqual([...template(bare.tokenizer, "[MASK]")], [cls, -1, sep]);
    assert.throws(() => template(bare.tokenizer, "[MASK]", { length: 9 }), /has no padding token; leave/);
  });

  it("decode gives the words of samples back, and shows what is still masked", async () => {
    const { model, tokenizer } = await load("bert");
    const given = template(tokenizer, "the cat [MASK] on the [MASK] .", { length: 12 });
    const tokens = [...given, ...given].map((token, at) => (token < 0 ? (at < 12 ? 6 : 102) : token));
    assert.deepEqual(decode(tokenizer, { tokens, length: 12 }), [
      "the cat sat on the sat.",
      "the cat [MASK] on the [MASK].",
    ]);
    assert.deepEqual(decode(tokenizer, { tokens: [2, 3], length: 2 }), [""]);
    const denoiser = fromTransformers(model, tokenizer, { length: 12 });
    const masks: number[] = [];
    for await (const state of steps(denoiser, { schedule: uniform({ steps: 2 }), given })) {
      masks.push(decode(tokenizer, state)[0]!.split("[MASK]").length - 1);
    }
    assert.deepEqual(masks, [2, 1, 0]);
    await model.dispose();
  });
});

describe("examples/transformers.ts", () => {
  const script = join(root, "examples/transformers.ts");

  it("fills in a text with a local model", async () => {
    const { folder, model, tokenizer } = await load("bert");
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--import", "tsx", script, folder, TEXT],
      {
        cwd: root,
        // The names that users import, as the sources that are being tested.
        env: { ...process.env, TSX_TSCONFIG_PATH: join(root, "examples/tsconfig.json") },
      },
    );
    const given = template(tokenizer, TEXT);
    const denoiser = fromTransformers(model, tokenizer, { length: given.length });
    const options = { schedule: uniform({ steps: 3 }), selector: stratified(), given, count: 3 };
    assert.deepEqual(stdout.trimEnd().split("\n"), decode(tokenizer, await sample(denoiser, options)));
    await model.dispose();
  });

  it("is what docs/transformers.md shows", () => {
    const page = readFileSync(join(root, "docs/transformers.md"), "utf8");
    const shown = blocksOf(page).filter(({ language }) => language === "js");
    assert.equal(shown.length, 1);
    const source = readFileSync(script, "utf8").replaceAll("\n\n", "\n");
    for (const { code } of shown) assert.ok(source.includes(code.replaceAll("\n\n", "\n")), code);
  });
});
