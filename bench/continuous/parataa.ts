/**
 * ParaTAA: rounds one after the other and evaluations in all, beside sequential DDIM, and how far its samples are from
 * DDIM's. `npm run experiments -- continuous-parallel`
 */
import {
  alphaBars,
  ddim,
  gaussianMixture,
  leadingLevels,
  parataa,
  type Sampler,
  type Samples,
  sample,
  vpTable,
} from "../../src/continuous/index.ts";
import { table } from "./table.ts";

const [dimension, count, seed, steps] = [16, 4, 1, 100];
const standard = gaussianMixture({ weights: [1], means: [new Array(dimension).fill(0)], deviations: [1] });
const drawn = standard.draw({ count: 5, seed: 3 });
const means = Array.from({ length: 5 }, (_, k) => drawn.subarray(k * dimension, (k + 1) * dimension));
const model = gaussianMixture({ weights: [1, 1, 1, 1, 1], means, deviations: [0.3, 0.3, 0.3, 0.3, 0.3] });
const noise = vpTable({ alphaBars: alphaBars({ n: 1000, start: 1e-4, end: 0.02 }) });

const run = (sampler: Sampler): Promise<Samples> =>
  sample(model, { noise, schedule: leadingLevels({ steps }), sampler, count, seed });

const rows: string[][] = [];
for (const eta of [0, 1]) {
  const sequential = await run(ddim({ eta }));
  const methods: [string, Promise<Samples> | Samples][] = [
    ["sequential ddim", sequential],
    ["order 1, fixed point", run(parataa({ eta, order: 1, memory: 1 }))],
    ["full order, fixed point", run(parataa({ eta, memory: 1 }))],
    ["full order, memory 2 (default)", run(parataa({ eta }))],
    ["window 20, memory 3", run(parataa({ eta, window: 20, memory: 3 }))],
    ["default, tolerance 1e-10", run(parataa({ eta, tolerance1: 1e-10, tolerance2: 0 }))],
  ];
  for (const [name, running] of methods) {
    const { x, calls, evaluations } = await running;
    const off = x.reduce((worst, value, at) => Math.max(worst, Math.abs(value - sequential.x[at]!)), 0);
    rows.push([String(eta), name, String(calls), String(evaluations), off.toExponential(1)]);
  }
}
console.log(
  `${steps}-step DDIM of five Gaussians in ${dimension} dimensions, the table of DDPM, ${count} rows of seed ${seed}, tolerance 1e-3 unless said.\n`,
);
console.log(table(["eta", "method", "rounds", "evaluations", "largest difference from ddim"], rows));
