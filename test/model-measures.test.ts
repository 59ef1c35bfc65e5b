import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { dump } from "npyjs";
import {
  afterPrefix,
  likelihood,
  measureValue,
  planScore,
  type SequenceMeasure,
  samplingFloor,
  unigramEntropy,
  unrelatedContinuations,
} from "../src/index.ts";
import { loadModel, modelMeasures, searchData } from "../src/node/index.ts";

const fixtures = fileURLToPath(new URL("fixtures/onnx/", import.meta.url));
const place = mkdtempSync(join(tmpdir(), "fewstep-measures-"));
after(() => rmSync(place, { recursive: true, force: true }));

// fixtures/onnx/make.py: row d of the judge's logits is table[x[d - 1], :], row 0 is 0 for every token.
const table = (token: number, v: number): number => ((7 * token + 3 * v) % 11) / 4;
const bits = (before: number | undefined, token: number): number => {
  const logit = (v: number) => (before === undefined ? 0 : table(before, v));
  const total = [0, 1, 2, 3, 4].reduce((sum, v) => sum + Math.exp(logit(v)), 0);
  return Math.log2(total / Math.exp(logit(token)));
};

/** A copy of a fixture whose manifest is changed and that has more files; its measures, and their dispose. */
async function measuresOf(
  fixture: string,
  changes: Record<string, unknown>,
  { files = {}, prefix = 0 }: { files?: Record<string, Uint8Array | string>; prefix?: number } = {},
) {
  const folder = mkdtempSync(join(place, "model-"));
  cpSync(join(fixtures, fixture), folder, { recursive: true });
  const path = join(folder, "manifest.json");
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...changes }));
  for (const [name, data] of Object.entries(files)) writeFileSync(join(folder, name), data);
  const model = await loadModel(folder, { threads: 1 });
  try {
    return await modelMeasures(
      model,
      { tokens: new Int32Array(16), origin: "held out", evaluations: 0 },
      { prefix },
    );
  } finally {
    await model.dispose();
  }
}

const npy = (data: Parameters<typeof dump>[0], shape: number[]): Uint8Array =>
  new Uint8Array(dump(data, shape));

for (const prefix of [0, 3]) {
  test(`likelihood by hand, ${prefix} tokens given, in batches of 8 and a rest`, async () => {
    const measures = await measuresOf("judged", {}, { prefix });
    assert.deepEqual(
      measures.map(({ name, better }) => [name, better]),
      [["likelihood", "lower"]],
    );
    const tokens = Int32Array.from({ length: 11 * 8 }, (_, at) => (at * at + 3 * (at >> 3)) % 5);
    const scores = await (measures[0] as SequenceMeasure).scores(tokens, 8);
    assert.equal(scores.length, 11);
    scores.forEach((score, row) => {
      let expected = 0;
      for (let d = prefix; d < 8; d++) {
        expected += bits(d === 0 ? undefined : tokens[row * 8 + d - 1], tokens[row * 8 + d]!) / (8 - prefix);
      }
      // The network returns float32.
      assert.ok(Math.abs(score - expected) < 1e-6, `row ${row}: ${score} against ${expected}`);
    });
    // Sessions are opened for every set: a second one gives the same.
    assert.deepEqual(await (measures[0] as SequenceMeasure).scores(tokens, 8), scores);
  });
}

test("likelihood: excluded tokens, NaN, masks and a wrong length", async () => {
  const network = (logits: number[]) => ({
    vocabulary: 2,
    length: 2,
    predict: () => ({ data: Float64Array.from(logits), width: 2 }),
  });
  const score = async (logits: number[], tokens = Int32Array.of(0, 1), length = 2) =>
    (await likelihood({ network: network(logits) }).scores(tokens, length))[0];
  assert.equal(await score([5, 5, 0, 0]), 1);
  assert.equal(await score([0, -2000, 0, 0]), 0.5);
  assert.equal(await score([0, 0, 0, Number.NEGATIVE_INFINITY]), Number.POSITIVE_INFINITY);
  await assert.rejects(score([0, Number.NaN, 0, 0]), /likelihood: the network's logits sum to NaN after exp/);
  await assert.rejects(score([0, 0, 0, 0], Int32Array.of(0, 2)), /tokens\[1\] = 2; expected a clean token/);
  await assert.rejects(
    score([0, 0, 0, 0], Int32Array.of(0, 1), 1),
    /length = 1; expected that of the network, 2/,
  );
  assert.throws(() => likelihood({ network: network([]), prefix: 2 }), /prefix = 2; expected .* 0 to .* 1/);
});

test("after a prefix a measure sees the rest alone", async () => {
  const tokens = Int32Array.of(9, 9, 0, 1, 8, 7, 2, 3);
  const sum: SequenceMeasure = {
    name: "sum",
    label: "sum",
    better: "neither",
    scores: (all, length) =>
      Float64Array.from({ length: all.length / length }, (_, row) =>
        all.subarray(row * length, (row + 1) * length).reduce((total, token) => total + token, 0),
      ),
  };
  const cut = afterPrefix(sum, 2) as SequenceMeasure;
  assert.deepEqual([...(await cut.scores(tokens, 4))], [1, 5]);
  assert.deepEqual([cut.name, cut.better], ["sum", "neither"]);
  assert.equal(afterPrefix({ ...sum, modeSeeking: true }, 2).modeSeeking, true);
  const entropy = await measureValue(afterPrefix(unigramEntropy(), 2), tokens, 4);
  assert.ok(Math.abs(entropy - Math.log(4)) < 1e-15);
  assert.equal(afterPrefix(sum, 0), sum);
  assert.throws(() => afterPrefix(sum, -1), /prefix = -1; expected a whole number >= 0/);
  assert.throws(() => cut.scores(tokens, 2), /prefix = 2; expected less than the length, 2/);
});

const melodies = {
  vocabulary: 5,
  alphabet: undefined,
  tokens: {
    kind: "notes",
    rest: 0,
    hold: 1,
    firstOnset: 2,
    firstPitch: 60,
    ticksPerBeat: 4,
    beatsPerBar: 4,
    beatsPerMinute: 90,
  },
  fresh: "fresh.npy",
  measures: [{ kind: "note-hellinger" }, { kind: "note-outliers" }, { kind: "distinct" }],
};
const fresh = Int32Array.from({ length: 4 * 8 }, (_, at) => (at + (at >> 3)) % 5);

test("notes: with a beginning given both measures, without only the histogram", async () => {
  const files = { "fresh.npy": npy(fresh, [4, 8]) };
  const names = async (prefix: number) =>
    (await measuresOf("good", melodies, { files, prefix })).map(({ name }) => name);
  assert.deepEqual(await names(0), ["note-hellinger", "distinct-4"]);
  assert.deepEqual(await names(3), ["note-hellinger", "note-outliers", "distinct-4"]);
  const [hellinger, outliers] = await measuresOf("good", melodies, { files, prefix: 3 });
  assert.equal(await measureValue(hellinger!, fresh, 8), 0);
  assert.equal(await measureValue(outliers!, fresh, 8), 0);
  await assert.rejects(
    measuresOf("good", { ...melodies, tokens: undefined }, { files }),
    /measures: the tokens of "good" are not said to be notes/,
  );
  await assert.rejects(
    measuresOf("good", { ...melodies, heldOut: undefined, fresh: undefined }, { files }),
    /"good" comes without real sequences to compare notes with/,
  );
  await assert.rejects(measuresOf("good", melodies, { files, prefix: 8 }), /prefix = 8; expected .* 0 to 7/);
});

test("images: features and references that do not fit are refused, in one sentence", async () => {
  const described = {
    alphabet: undefined,
    measures: [
      { kind: "frechet", features: "f.npy", reference: "heldout.npy" },
      { kind: "far-share", reference: "heldout.npy" },
    ],
  };
  const refused = async (files: Record<string, Uint8Array | string>, expected: RegExp, changes = {}) =>
    assert.rejects(measuresOf("good", { ...described, ...changes }, { files }), (error: Error) => {
      assert.match(error.message, expected);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
  await refused(
    { "f.npy": npy(new Float32Array(16), [8, 2]) },
    /f\.npy of "good" is not usable: its shape is \[8, 2\]; expected \[9, features\]/,
  );
  await refused({ "f.npy": npy(new Float32Array(9).fill(Number.NaN), [9, 1]) }, /f\.npy .* finite numbers/);
  await refused({ "f.npy": "no" }, /f\.npy of "good" is not usable/);
  await refused({}, /measures: cannot read .*f\.npy/);
  const good = {
    "f.npy": npy(
      Float32Array.from({ length: 18 }, (_, at) => (at % 7) / 7),
      [9, 2],
    ),
  };
  await refused(good, /measures: cannot read .*none\.npy/, {
    measures: [{ kind: "far-share", reference: "none.npy" }],
  });
  await refused({}, /none\.onnx cannot be opened/, {
    measures: [{ kind: "likelihood", network: "none.onnx" }],
  });
  for (const prefix of [0, 5]) {
    const measures = await measuresOf("good", described, { files: good, prefix });
    assert.deepEqual(
      measures.map(({ name }) => name),
      ["frechet", "far-share", "nearest-distance"],
    );
    // heldout.npy is the reference itself, so nothing may be far; and what was given is not looked at.
    const reference = Int32Array.from({ length: 24 }, (_, at) => (at % 8 < prefix ? 4 - (at % 5) : at % 5));
    for (const measure of measures)
      assert.ok(Math.abs(await measureValue(measure, reference, 8)) < 1e-12, measure.name);
  }
});

test("digits: the figures of fresh data equal scipy's", async () => {
  const model = await loadModel("digits", { threads: 1 });
  const measures = await modelMeasures(model, await searchData(model, { count: 8 }));
  const tokens = (await model.fresh())!.subarray(0, 256 * 64);
  const value = async (name: string) =>
    measureValue(measures.find((measure) => measure.name === name)!, tokens, 64);
  // numpy.cov, scipy.linalg.sqrtm and scipy.spatial.distance.cdist on features.npy, train.npy and fresh.npy[:256]
  // as they ship: to be computed again where those files change.
  assert.ok(Math.abs((await value("frechet")) - 0.22914869681522954) < 1e-9);
  assert.equal(await value("far-share"), 13 / 256);
  assert.ok(Math.abs((await value("nearest-distance")) - 16.91133562681353) < 1e-10);
  await model.dispose();
});

test("bach: the true continuation scores next to nothing, an unrelated one much, other melodies a little", async () => {
  const model = await loadModel("bach", { threads: 1 });
  const data = await searchData(model, { count: 8 });
  const truth = (await model.fresh())!;
  const { length } = model.denoiser;
  const given = await modelMeasures(model, data, { prefix: 32 });
  const unrelated = unrelatedContinuations({ truth, length, prefix: 32 });
  for (const name of ["note-hellinger", "note-outliers"]) {
    const measure = given.find((each) => each.name === name)!;
    const [own, other] = [
      await measureValue(measure, truth, length),
      await measureValue(measure, unrelated, length),
    ];
    console.log(
      `bach, ${name} after 32 of ${length} ticks: true ${own.toFixed(4)}, unrelated ${other.toFixed(3)}`,
    );
    assert.ok(own < 0.02 && other > 0.4);
  }
  const free = await modelMeasures(model, data);
  const [intervals, hellinger] = free;
  assert.deepEqual(
    [intervals, hellinger].map((measure) => measure!.name),
    ["interval-kl", "note-hellinger"],
  );
  // Within a sequence every second onset first, then the others: its rhythm and its notes stay, its steps do not.
  const shuffled = truth.slice();
  for (let first = 0; first < shuffled.length; first += length) {
    const row = shuffled.subarray(first, first + length);
    const at = Array.from(row.keys()).filter((d) => row[d]! >= 2);
    const onsets = at.map((d) => row[d]!);
    const interleaved = [...onsets.filter((_, i) => i % 2 === 0), ...onsets.filter((_, i) => i % 2 === 1)];
    at.forEach((d, i) => {
      row[d] = interleaved[i]!;
    });
  }
  const steps = await measureValue(intervals!, truth, length);
  const broken = await measureValue(intervals!, shuffled, length);
  console.log(
    `bach, interval KL of fresh data: ${steps.toFixed(3)}, onsets in another order ${broken.toFixed(3)}`,
  );
  assert.ok(steps < 0.06 && broken > 0.2);
  const floor = await samplingFloor(hellinger!, truth, length, { count: 64 });
  assert.ok(floor.value > 0.02 && floor.value < 0.3, "other tunes than those compared with");
  await model.dispose();
});

test("text: a search for plans goes by the three divergences, never by the judge or the share of words", async () => {
  const model = await loadModel("text", { threads: 1 });
  const data = await searchData(model, { count: 2 });
  for (const prefix of [0, 64]) {
    const { of } = planScore(await modelMeasures(model, data, { prefix }));
    assert.deepEqual(of, ["bigram-kl", "trigram-kl", "word-bigram-kl"]);
  }
  await model.dispose();
});
