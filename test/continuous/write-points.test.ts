/** Samples of numbers as files. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { decode } from "fast-png";
import { parse } from "npyjs";
import { parseVectors } from "../../src/model/vectors.ts";
import { pointsFormat, writePoints } from "../../src/node/index.ts";
import { greyLevels } from "../../src/node/write-points.ts";

const place = mkdtempSync(join(tmpdir(), "fewstep-points-"));
after(() => rmSync(place, { recursive: true, force: true }));

const x = Float64Array.of(-1, -0.5, 0, 0.5, 1, 3, 1 / 3, -2e-7, 5, 6, 7, -8);
const points = { x, count: 2, shape: [1, 2, 3] };
const pixels = { rows: 2, columns: 3, low: -1, high: 1 };

describe("written points", () => {
  it(".npy are the same numbers in the model's shape", async () => {
    const path = join(place, "x.npy");
    await writePoints(path, points);
    const bytes = new Uint8Array(readFileSync(path));
    const { shape, dtype, data } = parse(bytes.buffer as ArrayBuffer);
    assert.deepEqual([shape, dtype], [[2, 1, 2, 3], "f8"]);
    assert.deepEqual(data, x);
    assert.deepEqual(parseVectors(bytes, { shape: points.shape, path }), x);
  });

  it(".csv and .json are the same numbers as text", async () => {
    await writePoints(join(place, "x.csv"), points);
    const lines = readFileSync(join(place, "x.csv"), "utf8").split("\n");
    assert.equal(lines.pop(), "");
    assert.deepEqual(
      lines.flatMap((line) => line.split(",").map(Number)),
      Array.from(x),
    );
    await writePoints(join(place, "x.json"), points, { extra: { seed: 3 } });
    assert.deepEqual(JSON.parse(readFileSync(join(place, "x.json"), "utf8")), {
      ...{ shape: [1, 2, 3], count: 2, seed: 3 },
      samples: [Array.from(x.slice(0, 6)), Array.from(x.slice(6))],
    });
  });

  it("images run from black at low to white at high, and are cut there", async () => {
    assert.deepEqual(Array.from(greyLevels(x.subarray(0, 6), pixels, 256)), [0, 64, 128, 191, 255, 255]);
    await writePoints(join(place, "x.png"), points, { pixels });
    const { width, height, data, channels } = decode(readFileSync(join(place, "x.png")));
    assert.equal(channels, 1);
    assert.equal(data.length, width * height);
    // Every grey of the first image, and nothing between them.
    const found = new Set(data);
    for (const grey of [0, 64, 128, 191, 255]) assert.ok(found.has(grey), String(grey));
    assert.ok(found.size <= 12);
    await writePoints(join(place, "x.svg"), points, { pixels });
    assert.match(readFileSync(join(place, "x.svg"), "utf8"), /^<svg .*2 grey images of 2 by 3 pixels/);
  });

  it("in another format are refused before anything is done", () => {
    assert.equal(pointsFormat("a.NPY", { count: 1 }), "npy");
    assert.throws(
      () => pointsFormat("x.png", { count: 1 }),
      /x\.png ends in \.png; for this model, whose samples are no images, expected \.npy, \.csv or \.json$/,
    );
    assert.throws(() => pointsFormat("x", { pixels, count: 1 }), /ends in nothing; expected \.png, \.svg/);
    assert.throws(() => pointsFormat("x.png", { pixels, count: 1e8 }), /expected at most 16384 a side/);
  });
});
