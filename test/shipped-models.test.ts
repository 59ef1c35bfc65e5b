/** The data files of the shipped model folders: what they hold, and what real text scores on them. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "npyjs";
import { sample as continuousSample, ddim, logSnr } from "../src/continuous/index.ts";
import { distinct } from "../src/measures/distinct.ts";
import { estimate } from "../src/measures/measure.ts";
import { nGramKL } from "../src/measures/n-gram-kl.ts";
import { ruleError } from "../src/measures/rule-error.ts";
import { samplingFloor } from "../src/measures/sampling-floor.ts";
import { unigramEntropy } from "../src/measures/unigram-entropy.ts";
import { wordShare } from "../src/measures/word-share.ts";
import { modelMeasures, searchData } from "../src/model/model-measures.ts";
import { loadContinuousModel, loadModel } from "../src/node/index.ts";

const models = fileURLToPath(new URL("../models", import.meta.url));

describe("the text model's measures", () => {
  const manifest = JSON.parse(readFileSync(join(models, "text", "manifest.json"), "utf8"));
  const measures = [
    nGramKL({ n: 2, vocabulary: 37, counts: npy("text/bigrams.npy") }),
    nGramKL({ n: 3, vocabulary: 37, counts: npy("text/trigrams.npy") }),
    wordShare({
      alphabet: manifest.alphabet,
      words: readFileSync(join(models, "text", "words.txt"), "utf8").split("\n"),
    }),
    unigramEntropy(),
    distinct(),
  ];
  const bounds: Record<string, [number, number]> = {
    "bigram-kl": [0.015, 0.035],
    "trigram-kl": [0.1, 0.2],
    "word-share": [1, 1],
    "unigram-entropy": [2.85, 2.92],
    "distinct-4": [0.28, 0.4],
  };

  for (const file of ["fresh.npy", "held-out.npy"]) {
    test(`real text, ${file}`, async () => {
      const real = npy(`text/${file}`);
      for (const measure of measures) {
        const values = await Promise.all(
          [32, 64, 256].map((count) => samplingFloor(measure, real, 256, { count })),
        );
        console.log(`${file}, 32 / 64 / 256 sequences: ${measure.name} ${values.map(show).join(", ")}`);
        const [low, high] = bounds[measure.name]!;
        const value = values[1]!.value;
        // The held-out books are further from the whole text than chance: up to twice the floor, and more.
        const slack = file === "held-out.npy" && measure.better === "lower" ? 2 : 1;
        assert.ok(value >= low && value <= slack * high, `${measure.name} of 64 sequences: ${value}`);
      }
    });
  }
});

describe("the shipped model folders", () => {
  for (const name of ["text", "countdown", "countdown-net", "letters"]) {
    test(`${name}: file as sealed, under 12 MB, data in range`, () => {
      const folder = join(models, name);
      const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
      const sum = createHash("sha256")
        .update(readFileSync(join(folder, manifest.file)))
        .digest("hex");
      assert.equal(manifest.sha256, sum);
      assert.equal(manifest.name, name);
      const size = readdirSync(folder).reduce((total, file) => total + statSync(join(folder, file)).size, 0);
      assert.ok(size < 12e6, `${size} bytes`);
      if (manifest.heldOut) {
        const tokens = npy(`${name}/${manifest.heldOut}`);
        assert.equal(tokens.length, 256 * manifest.length);
        assert.ok(tokens.every((token) => token < manifest.vocabulary));
      }
    });
  }

  test("countdown-net's held-out sequences keep the strict rule", () => {
    assert.equal(ruleError().of(npy("countdown-net/held-out.npy"), 256), 0);
  });
});

/** Data of a .npy file in models/, as tokens or counts. */
function npy(file: string): Int32Array {
  const bytes = readFileSync(join(models, file));
  const { data } = parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return Int32Array.from(data as Uint8Array | Int32Array);
}

function show({ value, standardError }: { value: number; standardError: number }): string {
  return `${value.toFixed(4)} +- ${standardError.toFixed(4)}`;
}

describe("the folders that ship", () => {
  const folders = readdirSync(models)
    .filter((name) => !name.includes("."))
    .map((name) => {
      const text = readFileSync(join(models, name, "manifest.json"), "utf8");
      return { name, manifest: JSON.parse(text) as { space?: string; sha256?: string } };
    });

  for (const { name, manifest } of folders.filter(({ manifest }) => manifest.space === "continuous")) {
    test(`${name}: at most 12 MB, sealed, its held-out data fit, it can be sampled`, async () => {
      const files = readdirSync(join(models, name));
      const bytes = files.reduce((sum, file) => sum + statSync(join(models, name, file)).size, 0);
      assert.ok(bytes <= 12e6, `${bytes} bytes`);
      assert.match(manifest.sha256 ?? "", /^[0-9a-f]{64}$/);
      const model = await loadContinuousModel(name, { threads: 1 });
      assert.equal(((await model.heldOut())?.length ?? 0) % model.dimension, 0);
      const options = { noise: model.noise, schedule: logSnr({ steps: 2 }), sampler: ddim(), count: 2 };
      const { x } = await continuousSample(model.denoiser, options);
      assert.ok(x.length === 2 * model.dimension && x.every(Number.isFinite));
      await model.dispose();
    });
  }

  for (const { name } of folders.filter(({ manifest }) => manifest.space === undefined)) {
    test(`${name}: at most 12 MB, its measures can be made, its smaller file says nearly the same`, async () => {
      const files = readdirSync(join(models, name));
      const bytes = files.reduce((sum, file) => sum + statSync(join(models, name, file)).size, 0);
      assert.ok(bytes <= 12e6, `${bytes} bytes`);
      const whole = await loadModel(name);
      const { length, vocabulary } = whole.denoiser;
      const data = await searchData(whole, { count: 8 });
      const made = await modelMeasures(whole, data);
      assert.ok(made.some(({ better }) => better !== "neither"));
      for (const measure of made) {
        const { value } = await estimate(measure, data.tokens, length);
        assert.ok(Number.isFinite(value), measure.name);
      }
      if (whole.manifest?.small) {
        const small = await loadModel(name, { small: true });
        const input = {
          tokens: data.tokens.subarray(0, 4 * length).map((token, at) => (at % 3 === 0 ? token : 0)),
          batch: 4,
          time: Float64Array.of(0.2, 0.4, 0.6, 0.8),
        };
        const [a, b] = [await whole.denoiser.predict(input), await small.denoiser.predict(input)];
        let worst = 0;
        for (let at = 0; at < 4 * length; at++) {
          for (let v = 0; v < vocabulary; v++) {
            worst = Math.max(worst, Math.abs(a.data[at * a.width + v]! - b.data[at * b.width + v]!));
          }
        }
        console.log(`${name}: logits of the smaller file differ by at most ${worst.toFixed(3)}`);
        assert.ok(worst > 0 && worst < 0.5, `${worst}`);
        await small.dispose();
      }
      await whole.dispose();
    });
  }
});
