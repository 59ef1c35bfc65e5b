import assert from "node:assert/strict";
import { test } from "node:test";
import {
  countIntervals,
  estimate,
  hellinger,
  intervalKL,
  measureValue,
  type NoteTokens,
  noteHellinger,
  noteOutliers,
  type SequenceMeasure,
  soundingNotes,
  unrelatedContinuations,
} from "../src/index.ts";

// Rest 0, hold 1, and four pitches p q r s with onsets 2 to 5.
const notes: NoteTokens = { rest: 0, hold: 1, firstOnset: 2, vocabulary: 6 };
const rows = (...lines: string[]): Int32Array =>
  Int32Array.from(lines.join(""), (each) => ".-pqrs".indexOf(each));

test("a hold sounds what came before it, in its own row only", () => {
  assert.deepEqual([...soundingNotes(rows("p--q", "-.-r"), 4, notes)], [1, 1, 1, 2, 0, 0, 0, 3]);
  assert.throws(
    () => soundingNotes(Int32Array.of(2, 6), 2, notes),
    /token 6 in row 0 at position 1; expected the rest 0, the hold 1 or an onset from 2 to 5/,
  );
  assert.throws(() => soundingNotes(Int32Array.of(0, 2), 2, { ...notes, firstOnset: 3 }), /token 2 in row 0/);
});

test("Hellinger distance: of equal laws 0, of laws apart 1, else both forms agree", () => {
  const [p, q] = [Float64Array.of(0.1, 0.2, 0.7), Float64Array.of(0.5, 0.25, 0.25)];
  assert.equal(hellinger(p, p.slice()), 0);
  assert.equal(hellinger(Float64Array.of(1, 0), Float64Array.of(0, 1)), 1);
  const overlap = p.reduce((sum, each, i) => sum + Math.sqrt(each * q[i]!), 0);
  assert.ok(Math.abs(hellinger(p, q) - Math.sqrt(1 - overlap)) < 1e-15);
  assert.throws(() => hellinger(p, Float64Array.of(1)), /p has 3 entries, q has 1/);
});

// Given the first two ticks; the first two begin alike.
const truth = rows("pqp-q-", "pq.r-r", "s.s---", "q-q-q-");
const given = { truth, length: 6, prefix: 2, notes };

test("melodic steps by hand: over holds and rests, not over rows, and alike in every key", () => {
  // p q . q | s p: steps +1, 0 | -3, of -3 .. 3.
  assert.deepEqual([...countIntervals(rows("p-q.-q", ".s-p--"), 6, notes)], [1, 0, 0, 1, 1, 0, 0]);
  const measure = intervalKL({ notes, law: [0, 0.25, 0, 0.25, 0.5, 0, 0] });
  assert.equal(measure.of(rows("p-q-r-"), 6), Math.log(2));
  assert.equal(measure.of(rows("q-r-s-"), 6), Math.log(2));
  const value = measure.of(rows("pqq-..", "s.q-..", "...-r-"), 6);
  assert.ok(Math.abs(value - (2 / 3) * Math.log(4 / 3) - (1 / 3) * Math.log(2 / 3)) < 1e-15);
  assert.equal(measure.of(rows("p-s---"), 6), Number.POSITIVE_INFINITY, "a step that the law excludes");
  assert.equal(measure.of(rows("p-----", "..q-.."), 6), Number.POSITIVE_INFINITY, "no step at all");
  const smoothed = intervalKL({ notes, counts: [0, 0, 0, 3, 0, 0, 0] });
  assert.ok(Math.abs(smoothed.of(rows("p-q---"), 6) - Math.log(3.7 / 0.1)) < 1e-14);
  assert.throws(() => countIntervals(Int32Array.of(2, 6), 2, notes), /token 6 in row 0 at position 1/);
  assert.throws(() => intervalKL({ notes, law: [1] }), /has 1 entries; expected 2 P - 1 = 7 steps/);
});

test("conditional, by hand", async () => {
  // After the prefix: q q q q and s s s s; pr.p against those two truths' p p q q and . r r r; the given q held.
  const samples = rows("q-qqqq", "s.s-s.", "pqpr.p", "q---r.");
  const [distances, outliers] = await Promise.all(
    [noteHellinger(given) as SequenceMeasure, noteOutliers(given)].map((measure) =>
      measure.scores(samples, 6),
    ),
  );
  const bhattacharyya =
    Math.sqrt((2 / 4) * (2 / 8)) + Math.sqrt((1 / 4) * (3 / 8)) + Math.sqrt((1 / 4) * (1 / 8));
  const expected = [
    0,
    Math.sqrt(1 - Math.sqrt(3 / 4)),
    Math.sqrt(1 - bhattacharyya),
    Math.sqrt(1 - Math.sqrt(1 / 2)),
  ];
  expected.forEach((value, row) => {
    assert.ok(Math.abs(distances![row]! - value) < 1e-15, `row ${row}: ${distances![row]} against ${value}`);
  });
  assert.deepEqual([...outliers!], [0, 0, 0, 1 / 3]);
  // Silence is no note; a pitch of the prefix alone is one.
  assert.deepEqual([...(await noteOutliers(given).scores(rows("q-....", "s.q-.s"), 6))], [0, 2 / 3]);
});

test("the truth scores 0, in any order and any subset, unless several begin alike", async () => {
  for (const measure of [noteHellinger(given), noteOutliers(given)]) {
    assert.equal(await measureValue(measure, rows("q-q-q-", "s.s---"), 6), 0);
    assert.equal(await measureValue(measure, rows("s.s---"), 6), 0);
  }
  assert.ok((await measureValue(noteHellinger(given), truth, 6)) > 0);
  assert.equal(await measureValue(noteOutliers(given), truth, 6), 0);
});

test("the standard error is that of a mean over sequences", async () => {
  const { value, standardError, count } = await estimate(
    noteOutliers(given),
    rows("q-qqqq", "q-rrrr", "q-qq.."),
    6,
  );
  assert.deepEqual([count, value], [3, 1 / 3]);
  assert.ok(Math.abs(standardError - Math.sqrt(1 / 3 / 3)) < 1e-15);
});

test("without a prefix: histograms of everything", async () => {
  const measure = noteHellinger({ ...given, prefix: 0 });
  assert.ok("of" in measure);
  assert.equal(await measureValue(measure, truth, 6), 0);
  // Sounding in the truth: p 4, q 10, r 3, s 5, silence 2 of 24.
  const value = await measureValue(measure, rows("pppppp"), 6);
  assert.ok(Math.abs(value - Math.sqrt(1 - Math.sqrt(4 / 24))) < 1e-15);
});

test("unrelated continuations keep their beginning and go on as another sequence", async () => {
  assert.deepEqual(unrelatedContinuations(given), rows("pqs---", "pqq-q-", "s.p-q-", "q-.r-r"));
  // Row 0 has row 1 half the set on, which begins alike: it takes the next.
  const three = rows("pqp-q-", "pq.r-r", "s.s---");
  assert.deepEqual(unrelatedContinuations({ ...given, truth: three }).slice(0, 6), rows("pqs---"));
  assert.equal(
    await measureValue(noteOutliers(given), unrelatedContinuations(given), 6),
    (1 + 0 + 1 + 1) / 4,
  );
  assert.throws(
    () => unrelatedContinuations({ ...given, truth: truth.slice(0, 12) }),
    /all 2 sequences share their first 2 tokens; expected two that differ/,
  );
});

test("what does not fit is refused in a sentence", () => {
  const measure = noteHellinger(given) as SequenceMeasure;
  assert.throws(
    () => measure.scores(rows("q-q-q-", "rrq-q-"), 6),
    /noteHellinger: the first 2 tokens of row 1 begin none of the 4 real sequences; give each row/,
  );
  assert.throws(() => measure.scores(rows("q-q"), 3), /length = 3; expected that of the real sequences, 6/);
  assert.throws(
    () => noteOutliers({ ...given, prefix: 0 }),
    /noteOutliers: prefix = 0; expected .* from 1 to 5/,
  );
  assert.throws(() => noteHellinger({ ...given, prefix: 6 }), /noteHellinger: prefix = 6/);
});
