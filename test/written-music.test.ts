/** Melodies: what their tokens mean, as .mid, as piano roll and as lines of a terminal. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parseHTML } from "linkedom";
import midi from "midi-file";
import { samplesText } from "../src/cli/samples-text.ts";
import { samplesFormat, writeSamples } from "../src/node/write-samples.ts";
import { pianoRollSvg, pitchRange } from "../src/report/piano-roll.ts";
import { type NotesDescription, notesOf, pitchName } from "../src/tokens/notes.ts";

const description: NotesDescription = {
  kind: "notes",
  rest: 0,
  hold: 1,
  firstOnset: 2,
  firstPitch: 48,
  ticksPerBeat: 4,
  beatsPerBar: 4,
  beatsPerMinute: 84,
};
/** Silence (a hold with nothing to hold), C4 for 3, C4 again, a rest, silence, E4 for 2, G4 to the end. */
const melody = [1, 14, 1, 1, 14, 0, 1, 18, 1, 21, 1, 1, 1, 1, 1, 1, 1, 1];
const folder = mkdtempSync(join(tmpdir(), "fewstep-music-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("onsets start notes, holds lengthen them, and a hold with nothing to hold is silence", () => {
  assert.deepEqual(notesOf(melody, description), [
    { pitch: 60, start: 1, ticks: 3 },
    { pitch: 60, start: 4, ticks: 1 },
    { pitch: 64, start: 7, ticks: 2 },
    { pitch: 67, start: 9, ticks: 9 },
  ]);
  assert.deepEqual(notesOf([0, 1, 1, 0], description), []);
  assert.deepEqual(notesOf([], description), []);
  assert.throws(
    () => notesOf([0, -1], description),
    /token -1 at tick 1; expected the rest 0, the hold 1, or/,
  );
  assert.throws(() => notesOf([82], description), /token 82 at tick 0; .* onset from 2 to 81$/);
  assert.equal(notesOf([81], description)[0]!.pitch, 127);
});

test("pitches have their scientific names", () => {
  assert.deepEqual([60, 69, 61, 0, 127, 59].map(pitchName), ["C4", "A4", "C#4", "C-1", "G9", "B3"]);
});

test("notes tell back which ticks sound, over many melodies", () => {
  for (let seed = 0; seed < 40; seed++) {
    const tokens = randomMelody(seed);
    let pitch: number | undefined;
    const expected = tokens.map((token) => {
      if (token === 0) pitch = undefined;
      else if (token > 1) pitch = 46 + token;
      return pitch;
    });
    const heard = new Array<number | undefined>(tokens.length).fill(undefined);
    for (const note of notesOf(tokens, description))
      heard.fill(note.pitch, note.start, note.start + note.ticks);
    assert.deepEqual(heard, expected);
    assert.equal(notesOf(tokens, description).length, tokens.filter((token) => token > 1).length);
  }
});

test("a .mid holds every note, the tempo, and the melodies one after another behind a bar of rest", async () => {
  const melodies = [melody, randomMelody(7, 18), randomMelody(8, 18)];
  const { header, tracks } = midi.parseMidi(await written("x.mid", melodies));
  const [score, notes] = [timed(tracks[0]!), timed(tracks[1]!)];
  const clocks = header.ticksPerBeat! / 4;
  assert.deepEqual([header.format, header.numTracks, Number.isInteger(clocks)], [1, 2, true]);
  // 18 ticks fill two bars of 16; the bar of rest makes 48.
  const starts = score.filter(({ event }) => event.type === "marker").map(({ time }) => time / clocks);
  assert.deepEqual(starts, [0, 48, 96]);
  const tempo = score.find(({ event }) => event.type === "setTempo")!.event;
  assert.ok(tempo.type === "setTempo" && Math.abs(60e6 / tempo.microsecondsPerBeat - 84) < 1e-3);
  const played = melodies.flatMap((tokens, i) =>
    notesOf(tokens, description).map(({ pitch, start, ticks }) => [pitch, 48 * i + start, ticks]),
  );
  const on = notes.filter(({ event }) => event.type === "noteOn");
  const off = notes.filter(({ event }) => event.type === "noteOff");
  const read = on.map(({ time, event }, i) => {
    const end = off[i]!;
    assert.ok(event.type === "noteOn" && end.event.type === "noteOff");
    assert.equal(event.noteNumber, end.event.noteNumber);
    return [event.noteNumber, time / clocks, (end.time - time) / clocks];
  });
  assert.deepEqual(read, played);
  for (const track of [score, notes]) {
    assert.equal(track.at(-1)!.event.type, "endOfTrack");
    assert.equal(track.at(-1)!.time / clocks, 96 + 32);
  }
});

test("the bytes of a .mid are those of the standard", async () => {
  // Header and one note of one tick, by the Standard MIDI File 1.0 specification: 24 clocks a beat, 6 a tick.
  const bytes = Buffer.from(await written("one.mid", [[14]]));
  assert.equal(bytes.subarray(0, 14).toString("hex"), "4d54686400000006000100020018");
  assert.ok(bytes.includes(Buffer.from("00903c50" + "06803c00", "hex")));
  assert.ok(bytes.includes(Buffer.from("00ff580404021808", "hex")), "4/4");
  assert.equal(bytes.subarray(-4).toString("hex").slice(2), "ff2f00");
});

test("a piano roll has a bar for each note, at its place", async () => {
  const melodies = [melody, randomMelody(3, 18)];
  const svg = pianoRollSvg(melodies, description);
  assert.equal(Buffer.from(await written("x.svg", melodies)).toString("utf8"), svg);
  const { document } = parseHTML(svg);
  const strips = [...document.querySelectorAll("svg svg")];
  assert.equal(strips.length, 2);
  const all = melodies.map((tokens) => notesOf(tokens, description));
  const [low, high] = pitchRange(all);
  assert.ok(high - low >= 12 && all.flat().every(({ pitch }) => pitch >= low && pitch <= high));
  for (const [i, strip] of strips.entries()) {
    const bars = [...strip.querySelectorAll("[aria-label=rect] > *")];
    assert.equal(bars.length, all[i]!.length);
    // The first number of a rectangle's path or its x: proportional to the start.
    const lefts = bars.map((bar) =>
      Number(bar.getAttribute("x") ?? /M(-?[\d.]+)/.exec(bar.getAttribute("d")!)![1]),
    );
    const { start: first } = all[i]![0]!;
    const { start: last } = all[i]!.at(-1)!;
    const perTick = (lefts.at(-1)! - lefts[0]!) / (last - first);
    all[i]!.forEach(({ start }, n) => {
      assert.ok(Math.abs(lefts[n]! - lefts[0]! - perTick * (start - first)) < 0.1, `${i} ${n}`);
    });
    assert.match(
      strip.getAttribute("aria-label")!,
      /^melody \d: \d+ notes in 2 bars, from \S+ to \S+, beginning/,
    );
  }
  assert.match(pianoRollSvg([[0, 1]], description), /melody 1: 1 bars? of silence/);
});

test("a terminal shows a line a bar and a word a tick", () => {
  assert.equal(
    samplesText([melody, [0, 0]], { description, vocabulary: 49 }),
    ["-   C4  .   .   C4  -   -   E4  .   G4  .   .   .   .   .   .", ".   .", "", "-   -"].join("\n"),
  );
});

test("what melodies cannot be written as is refused before anything is written", () => {
  assert.equal(samplesFormat("a.MID", { description }), "mid");
  assert.throws(
    () => samplesFormat("a.png", { description }),
    /a\.png ends in \.png; for this model, whose samples are melodies, expected \.mid, \.svg, \.npy, \.txt, \.json or \.jsonl$/,
  );
  assert.throws(
    () => samplesFormat("a.mid"),
    /a\.mid ends in \.mid; expected \.npy, \.txt, \.json or \.jsonl$/,
  );
});

async function written(name: string, melodies: readonly (readonly number[])[]): Promise<Uint8Array> {
  const path = join(folder, name);
  const tokens = Int32Array.from(melodies.flat());
  await writeSamples(path, { tokens, count: melodies.length, length: melodies[0]!.length }, { description });
  return new Uint8Array(readFileSync(path));
}

/** Events of a track with their absolute times. */
function timed(track: readonly midi.MidiEvent[]): { time: number; event: midi.MidiEvent }[] {
  let time = 0;
  return track.map((event) => {
    time += event.deltaTime;
    return { time, event };
  });
}

/** A number in 0 .. 1 that looks random. */
function hashed(seed: number, at: number): number {
  const wild = 43758.5453 * Math.sin(12.9898 * seed + 78.233 * at);
  return wild - Math.floor(wild);
}

/** Rests, holds and onsets in turn, with at least two onsets. */
function randomMelody(seed: number, length = 64): number[] {
  const tokens = Array.from({ length }, (_, tick) => {
    const kind = hashed(seed, tick);
    return kind < 0.15 ? 0 : kind < 0.6 ? 1 : 2 + Math.floor(40 * hashed(seed, 1000 + tick));
  });
  return tokens.with(2, 20).with(length - 3, 30);
}
