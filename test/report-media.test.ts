/** The report of models whose tokens are melodies or images, and the script that plays the melodies. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { parseHTML } from "linkedom";
import type { Comparison } from "../src/report/comparison.ts";
import { renderReport } from "../src/report/report.ts";

const melody = [2 + 21, 1, 1, 1, 2 + 12, 1, 0, 2 + 24];
const comparison: Comparison = {
  title: "fewstep compare tunes",
  model: {
    name: "tunes",
    description: "melodies",
    length: 8,
    vocabulary: 49,
    tokens: {
      kind: "notes",
      rest: 0,
      hold: 1,
      firstOnset: 2,
      firstPitch: 48,
      ticksPerBeat: 4,
      beatsPerBar: 1,
      beatsPerMinute: 60,
    },
  },
  command: "fewstep compare tunes",
  seed: 0,
  machine: "2 CPU cores",
  sequences: 8,
  seconds: 1,
  curve: { counts: [], entropies: [], selector: "random" },
  optimal: [],
  measures: [],
  results: [],
  samples: [
    {
      method: "uniform",
      steps: 8,
      text: ["", "", ""],
      tokens: [melody, melody.toReversed(), new Array(8).fill(0)],
    },
    { method: "<cosine>", steps: 8, text: [""], tokens: [melody] },
    { method: "uniform", steps: 4, text: [""], tokens: [melody] },
  ],
};

test("every melody has a roll and a button that says what it plays, hidden until the script runs", () => {
  const html = renderReport(comparison);
  const { document } = parseHTML(html);
  const buttons = [...document.querySelectorAll("button")];
  assert.deepEqual(
    buttons.map(({ textContent }) => textContent),
    [
      "Play melody 1 of uniform at 8 calls",
      "Play melody 2 of uniform at 8 calls",
      "Play melody 1 of <cosine> at 8 calls",
      "Play melody 1 of uniform at 4 calls",
    ],
  );
  assert.ok(
    buttons.every((button) => button.hasAttribute("hidden") && button.getAttribute("type") === "button"),
  );
  const rolls = [...document.querySelectorAll(".roll svg")];
  assert.equal(rolls.length, 4);
  assert.ok(rolls.every((roll) => /notes in 2 bars/.test(roll.getAttribute("aria-label")!)));
  assert.equal(buttons[0]!.getAttribute("data-notes"), "69,0,4 60,4,2 72,7,1");
  assert.doesNotMatch(
    html.replaceAll('xmlns="http://www.w3.org/2000/svg"', ""),
    /https?:|<link|@import|src=/,
  );
  assert.doesNotMatch(html.replace(/<script>.*/s, ""), /revealed in step|What each call costs|undefined|NaN/);
});

test("a silent melody has a roll and no button", () => {
  const samples = [{ method: "uniform", steps: 8, text: [""], tokens: [[0, 0, 1, 1, 0, 0, 0, 0]] }];
  const { document } = parseHTML(renderReport({ ...comparison, samples }));
  assert.equal(document.querySelectorAll("button").length, 0);
  assert.match(document.querySelector(".roll svg")!.getAttribute("aria-label")!, /2 bars of silence/);
});

test("a press plays every note at its time and pitch, another button takes over, a second press stops", () => {
  const { document, voices, click } = loaded(renderReport(comparison));
  const [first, second] = [...document.querySelectorAll("button")];
  assert.ok(!first!.hasAttribute("hidden"));
  click(first!);
  assert.deepEqual(
    voices.map(({ frequency }) => Math.round(frequency.value * 100) / 100),
    [440, 261.63, 523.25],
  );
  // At 60 beats a minute a tick is a quarter of a second.
  const [start] = voices.map(({ on }) => on);
  assert.ok(start! > 10, "scheduled ahead");
  assert.deepEqual(
    voices.map(({ on }) => Math.round((on - start!) * 1e6) / 1e6),
    [0, 1, 1.75],
  );
  for (const [i, seconds] of [1, 0.5, 0.25].entries()) {
    const { on, off } = voices[i]!;
    assert.ok(off - on >= seconds && off - on < seconds + 0.1);
  }
  assert.match(first!.textContent, /^Stop melody 1/);

  click(second!);
  assert.ok(
    voices.slice(0, 3).every(({ off }) => off < 11),
    "the first falls silent",
  );
  assert.equal(voices.length, 6);
  assert.match(first!.textContent, /^Play/);
  assert.match(second!.textContent, /^Stop melody 2/);

  click(second!);
  assert.match(second!.textContent, /^Play melody 2/);
  assert.ok(voices.every(({ off }) => off < 11) && voices.length === 6);

  click(first!);
  voices.at(-1)!.onended!();
  assert.match(first!.textContent, /^Play melody 1/);
});

test("without Web Audio the buttons stay hidden", () => {
  const { document } = loaded(renderReport(comparison), { audio: false });
  assert.ok([...document.querySelectorAll("button")].every((button) => button.hasAttribute("hidden")));
});

test("every image is a picture with a description, and the page has no script", () => {
  const image = [0, 16, 8, 4, 0, 0, 16, 16];
  const html = renderReport({
    ...comparison,
    model: { ...comparison.model, vocabulary: 17, tokens: { kind: "grey", rows: 2, columns: 4 } },
    samples: [{ method: "uniform", steps: 8, text: ["", ""], tokens: [image, image] }],
  });
  const { document } = parseHTML(html);
  const pictures = [...document.querySelectorAll(".images svg")];
  assert.deepEqual(
    pictures.map((picture) => picture.getAttribute("aria-label")),
    [1, 2].map((i) => `Image ${i} of uniform at 8 calls, 2 by 4 pixels`),
  );
  assert.ok(pictures.every((picture) => picture.getAttribute("shape-rendering") === "crispEdges"));
  assert.doesNotMatch(html, /<script|undefined|NaN/);
});

interface Voice {
  readonly frequency: { value: number };
  on: number;
  off: number;
  onended: (() => void) | null;
}

/** The page with its script run, on an audio clock that stands at 10 seconds. */
function loaded(html: string, { audio = true }: { audio?: boolean } = {}) {
  const { document, Event } = parseHTML(html);
  const voices: Voice[] = [];
  const node = () => ({
    gain: { value: 1, setTargetAtTime() {}, setValueAtTime() {}, linearRampToValueAtTime() {} },
    connect: <Other>(other: Other) => other,
  });
  const context = () => ({
    currentTime: 10,
    state: "running",
    destination: {},
    createGain: node,
    createOscillator: () => {
      const voice: Voice & Record<string, unknown> = {
        ...node(),
        frequency: { value: 0 },
        on: 0,
        off: 0,
        onended: null,
        start: (time: number) => {
          voice.on = time;
        },
        stop: (time: number) => {
          voice.off = time;
        },
      };
      voices.push(voice);
      return voice;
    },
  });
  const script = [...document.querySelectorAll("script")].map(({ textContent }) => textContent).join("\n");
  // A function that returns an object may be called with `new`.
  const AudioContext = audio
    ? function fake() {
        return context();
      }
    : undefined;
  runInNewContext(script, { document, window: { AudioContext }, requestAnimationFrame() {} });
  const click = (button: EventTarget) => void button.dispatchEvent(new Event("click"));
  return { document, voices, click };
}
