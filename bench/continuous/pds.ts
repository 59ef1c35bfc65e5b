/**
 * Preconditioned sampling against predictor-corrector sampling on Gaussian images with a power law for a spectrum, where
 * the score is exact: how the variance of the samples compares with the right one, frequency by frequency.
 * `node --import tsx bench/continuous/pds.ts`
 */
import {
  balancedReverseDiffusion,
  batchNorms,
  langevin,
  type Preconditioner,
  preconditionedSampling,
  preconditioner,
  predictorCorrector,
  reverseDiffusion,
  type Sampler,
} from "../../src/continuous/index.ts";
import { bands, fieldVariance } from "./field-variance.ts";
import { gaussianField } from "./gaussian-field.ts";
import { table } from "./table.ts";

const [count, seed, side] = [256, 7, 8];
const field = gaussianField({ side });

const methods: { name: string; sampler: Sampler; made?: Preconditioner }[] = [
  { name: "predictor alone", sampler: reverseDiffusion() },
  { name: "PC", sampler: predictorCorrector({ corrector: langevin({ norms: batchNorms }) }) },
];
for (const alpha of [5, 2]) {
  const made = preconditioner({
    shape: [1, side, side],
    frequencyStatistics: field.frequencyStatistics,
    alpha,
  });
  const predictor = balancedReverseDiffusion({ preconditioner: made });
  methods.push(
    {
      name: `PDS, alpha ${alpha}`,
      made,
      sampler: preconditionedSampling({ preconditioner: made, norms: batchNorms }),
    },
    {
      name: `balanced, alpha ${alpha}`,
      made,
      sampler: preconditionedSampling({ preconditioner: made, norms: batchNorms, predictor }),
    },
  );
}
console.log(
  `Gaussian images of ${side} x ${side}, spectrum |k|^-2, pixels 0.5 +- 0.245; sigma 50 to 0.01, n = ${count}, seed ${seed}.`,
);
console.log(
  "Variance of the samples over the right one by frequency, with its standard error; rms of its log.\n",
);
const rows: string[][] = [];
for (const steps of [30, 50, 100]) {
  for (const { name, sampler, made } of methods) {
    const found = await fieldVariance(field, sampler, {
      steps,
      count,
      seed,
      ...(made && { preconditioner: made }),
    });
    rows.push([
      `${steps}`,
      `${found.calls}`,
      name,
      ...found.bands.map(({ value, error }) => `${value.toFixed(3)} (${error.toFixed(3)})`),
      found.rms.toFixed(3),
    ]);
  }
}
console.log(table(["steps", "calls", "method", ...bands.map(({ name }) => name), "rms log"], rows));
