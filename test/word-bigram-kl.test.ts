import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "npyjs";
import { samplingFloor, wordBigramKL } from "../src/index.ts";
import { encode, loadModel, modelMeasures, searchData } from "../src/node/index.ts";

const alphabet = " 'abcdefghijklmnopqrstuvwxyz";
const words = ["the", "of", "lord", "day"];
const common = ["the", "of"];
// Classes: the, of, another word.
const law = [0.1, 0.05, 0.25, 0.2, 0.1, 0.05, 0.05, 0.15, 0.05];

test("by hand: pairs of real words that neighbour one another within a sequence", () => {
  const measure = wordBigramKL({ alphabet, words, common, law });
  // "the lord" | "lord of"; "of" and "the" have a word that is none between them; the ends are cut.
  assert.ok(
    Math.abs(
      measure.of(encode("x the lord of xq the of", alphabet), 23) -
        (0.5 * Math.log(0.5 / 0.25) + 0.5 * Math.log(0.5 / 0.15)),
    ) < 1e-15,
  );
  // Two sequences are not one: "day of" and "the day" are cut or far.
  assert.equal(measure.of(encode(" the day  of the ", alphabet).slice(0, 16), 8), Number.POSITIVE_INFINITY);
  assert.ok(Math.abs(measure.of(encode(" the of  the of ", alphabet), 8) - Math.log(1 / 0.05)) < 1e-15);
});

test("counts are smoothed by 0.1 each; a reference of another size is refused", () => {
  const counts = [3, 0, 1, 0, 0, 2, 4, 0, 0];
  const value = wordBigramKL({ alphabet, words, common, counts }).of(encode(" the of ", alphabet), 8);
  assert.ok(Math.abs(value - Math.log(10.9 / 0.1)) < 1e-13);
  assert.throws(
    () => wordBigramKL({ alphabet, words, common, counts: [1] }),
    /wordBigramKL: the reference has 1 entries; expected \(n \+ 1\)\^2 = 3\^2 = 9 for 2 common words/,
  );
});

test("text: the floor falls towards 0 as more fresh data are seen, and the order of words is what counts", async () => {
  const model = await loadModel("text", { threads: 1 });
  const { length } = model.denoiser;
  const measures = await modelMeasures(model, await searchData(model, { count: 8 }));
  const measure = measures.find(({ name }) => name === "word-bigram-kl")!;
  const fresh = (await model.fresh())!;
  const floors = await Promise.all(
    [64, 256].map((count) => samplingFloor(measure, fresh, length, { count })),
  );
  console.log(
    `text, word bigram KL of fresh data: ${floors.map(({ value }) => value.toFixed(3)).join(", ")}`,
  );
  assert.ok(floors[0]!.value < 0.25 && floors[1]!.value < 0.1 && floors[1]!.value < floors[0]!.value);
  // The same words of each sequence in the order of the alphabet: nothing but order has changed.
  const sorted = Array.from({ length: 256 }, (_, row) => {
    const text = fresh.subarray(row * length, (row + 1) * length);
    const letters = Array.from(text, (token) => model.alphabet![token]!).join("");
    const inOrder = letters
      .replace(/[^a-z']+/g, " ")
      .split(" ")
      .sort()
      .join(" ");
    return [...encode(inOrder.padEnd(length).slice(0, length), model.alphabet!)];
  });
  const value = "of" in measure ? measure.of(Int32Array.from(sorted.flat()), length) : Number.NaN;
  assert.ok(value > 1, `${value}`);
  await model.dispose();
});

test("text: the counts and the list belong together", () => {
  const file = (name: string) =>
    readFileSync(fileURLToPath(new URL(`../models/text/${name}`, import.meta.url)));
  const list = file("common-words.txt").toString().trim().split("\n");
  const { data, shape } = parse(new Uint8Array(file("word-bigrams.npy")).buffer);
  assert.deepEqual(shape, [64, 64]);
  assert.deepEqual([list.length, new Set(list).size, list[0]], [63, 63, "the"]);
  const counts = data as Int32Array;
  const of = (a: string, b: string) => counts[list.indexOf(a) * 64 + list.indexOf(b)]!;
  assert.equal(of("the", "the"), 0);
  assert.ok(of("of", "the") > 10_000 && of("the", "lord") > 5000 && of("the", "of") < 10);
});
