/**
 * What searched times bring over even ones: Align Your Steps, GITS and optimised time steps, with the solvers they were
 * made for, on a mixture in the plane at 5, 8 and 10 steps, and what the searches cost:
 * `node --import tsx bench/continuous/schedules.ts`.
 *
 * Solvers of the probability flow are measured by their root-mean-square error against the exact flow from starts that no
 * search has seen, those of the SDE by the divergence of their samples from the exact law, which is what Align Your Steps
 * bounds, and by their energy distance from exact draws. Times are chosen on other rows than they are measured on.
 */
import {
  alignYourSteps,
  bh1,
  chordMiss,
  ddim,
  dpmSolverPlusPlus,
  type EvenOptions,
  energyDistance,
  euclideanMiss,
  type FoundTimes,
  type GaussianMixture,
  gaussianMixture,
  gaussianOptimum,
  gits,
  ipndm,
  type JumpMetric,
  klDivergence,
  logSnr,
  type Noise,
  noisedMixture,
  normals,
  optimisedSteps,
  polynomial,
  probabilityFlow,
  rootMeanSquare,
  type Sampler,
  type Schedule,
  sample,
  timePower,
  timeUniform,
  uniPc,
  varianceExploding,
  vpLinear,
} from "../../src/continuous/index.ts";
import type { Measured } from "../../src/measures/measured.ts";
import { table } from "./table.ts";

const data = gaussianMixture({
  weights: [0.5, 0.3, 0.2],
  means: [
    [2, 0],
    [-1, 1.5],
    [0, -2],
  ],
  deviations: [0.3, 0.5, 0.25],
});
const dimension = 2;
const counts = [5, 8, 10];
const test = { rows: 3000, seed: 1000 };
const held = { rows: 1000, seed: 2000 };
const search = { samples: 256, paths: 128, sweeps: 8, seed: 0 };
const grids = [timeUniform, logSnr, timePower, polynomial];

/** Rows to measure on. */
interface Rows {
  readonly start: Float64Array;
  readonly seed: number;
  /** Where the exact flow takes them. */
  readonly ends: Float64Array;
  /** The exact law at the cutoff, and independent draws of it. */
  readonly law: GaussianMixture;
  readonly draws: Float64Array;
}

/** What samples are measured by. */
interface Yardstick {
  readonly name: string;
  measure(x: Float64Array, rows: Rows): Measured;
}

const againstFlow: Yardstick = {
  name: "root-mean-square",
  measure: (x, { ends }) => rootMeanSquare(x, ends, { dimension }),
};
const divergence: Yardstick = { name: "KL divergence", measure: (x, { law }) => klDivergence(x, law) };
const distance: Yardstick = {
  name: "energy distance",
  measure: (x, { draws }) => energyDistance(x, draws, { dimension }),
};

async function rowsOf(noise: Noise, { rows, seed }: { rows: number; seed: number }): Promise<Rows> {
  const start = new Float64Array(dimension * rows);
  const source = normals(seed);
  for (let row = 0; row < rows; row++) {
    const own = start.subarray(dimension * row, dimension * (row + 1));
    source.fill(own, { row, index: "start", stage: 0 });
  }
  const scale = noise.priorScale(noise.horizon);
  start.forEach((z, at) => {
    start[at] = scale * z;
  });
  const law = noisedMixture(data, { alpha: noise.alpha(noise.cutoff), sigma: noise.sigma(noise.cutoff) });
  return {
    start,
    seed,
    ends: await probabilityFlow(data, { noise, start, steps: 150 }),
    law,
    draws: law.draw({ count: rows, seed: seed + 1 }),
  };
}

/** A solver, what it is measured by, and on which noise. */
interface Setting {
  readonly noise: Noise;
  readonly sampler: Sampler;
  readonly yardstick: Yardstick;
  readonly steps: number;
  readonly held: Rows;
}

async function errorOf(
  { noise, sampler, yardstick }: Omit<Setting, "steps" | "held">,
  schedule: Schedule,
  rows: Rows,
): Promise<Measured> {
  const { start, seed } = rows;
  const count = start.length / dimension;
  const { x } = await sample(data, { noise, schedule, sampler, start, count, batch: count, seed });
  return yardstick.measure(x, rows);
}

/** A way to choose times, and the rows it sent through the model. */
interface Method {
  readonly name: string;
  choose(setting: Setting): Promise<{ schedule: Schedule; evaluations: number }>;
}

const clean = data.draw({ count: 2000, seed: 5 });

function aligned(
  name: string,
  { judged, grid }: { judged: boolean; grid: (options: EvenOptions) => Schedule },
): Method {
  return {
    name: `Align Your Steps, ${name}`,
    async choose(setting) {
      const { noise, steps } = setting;
      let rows = 0;
      const judge = async (schedule: Schedule): Promise<number> => {
        rows += held.rows * steps;
        return (await errorOf(setting, schedule, setting.held)).value;
      };
      const { schedule, evaluations } = await alignYourSteps(data, {
        noise,
        data: clean,
        steps,
        start: grid({ steps }),
        samples: search.samples,
        batch: search.samples,
        ...(judged && { judge, sweeps: search.sweeps }),
      });
      return { schedule, evaluations: evaluations + rows };
    },
  };
}

function jumps(name: string, metric: JumpMetric, coefficient: number): Method {
  return {
    name: `GITS, ${name}, coefficient ${coefficient}`,
    choose: ({ noise, sampler, steps }): Promise<FoundTimes> =>
      gits(data, {
        noise,
        steps,
        metric,
        coefficient,
        student: sampler,
        count: search.paths,
        batch: search.paths,
      }),
  };
}

const optimised: Method = {
  name: "optimised time steps",
  choose: async ({ noise, steps }) => optimisedSteps({ noise, steps }),
};
const published: Method = {
  name: "optimised time steps, truncation as released",
  choose: async ({ noise, steps }) => optimisedSteps({ noise, steps, truncation: steps <= 7 ? 3 : 0 }),
};
const { covariance } = data.moments();
const deviation = Math.sqrt((covariance[0]! + covariance[3]!) / dimension);
const arctangent: Method = {
  name: "optimum of a Gaussian, no search",
  choose: async ({ steps }) => ({ schedule: gaussianOptimum({ steps, deviation }), evaluations: 0 }),
};

const alignments = [
  aligned("two passes", { judged: false, grid: polynomial }),
  aligned("judged", { judged: true, grid: polynomial }),
  aligned("judged, from log-snr", { judged: true, grid: logSnr }),
  arctangent,
];
const jumping = [
  jumps("chord", chordMiss, 1.15),
  jumps("l2", euclideanMiss, 1.15),
  jumps("l2", euclideanMiss, 1),
];
const stochastic = dpmSolverPlusPlus({ eta: 1 });
const plans: readonly { sampler: Sampler; yardstick: Yardstick; methods: readonly Method[] }[] = [
  { sampler: ddim({ eta: 1 }), yardstick: divergence, methods: alignments },
  { sampler: stochastic, yardstick: divergence, methods: alignments },
  { sampler: stochastic, yardstick: distance, methods: alignments },
  { sampler: ddim(), yardstick: againstFlow, methods: [...alignments, ...jumping] },
  { sampler: ipndm(), yardstick: againstFlow, methods: jumping },
  { sampler: uniPc({ order: 3, weight: bh1 }), yardstick: againstFlow, methods: [optimised, published] },
  { sampler: dpmSolverPlusPlus({ order: 3 }), yardstick: againstFlow, methods: [optimised, published] },
];

const show = ({ value, standardError }: Measured): string =>
  `${value.toFixed(4)} ± ${standardError.toFixed(4)}`;

/** How far two errors are apart: the ratio, and whether the difference shows. */
function verdict(found: Measured, even: Measured): string {
  const ratio = found.value / even.value;
  const apart = Math.abs(found.value - even.value) / Math.hypot(found.standardError, even.standardError);
  const word = apart < 2 ? "no difference" : ratio < 1 ? "better" : "worse";
  return `${ratio.toFixed(2)}, ${word}`;
}

for (const noise of [vpLinear(), varianceExploding()]) {
  const [unseen, own] = [await rowsOf(noise, test), await rowsOf(noise, held)];
  const rows: string[][] = [];
  for (const { methods, ...solver } of plans) {
    const { sampler, yardstick } = solver;
    for (const steps of counts) {
      const even: { name: string; error: Measured }[] = [];
      for (const grid of grids) {
        const schedule = grid({ steps });
        even.push({ name: schedule.name, error: await errorOf({ noise, ...solver }, schedule, unseen) });
      }
      const best = even.reduce((a, b) => (b.error.value < a.error.value ? b : a));
      for (const { name, choose } of methods) {
        const began = performance.now();
        const { schedule, evaluations } = await choose({ noise, ...solver, steps, held: own });
        const seconds = (performance.now() - began) / 1000;
        const error = await errorOf({ noise, ...solver }, schedule, unseen);
        rows.push([
          sampler.name,
          yardstick.name,
          `${steps}`,
          name,
          show(error),
          show(best.error),
          best.name,
          verdict(error, best.error),
          `${evaluations}`,
          seconds.toFixed(1),
        ]);
      }
    }
  }
  console.log(
    `${noise.name}, t from ${noise.horizon} to ${noise.cutoff}. ${test.rows} test rows (seed ${test.seed}); judges see ${held.rows} others (seed ${held.seed}). Searches: seed ${search.seed}; Align Your Steps ${search.samples} draws an interval, at most ${search.sweeps} passes where judged, from polynomial times of as many steps unless said; GITS ${search.paths} paths of 60 steps of iPNDM. The best even grid is the best of four on the test rows. Better and worse: by more than 2 standard errors of the difference, counted as if the rows were not the same.\n`,
  );
  console.log(
    table(
      [
        "solver",
        "measure",
        "steps",
        "times",
        "error",
        "best even grid",
        "which",
        "ratio",
        "model evaluations of the search",
        "seconds",
      ],
      rows,
    ),
  );
  console.log();
}
