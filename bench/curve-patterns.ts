/**
 * Along which reveal paths should the information curve be measured, when the samples will be made with the
 * stratified selector? Finds optimal schedules of `countdown` on three curves and measures the samples.
 *
 * Run: npx tsx bench/curve-patterns.ts [sequences] [seed of the data that is searched on]
 */
import { machineClass } from "../src/cli/study.ts";
import {
  counts,
  curveLevels,
  estimate,
  fullCurve,
  informationCurve,
  optimalSchedules,
  random,
  ruleError,
  sample,
  stratified,
} from "../src/index.ts";
import { loadModel, searchData } from "../src/node/index.ts";

const sequences = Number(process.argv[2] ?? 512);
const steps = [4, 8, 16];
const model = await loadModel("countdown");
const { denoiser } = model;
const { length } = denoiser;
const { tokens: data } = await searchData(model, { count: 64, seed: Number(process.argv[3] ?? 0) });
const levels = curveLevels(length);

/** From one level to the next the selector adds positions to those already revealed. */
async function finePath(selector = stratified()): Promise<Float64Array> {
  return fullCurve(await informationCurve(denoiser, { data, selector, counts: levels }));
}

/** Every level is one pattern of the selector on an empty sequence. */
async function singleShot(): Promise<Float64Array> {
  const entropy: number[] = [];
  for (const count of levels) {
    const pair = count === 0 ? [0] : [0, count];
    const curve = await informationCurve(denoiser, { data, selector: stratified(), counts: pair });
    entropy.push(curve.entropy.at(-1)!);
  }
  const base = await informationCurve(denoiser, { data, counts: [0] });
  return fullCurve({ ...base, counts: levels, entropy });
}

const curves = {
  "random path": await finePath(random()),
  "fine path": await finePath(),
  "single shot": await singleShot(),
};

console.log(
  `countdown, stratified selector, ${sequences} sequences, seed 1: rule error, ± standard error; ${machineClass()}`,
);
for (const [name, curve] of Object.entries(curves)) {
  const best = optimalSchedules(curve, Math.max(...steps));
  const cells: string[] = [];
  for (const n of steps) {
    const schedule = counts(best[n - 1]!.counts);
    const { tokens } = await sample(denoiser, {
      schedule,
      selector: stratified(),
      count: sequences,
      seed: 1,
    });
    const { value, standardError } = await estimate(ruleError(), tokens, length);
    cells.push(`${n} calls ${value.toFixed(4)} ± ${standardError.toFixed(4)}`);
  }
  console.log(`${name.padEnd(12)} ${cells.join("   ")}`);
}
