/**
 * What finding a schedule costs: evaluations of the published search up to 64 steps against one curve, and the
 * time of the dynamic program alone. `npm run bench`.
 */
import { machineClass } from "../src/cli/study.ts";
import { findSchedules, fullCurve, optimalSchedules, random } from "../src/index.ts";
import { loadModel, searchData } from "../src/node/index.ts";

const model = await loadModel("countdown");
const data = await searchData(model, { count: 64 });
const shared = { data: data.tokens, selector: random(), seed: 0 };
const steps = [1, 2, 4, 8, 16, 32, 64];
const optimal = await findSchedules(model.denoiser, { ...shared, steps });
const published = await findSchedules(model.denoiser, { ...shared, steps, method: "jys" });
console.log(`countdown, D = 256, 64 sequences, schedules for up to 64 steps, seed 0; ${machineClass()}`);
console.log(`one curve for every number of steps: ${optimal.evaluations} model evaluations`);
console.log(
  `published search: ${published.publishedEvaluations} model evaluations (${published.evaluations} as made here), ${(published.publishedEvaluations! / optimal.evaluations).toFixed(1)} times as many`,
);
const curve = fullCurve(optimal.curve!);
let best = Number.POSITIVE_INFINITY;
for (let repeat = 0; repeat < 5; repeat++) {
  const started = performance.now();
  optimalSchedules(curve, 64);
  best = Math.min(best, performance.now() - started);
}
console.log(`dynamic program, D = 256, every N from 1 to 64: ${best.toFixed(1)} ms (best of 5)`);
