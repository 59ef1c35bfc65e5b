/**
 * Langevin samplers on the mixture in the plane at equal model calls: the energy distance of their samples to exact ones.
 * `node --import tsx bench/continuous/langevin.ts`
 */
import {
  batchNorms,
  energyDistance,
  gaussianMixture,
  langevin,
  logSnr,
  makeSampler,
  predictorCorrector,
  type Sampler,
  sample,
  vpLinear,
} from "../../src/continuous/index.ts";
import { table } from "./table.ts";

const [count, seed] = [2000, 7];
const budgets = [20, 50, 100, 200];
const target = gaussianMixture({
  weights: [0.5, 0.3, 0.2],
  means: [
    [2, 0],
    [-1, 1.5],
    [0, -2],
  ],
  deviations: [0.3, 0.5, 0.25],
});
const exact = target.draw({ count, seed: 1 });

const named = [
  "reverse-diffusion",
  "predictor-corrector",
  "predictor-corrector-norms",
  "predictor-corrector-momentum",
  "predictor-corrector-calibrated-momentum",
  "annealed-langevin",
  "annealed-langevin-momentum",
];
const methods: [string, Sampler][] = named.map((name) => [name, makeSampler({ name })]);
methods.splice(3, 0, [
  "the same with norms of batches of 64",
  predictorCorrector({ corrector: langevin({ norms: batchNorms }) }),
]);

console.log(
  `Mixture in the plane, VP-linear noise, times even in lambda; energy distance to exact samples with its standard error; n = ${count} of each, seed ${seed}.\n`,
);
const rows: string[][] = [];
for (const [name, sampler] of methods) {
  const cells: string[] = [];
  for (const calls of budgets) {
    const schedule = logSnr({ steps: calls / sampler.calls });
    const { x } = await sample(target, { noise: vpLinear(), schedule, sampler, count, seed });
    const { value, standardError } = energyDistance(x, exact, { dimension: 2 });
    cells.push(`${value.toFixed(4)} (${standardError.toFixed(4)})`);
  }
  rows.push([name, ...cells]);
}
console.log(table(["calls", ...budgets.map(String)], rows));
