/** Images: contact sheets as .png and .svg, and shades in a terminal. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { inflateSync } from "node:zlib";
import { parseHTML } from "linkedom";
import { samplesText } from "../src/cli/samples-text.ts";
import { samplesFormat, writeSamples } from "../src/node/write-samples.ts";
import { type GreyDescription, greysOf, sheetLayout } from "../src/tokens/grey.ts";

const vocabulary = 17;
const description: GreyDescription = { kind: "grey", rows: 8, columns: 6 };
const images = Array.from({ length: 7 }, (_, i) =>
  Array.from({ length: 48 }, (_, at) => (i * 5 + at * at) % vocabulary),
);
const folder = mkdtempSync(join(tmpdir(), "fewstep-images-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("token 0 is black, the last white, and others lie evenly between", () => {
  assert.deepEqual(Array.from(greysOf([0, 16, 8, 4], 17)), [0, 255, 128, 64]);
  assert.throws(() => greysOf([3, 17], 17), /token 17 at position 1; expected a grey from 0 .* to 16/);
  assert.throws(() => greysOf([-1], 17), /token -1 at position 0/);
});

test("a sheet is as square as possible, has room for all, and no two images meet", () => {
  const shapes = [
    [1, 8, 8, 1, 1],
    [4, 8, 8, 2, 2],
    [5, 8, 8, 3, 2],
    [25, 8, 8, 5, 5],
    [6, 8, 8, 3, 2],
    [2, 4, 20, 1, 2],
    [12, 8, 8, 4, 3],
  ] as const;
  for (const [count, rows, columns, across, down] of shapes) {
    const made = sheetLayout({ count, rows, columns, scale: 3, gap: 2 });
    assert.deepEqual([made.across, made.down], [across, down], `${count} of ${rows} x ${columns}`);
  }
  for (let count = 1; count <= 60; count++) {
    const { width, height, place } = sheetLayout({ count, rows: 3, columns: 5, scale: 2, gap: 1 });
    const taken = new Set<number>();
    for (let i = 0; i < count; i++) {
      const [left, top] = place(i);
      assert.ok(left >= 1 && top >= 1 && left + 10 < width && top + 6 < height);
      for (let at = 0; at < 60; at++) taken.add((top + Math.floor(at / 10)) * width + left + (at % 10));
    }
    assert.equal(taken.size, 60 * count);
  }
});

test("a .png holds every pixel of every image on white, by an independent reader", async () => {
  const { width, height, data } = readGreyPng(await written("x.png", images));
  const scale = 12;
  const [across, cell] = [3, [6 * scale + 4, 8 * scale + 4]] as const;
  assert.deepEqual([width, height], [across * cell[0] + 4, 3 * cell[1] + 4]);
  const expected = new Uint8Array(width * height).fill(255);
  images.forEach((tokens, i) => {
    for (let y = 0; y < 8 * scale; y++) {
      for (let x = 0; x < 6 * scale; x++) {
        const token = tokens[Math.floor(y / scale) * 6 + Math.floor(x / scale)]!;
        const row = 4 + Math.floor(i / across) * cell[1] + y;
        expected[row * width + 4 + (i % across) * cell[0] + x] = Math.round((255 * token) / 16);
      }
    }
  });
  assert.deepEqual(Buffer.from(data), Buffer.from(expected));
});

test("a .svg holds every pixel of every image", async () => {
  const { document } = parseHTML(Buffer.from(await written("x.svg", images)).toString("utf8"));
  const groups = [...document.querySelectorAll("g")];
  assert.equal(groups.length, images.length);
  for (const [i, group] of groups.entries()) {
    const pixels = new Array<number>(48).fill(0);
    for (const path of group.querySelectorAll("path")) {
      const grey = Number.parseInt(path.getAttribute("fill")!.slice(1, 3), 16);
      for (const [, x, y, run] of path.getAttribute("d")!.matchAll(/M(\d+) (\d+)h(\d+)v1H\d+z/g)) {
        pixels.fill(grey, Number(y) * 6 + Number(x), Number(y) * 6 + Number(x) + Number(run));
      }
    }
    assert.deepEqual(pixels, Array.from(greysOf(images[i]!, vocabulary)), `image ${i}`);
  }
});

test("many images get smaller by whole numbers, and too many are refused before the sampling", async () => {
  const tiny: GreyDescription = { kind: "grey", rows: 8, columns: 8 };
  const { width, height } = readGreyPng(
    await written("many.png", new Array(3000).fill(new Array(64).fill(0)), tiny),
  );
  assert.ok(width <= 4096 && height <= 4096 && width > 3000, `${width} x ${height}`);
  assert.throws(
    () => samplesFormat("x.png", { description: tiny, count: 5e6 }),
    /5000000 images of 8 x 8 make a contact sheet of \d+ x \d+ pixels; expected at most 16384 a side/,
  );
});

test("what images cannot be written as is refused", async () => {
  assert.throws(
    () => samplesFormat("d.mid", { description }),
    /whose samples are images of 8 x 6, expected \.png, \.svg, \.npy, \.txt, \.json or \.jsonl$/,
  );
  const tokens = Int32Array.from(images[0]!);
  const one = { tokens, count: 1, length: 48 };
  await assert.rejects(writeSamples(join(folder, "y.png"), one, { description }), /vocabulary is missing/);
  await assert.rejects(
    writeSamples(join(folder, "y.png"), one, { description, vocabulary: 4 }),
    /expected a grey from 0 \(black\) to 3/,
  );
});

test("a terminal shows images side by side, two characters a pixel", () => {
  const small: GreyDescription = { kind: "grey", rows: 2, columns: 2 };
  const text = samplesText(
    [
      [0, 16, 8, 4],
      [16, 16, 0, 0],
    ],
    { description: small, vocabulary },
  );
  assert.equal(text, "  ██  ████\n▒▒░░");
  const many = samplesText(images, { description, vocabulary }).split("\n");
  assert.ok(many.every((line) => [...line].length <= 80));
  // Five of 12 characters and gaps of 2 fit; the other two come below an empty line.
  assert.equal(many.length, 8 + 1 + 8);
});

async function written(
  name: string,
  sheet: readonly (readonly number[])[],
  as: GreyDescription = description,
): Promise<Uint8Array> {
  const path = join(folder, name);
  const length = as.rows * as.columns;
  const tokens = Int32Array.from(sheet.flat());
  await writeSamples(path, { tokens, count: sheet.length, length }, { description: as, vocabulary });
  return new Uint8Array(readFileSync(path));
}

/** An 8-bit grey PNG without interlace, after the specification: chunks, zlib, and the five row filters. */
function readGreyPng(file: Uint8Array): { width: number; height: number; data: Uint8Array } {
  const bytes = Buffer.from(file);
  assert.equal(bytes.subarray(0, 8).toString("hex"), "89504e470d0a1a0a");
  const packed: Buffer[] = [];
  let header = Buffer.alloc(0);
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const kind = bytes.toString("latin1", at + 4, at + 8);
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR") header = body;
    if (kind === "IDAT") packed.push(body);
    at += 12 + length;
  }
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  assert.equal(header.subarray(8).toString("hex"), "0800000000", "8 bits, grey, no interlace");
  const raw = inflateSync(Buffer.concat(packed));
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (width + 1)]!;
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const left = x > 0 ? data[at - 1]! : 0;
      const up = y > 0 ? data[at - width]! : 0;
      const corner = x > 0 && y > 0 ? data[at - width - 1]! : 0;
      const paeth = [left, up, corner]
        .map((value) => ({ value, far: Math.abs(left + up - corner - value) }))
        .reduce((a, b) => (b.far < a.far ? b : a)).value;
      const guess = [0, left, up, (left + up) >> 1, paeth][filter]!;
      data[at] = raw[y * (width + 1) + 1 + x]! + guess;
    }
  }
  return { width, height, data };
}
