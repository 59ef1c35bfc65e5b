/**
 * What a search over solver schedules finds with 200 looks, against every deterministic solver of the table on every plain
 * grid at equal calls, and against as many random solvers, on rows that no search has seen.
 * `node --import tsx bench/continuous/s3.ts [mixture|digits]`, default both.
 */
import {
  atRandom,
  continuousOptions,
  type Denoiser,
  flowTeacher,
  gaussianMixture,
  makeSampler,
  type Noise,
  normals,
  probabilityFlow,
  type Sampler,
  type Schedule,
  type SolverSearch,
  sample,
  samplers,
  schedules,
  searchSolvers,
  staged,
  vpLinear,
} from "../../src/continuous/index.ts";
import { rootMeanSquare } from "../../src/continuous/measures/root-mean-square.ts";
import { loadContinuousModel } from "../../src/node/index.ts";
import { philox, purposes } from "../../src/random.ts";
import { table } from "./table.ts";

interface Study {
  readonly name: string;
  readonly denoiser: Denoiser;
  readonly noise: Noise;
  /** Rows a candidate is looked at on, and held-out rows. */
  readonly rows: number;
  readonly held: number;
  readonly seeds: readonly number[];
  /** Steps of the teacher, of four calls each. */
  readonly teacherSteps: number;
  /** Orders to try of solvers that have one; without, their own. */
  readonly orders: readonly number[];
}

const [candidates, heldSeed, resamples] = [200, 1000, 1000];

interface Runner {
  readonly name: string;
  readonly x: Float64Array;
}

const show = (value: number): string => value.toPrecision(3);

async function report(study: Study, calls: number): Promise<string[][]> {
  const { denoiser, noise, rows, held, seeds, teacherSteps } = study;
  const { dimension } = denoiser;
  const scale = noise.priorScale(noise.horizon);
  const start = new Float64Array(held * dimension);
  for (let row = 0; row < held; row++) {
    const own = start.subarray(row * dimension, (row + 1) * dimension);
    normals(heldSeed).fill(own, { row, index: "start", stage: 0 });
  }
  start.forEach((z, at) => {
    start[at] = scale * z;
  });
  const exact = await probabilityFlow(denoiser, { noise, start, steps: teacherSteps });
  const ends = async (run: { sampler: Sampler; schedule: Schedule }): Promise<Float64Array> =>
    (await sample(denoiser, { noise, ...run, start, count: held, batch: held })).x;

  const singles: Runner[] = [];
  for (const sampler of deterministic(study.orders)) {
    const steps = await affordable(sampler, { calls, denoiser, noise });
    if (steps === 0) continue;
    for (const [grid, make] of Object.entries(schedules)) {
      const x = await ends({ sampler, schedule: make({ steps }) }).catch(() => undefined);
      if (x?.every(Number.isFinite)) singles.push({ name: `${sampler.name}, ${grid}, ${steps} steps`, x });
    }
  }
  const error = (x: Float64Array) => rootMeanSquare(x, exact, { dimension });
  singles.sort((a, b) => error(a.x).value - error(b.x).value);
  const best = singles[0]!;
  const line = (name: string, x: Float64Array, search?: SolverSearch): string[] => {
    const { value, standardError } = error(x);
    const [low, high] = ratios(x, best.x, { exact, dimension });
    return [
      ...[study.name, String(calls), name, `${show(value)} ± ${show(standardError)}`],
      ...[show(value / error(best.x).value), `${show(low)} to ${show(high)}`],
      search ? `${show(search.best.score)}, ${show(search.best.fresh)}` : "",
      search ? `${search.evaluations - search.teacherEvaluations} + ${search.teacherEvaluations}` : "",
    ];
  };
  const lines = singles
    .slice(0, 3)
    .map(({ name, x }, i) => line(`${i + 1} of ${singles.length}: ${name}`, x));
  for (const strategy of [staged(), atRandom()]) {
    for (const seed of seeds) {
      const teacher = flowTeacher({ steps: teacherSteps });
      const began = performance.now();
      const options = { noise, calls, candidates, rows, seed, strategy, teacher };
      const search = await searchSolvers(denoiser, options);
      const seconds = ((performance.now() - began) / 1000).toFixed(0);
      const x = await ends(continuousOptions(search.best.method, { noise }));
      lines.push(line(`${strategy.name} search, seed ${seed}, ${seconds} s`, x, search));
      if (process.env["S3_PLANS"]) console.error(JSON.stringify(search.best));
    }
  }
  return lines;
}

/** Every deterministic sampler of the table, with every order that it takes. */
function deterministic(orders: readonly number[]): Sampler[] {
  return Object.entries(samplers).flatMap(([name, { parameters }]) => {
    const tried = parameters.includes("order") && orders.length > 0 ? orders : [undefined];
    return tried.flatMap((order) => {
      try {
        const sampler = makeSampler({ name, ...(order !== undefined && { order }) });
        return sampler.stochastic ? [] : [{ ...sampler, name: order ? `${name}:order=${order}` : name }];
      } catch {
        return [];
      }
    });
  });
}

/** The most steps, up to `calls`, with which a run makes no more calls; 0 if none. */
async function affordable(
  sampler: Sampler,
  { calls, denoiser, noise }: { calls: number; denoiser: Denoiser; noise: Noise },
): Promise<number> {
  for (let steps = calls; steps > 0; steps--) {
    const schedule = schedules["log-snr"]!({ steps });
    const made = await sample(denoiser, { noise, schedule, sampler, count: 1 }).catch(() => undefined);
    if (made && made.calls <= calls) return steps;
  }
  return 0;
}

/** A 95 % interval of the ratio of root-mean-square errors, from resampled rows (percentiles; both on the same rows). */
function ratios(
  x: Float64Array,
  other: Float64Array,
  { exact, dimension }: { exact: Float64Array; dimension: number },
): [number, number] {
  const squares = (of: Float64Array): number[] =>
    Array.from({ length: exact.length / dimension }, (_, row) => {
      let sum = 0;
      for (let at = row * dimension; at < (row + 1) * dimension; at++) sum += (of[at]! - exact[at]!) ** 2;
      return sum;
    });
  const [mine, theirs] = [squares(x), squares(other)];
  const found = Array.from({ length: resamples }, (_, trial) => {
    const draw = philox(7).at(trial, 0, purposes.data);
    let [above, below] = [0, 0];
    for (let i = 0; i < mine.length; i++) {
      const row = draw.integer(mine.length, i);
      above += mine[row]!;
      below += theirs[row]!;
    }
    return Math.sqrt(above / below);
  }).sort((a, b) => a - b);
  return [found[Math.floor(0.025 * resamples)]!, found[Math.ceil(0.975 * resamples) - 1]!];
}

const [asked] = process.argv.slice(2);
const lines: string[][] = [];
const described: string[] = [];

async function add(study: Study): Promise<void> {
  described.push(
    `${study.name}: ${study.rows} calibration rows, ${study.held} held-out rows (seed ${heldSeed}), Runge-Kutta 4 with ${study.teacherSteps} steps as teacher`,
  );
  for (const calls of [5, 10]) lines.push(...(await report(study, calls)));
}

if (asked !== "digits") {
  await add({
    name: "mixture",
    denoiser: gaussianMixture({
      weights: [0.5, 0.3, 0.2],
      means: [
        [2, 0],
        [-1, 1.5],
        [0, -2],
      ],
      deviations: [0.3, 0.5, 0.25],
    }),
    noise: vpLinear(),
    ...{ rows: 256, held: 4000, seeds: [0, 1, 2], teacherSteps: 100, orders: [1, 2, 3, 4] },
  });
}
if (asked !== "mixture") {
  const model = await loadContinuousModel("digits-continuous", { threads: 1 });
  const { denoiser, noise } = model;
  await add({
    ...{ name: "digits", denoiser, noise, rows: 32, held: 256, seeds: [0, 1], teacherSteps: 20, orders: [] },
  });
  await model.dispose();
}
console.log(
  `Root-mean-square error a number against the exact flow, ± its standard error over rows; searches of ${candidates} looks. ${described.join("; ")}. The ratio is to the best single solver, chosen on the held-out rows themselves, its 95 % interval from ${resamples} resamples of the rows. Stochastic solvers have no such error and are left out.\n`,
);
const head = [
  "model",
  "calls",
  "solver",
  "error",
  "ratio",
  "95 %",
  "calibration, fresh",
  "rows sent + teacher's",
];
console.log(table(head, lines));
