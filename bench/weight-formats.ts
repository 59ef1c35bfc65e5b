/**
 * Formats of weights: how far what is stored is from normal weights, and how long a linear layer takes with it.
 *
 *     node --import tsx bench/weight-formats.ts
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { machineClass } from "../src/cli/study.ts";
import { textTable } from "../src/cli/table.ts";
import { graph, type Initializer } from "../src/import/onnx-file/graph.ts";
import { writeOnnx } from "../src/import/onnx-file/write-onnx.ts";
import { weightFormats } from "../src/import/weight-formats/index.ts";
import { type WeightFormatName, weightFormatNames } from "../src/import/weight-formats/weight-format.ts";
import { philox, purposes } from "../src/random.ts";

const SEED = 0;
const ROUNDS = 8;
const WIDTH = 768;

/** Rows of activations, and the sides of the matrix. */
const sizes = [
  { rows: 1024, from: 768, to: 3072 },
  { rows: 1024, from: 3072, to: 768 },
  { rows: 64, from: 768, to: 3072 },
];

/** Normal numbers, by Box and Muller. */
function normal(count: number, stream: number): Float32Array<ArrayBuffer> {
  const draw = philox(SEED).at(stream, 0, purposes.data);
  return Float32Array.from({ length: count }, (_, at) => {
    const radius = Math.sqrt(-2 * Math.log(1 - draw.uniform(2 * at)));
    return radius * Math.cos(2 * Math.PI * draw.uniform(2 * at + 1));
  });
}

/** A session of one linear layer without a bias, x [n, from] -> y [n, to]. */
async function layer(
  format: WeightFormatName,
  { weights, from, to }: { weights: Float32Array<ArrayBuffer>; from: number; to: number },
): Promise<InferenceSession> {
  const network = graph("linear");
  const matrix: Initializer = {
    name: "w",
    type: "float32",
    shape: [to, from],
    bytes: weights.byteLength,
    pieces: () => [new Uint8Array(weights.buffer)],
  };
  const x = network.input("x", "float32", ["rows", from]);
  network.output("y", weightFormats[format].linear(network, x, { matrix, bias: undefined }), ["rows", to]);
  const folder = mkdtempSync(join(place, `${format}-`));
  await writeOnnx(network, { folder });
  return InferenceSession.create(join(folder, "model.onnx"), { intraOpNumThreads: 1 });
}

/** Root mean square of the differences over that of the numbers. */
function relativeError(exact: Float32Array, found: ArrayLike<number>): number {
  let [squares, size] = [0, 0];
  for (let at = 0; at < exact.length; at++) {
    squares += (found[at]! - exact[at]!) ** 2;
    size += exact[at]! ** 2;
  }
  return Math.sqrt(squares / size);
}

/** The numbers that codes from -most to most stand for, where a step is the largest of a row over `most`. */
function plainCodes(weights: Float32Array, most: number): Float32Array {
  const found = new Float32Array(weights.length);
  for (let begin = 0; begin < weights.length; begin += WIDTH) {
    const row = weights.subarray(begin, begin + WIDTH);
    const step = row.reduce((largest, weight) => Math.max(largest, Math.abs(weight)), 0) / most;
    found.set(
      row.map((weight) => step * Math.round(weight / step)),
      begin,
    );
  }
  return found;
}

/** The weights as the layer multiplies by them, read off with the rows of the unit matrix. */
async function storedWeights(session: InferenceSession, to: number): Promise<Float32Array> {
  const unit = new Float32Array(WIDTH * WIDTH);
  for (let at = 0; at < WIDTH; at++) unit[at * WIDTH + at] = 1;
  const { y } = await session.run({ x: new Tensor("float32", unit, [WIDTH, WIDTH]) });
  const columns = y!.data as Float32Array;
  return Float32Array.from(
    { length: to * WIDTH },
    (_, at) => columns[(at % WIDTH) * to + Math.floor(at / WIDTH)]!,
  );
}

/** The fastest call of each session, in milliseconds; the sessions take turns. */
async function fastest(sessions: readonly InferenceSession[], x: Tensor): Promise<number[]> {
  const best = sessions.map(() => Number.POSITIVE_INFINITY);
  for (let round = -1; round < ROUNDS; round++) {
    for (const [at, session] of sessions.entries()) {
      const began = performance.now();
      await session.run({ x });
      if (round >= 0) best[at] = Math.min(best[at]!, performance.now() - began);
    }
  }
  return best;
}

const { version } = createRequire(import.meta.url)("onnxruntime-node/package.json") as { version: string };
const place = mkdtempSync(join(tmpdir(), "fewstep-bench-"));
try {
  const to = 256;
  const weights = normal(to * WIDTH, 0);
  const percent = (found: ArrayLike<number>): string => (100 * relativeError(weights, found)).toFixed(2);
  console.log(
    `${to} rows of ${WIDTH} normal weights, seed ${SEED}: root mean square of the errors, in % of theirs`,
  );
  const errors: string[][] = [];
  for (const format of weightFormatNames) {
    const session = await layer(format, { weights, from: WIDTH, to });
    errors.push([format, percent(await storedWeights(session, to))]);
    await session.release();
  }
  errors.push(["int8, pairs not looked at", percent(plainCodes(weights, 127))]);
  errors.push(["seven bits", percent(plainCodes(weights, 63))]);
  console.log(textTable([["format", "error"], ...errors]));

  console.log(
    `\nA linear layer on one thread, ms, fastest of ${ROUNDS} in turns; ONNX Runtime ${version}; ${machineClass()}`,
  );
  const times: string[][] = [];
  for (const [at, { rows, from, to }] of sizes.entries()) {
    const weights = normal(to * from, 1 + at);
    const sessions = await Promise.all(
      weightFormatNames.map((format) => layer(format, { weights, from, to })),
    );
    const x = new Tensor("float32", normal(rows * from, 100 + at), [rows, from]);
    const best = await fastest(sessions, x);
    times.push([`${rows} x ${from} -> ${to}`, ...best.map((ms) => ms.toFixed(1))]);
    for (const session of sessions) await session.release();
  }
  console.log(textTable([["rows x from -> to", ...weightFormatNames], ...times]));
} finally {
  rmSync(place, { recursive: true, force: true });
}
