/**
 * What the network of models/digits-continuous makes, by solver and number of calls, beside real images it has not
 * seen: `node --import tsx bench/continuous/digits.ts`.
 *
 * The measures of models/digits hold for these images too once they are rounded to its 17 greys: the Frechet distance
 * from the training images in its features, and the share of images far from all of them. The energy distance from the
 * images that were held out is of the numbers as they are.
 */
import { readFileSync } from "node:fs";
import { parse } from "npyjs";
import {
  type Denoiser,
  ddim,
  energyDistance,
  guided,
  logSnr,
  type Sampler,
  sample,
  timeUniform,
  uniPc,
} from "../../src/continuous/index.ts";
import { farShare, nearestDistance } from "../../src/measures/far-share.ts";
import { frechet } from "../../src/measures/frechet.ts";
import { estimate } from "../../src/measures/measure.ts";
import { tanhFeatures } from "../../src/measures/tanh-features.ts";
import { loadContinuousModel } from "../../src/node/index.ts";
import { table } from "./table.ts";

const [count, seed, length, vocabulary] = [256, 0, 64, 17];
const model = await loadContinuousModel("digits-continuous", { threads: 1 });
const heldOut = (await model.heldOut())!;
const npy = (file: string): ArrayLike<number> => {
  const bytes = readFileSync(new URL(`../../models/digits/${file}`, import.meta.url));
  return parse(new Uint8Array(bytes).buffer).data as unknown as ArrayLike<number>;
};
const reference = Int32Array.from(npy("train.npy"));
const features = tanhFeatures({ weights: npy("features.npy"), length, vocabulary });
const measures = [
  frechet({ features, reference, length }),
  farShare({ reference, length }),
  nearestDistance({ reference, length }),
];

/** Values in [-1, 1] as greys 0 .. 16. */
const greys = (x: Float64Array): Int32Array =>
  Int32Array.from(x, (value) => Math.min(16, Math.max(0, Math.round(8 * (value + 1)))));

/** What the measures say of images, [n, 64]. */
async function measured(x: Float64Array, others: Float64Array): Promise<string[]> {
  const own = await Promise.all(measures.map((measure) => estimate(measure, greys(x), length)));
  const energy = energyDistance(x, others, { dimension: length });
  return [...own, energy].map(
    ({ value, standardError }) => `${value.toFixed(3)} ± ${standardError.toFixed(3)}`,
  );
}

const one = (denoiser: Denoiser, sampler: Sampler, steps: number, schedule = logSnr) => ({
  denoiser,
  sampler,
  schedule: schedule({ steps }),
});
const { denoiser } = model;
const methods = [
  ...[5, 10, 20, 50].map((steps) => one(denoiser, ddim(), steps)),
  one(denoiser, ddim(), 50, timeUniform),
  one(denoiser, ddim({ eta: 1 }), 50),
  ...[5, 10, 20].map((steps) => one(denoiser, uniPc(), steps)),
];
const rows: string[][] = [];
for (const { denoiser: asked, sampler, schedule } of methods) {
  const { noise } = model;
  const { x, calls } = await sample(asked, { noise, schedule, sampler, count, seed, batch: count });
  rows.push([`${sampler.name}, ${schedule.name}`, String(calls), ...(await measured(x, heldOut))]);
}
// Every class as often, and the images of all of them together.
for (const scale of [1, 2, 4]) {
  const images = new Float64Array(count * length);
  let calls = 0;
  for (let label = 0; label < 10; label++) {
    const [first, end] = [label, label + 1].map((each) => Math.floor((each * count) / 10));
    const conditional = model.conditional(label);
    const towards = scale === 1 ? conditional : guided({ conditional, unconditional: denoiser, scale });
    const { x, calls: made } = await sample(towards, {
      noise: model.noise,
      schedule: logSnr({ steps: 20 }),
      sampler: uniPc(),
      count: end! - first!,
      firstRow: first!,
      batch: count,
      seed,
    });
    images.set(x, first! * length);
    calls = made;
  }
  const name = `${uniPc().name}, log-snr, told the digit${scale === 1 ? "" : `, guidance ${scale}`}`;
  rows.push([name, String(calls), ...(await measured(images, heldOut))]);
}
const [some, rest] = [heldOut.subarray(0, count * length), heldOut.subarray(count * length)];
rows.push(["real images that were held out", "", ...(await measured(some, rest))]);
// What the measures see: images of which every pixel comes from another one, right pixel by pixel, and no digits.
const mixed = some.map(
  (_, at) => heldOut[((at * 7919) % (heldOut.length / length)) * length + (at % length)]!,
);
rows.push(["real pixels, each of another image", "", ...(await measured(mixed, heldOut))]);
const head = ["solver, schedule", "calls", ...measures.map(({ name }) => name), "energy distance"];
console.log(`${count} images a row, seed ${seed}; ${reference.length / length} training images.\n`);
console.log(table(head, rows));
await model.dispose();
