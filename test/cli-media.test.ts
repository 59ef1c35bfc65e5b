/** `fewstep sample` of models whose tokens are melodies or images. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import midi from "midi-file";
import { bytes, json, jsonFile, refused, sticky, succeed, together, workFolder } from "./run-cli.ts";

const folder = workFolder();
const description = {
  format: "fewstep/model",
  version: 1,
  description: "a chain for tests",
  license: "Apache-2.0",
  kind: "chain",
  file: "chain.json",
  process: "absorbing",
  noise: { name: "linear" },
  timeFree: true,
  length: 16,
  vocabulary: 3,
};
const kinds = {
  tune: {
    kind: "notes",
    rest: 0,
    hold: 1,
    firstOnset: 2,
    firstPitch: 60,
    ticksPerBeat: 2,
    beatsPerBar: 4,
    beatsPerMinute: 90,
  },
  square: { kind: "grey", rows: 4, columns: 4 },
};
before(() => {
  const { initial, transition, length } = sticky;
  for (const [name, tokens] of Object.entries(kinds)) {
    mkdirSync(join(folder, name));
    jsonFile(folder, `${name}/chain.json`, { initial, transition, length });
    jsonFile(folder, `${name}/manifest.json`, { ...description, name, tokens });
  }
});

describe("sample of melodies and images", together, () => {
  it("writes them by the ending of the file", async () => {
    const signatures = [
      ["tune", "a.mid", "MThd"],
      ["tune", "a.svg", "<svg"],
      ["square", "b.png", "\x89PNG"],
      ["square", "b.svg", "<svg"],
    ] as const;
    for (const [model, name, signature] of signatures) {
      const told = await succeed(["sample", model, "--steps", "4", "--count", "3", "--out", name], folder);
      assert.equal(told, `3 sequences of 16 in 4 model calls each: ${name}\n`);
      assert.equal(bytes(folder, name).toString("latin1", 0, 4), signature);
    }
  });

  it("prints tokens with --json, and in the .mid are their notes", async () => {
    const args = ["sample", "tune", "--steps", "4", "--count", "2", "--seed", "3"];
    const { tokens } = await json<{ tokens: number[][] }>(args, folder);
    assert.deepEqual(
      tokens.map((row) => row.length),
      [16, 16],
    );
    await succeed([...args, "--out", "c.mid"], folder);
    const played = midi.parseMidi(bytes(folder, "c.mid")).tracks[1]!.filter(({ type }) => type === "noteOn");
    assert.equal(played.length, tokens.flat().filter((token) => token === 2).length);
  });

  it("prints a line a bar of a melody, and images in shades", async () => {
    const args = ["--steps", "4", "--count", "2"];
    const tune = (await succeed(["sample", "tune", ...args], folder)).split("\n");
    assert.equal(tune.length, 2 + 1 + 2 + 1);
    for (const line of [tune[0]!, tune[1]!, tune[3]!]) assert.match(line, /^((C4|-|\.)\s*){8}$/);
    const square = await succeed(["sample", "square", ...args], folder);
    assert.match(square, /^([ ▒█]{0,18}\n){4}$/);
  });
});

describe("sample refuses an ending that the model has no use for", () => {
  it("and says which it has", async () => {
    await refused(["sample", "square", "--out", "x.mid"], {
      folder,
      sentence: /images of 4 x 4, expected \.png, \.svg, \.npy, \.txt, \.json or \.jsonl$/,
    });
    await refused(["sample", "tune", "--out", "x.png"], {
      folder,
      sentence: /melodies, expected \.mid, \.svg, \.npy, \.txt, \.json or \.jsonl$/,
    });
    await refused(["sample", "letters", "--out", "x.svg"], {
      folder,
      sentence: /x\.svg ends in \.svg; expected \.npy, \.txt, \.json or \.jsonl$/,
    });
    assert.ok(readdirSync(folder).every((name) => !name.startsWith("x.")));
  });
});
