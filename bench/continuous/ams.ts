/**
 * Langevin with and without momentum on Gaussians, where the score is exact: where it ends, and how fast it gets there.
 * `node --import tsx bench/continuous/ams.ts`
 */
import {
  batchNorms,
  calibratedMomentumLangevin,
  type Dynamics,
  langevin,
  momentum,
  momentumLangevin,
  overdamped,
  predictorCorrector,
} from "../../src/continuous/index.ts";
import { type Estimate, estimate, fieldVariance } from "./field-variance.ts";
import { atFixedLevel, diagonalGaussian, variance } from "./fixed-level.ts";
import { gaussianField } from "./gaussian-field.ts";
import { adaptiveBeta, momentumVariance } from "./momentum-theory.ts";
import { table } from "./table.ts";

const seed = 7;
const [dimension, count] = [64, 64];
const shown = ({ value, error }: Estimate) => `${value.toFixed(3)} (${error.toFixed(3)})`;
const ams = () => momentum();
const calibrated = () => momentum({ calibrated: true });

await stationary();
await farStart();
await stiff();
await inPredictorCorrector();

/** Each row's mean square per dimension, averaged over the second half of the moves. */
async function stationary(): Promise<void> {
  console.log(
    `1. Where it ends: mean variance over these moves of step s, after as many before; v = 1, D = ${dimension}, n = ${count} rows, seed ${seed}; theory for D to infinity\n`,
  );
  const rows: string[][] = [];
  for (const s of [0.3, 0.1, 0.03, 0.01, 0.003, 0.001]) {
    const moves = Math.max(200, Math.ceil(2 / s));
    const beta = adaptiveBeta(s);
    rows.push([
      `${s}`,
      `${moves}`,
      (1 / (1 - s / 2)).toFixed(3),
      shown(await meanSquare(overdamped(), s, moves)),
      beta.toFixed(3),
      momentumVariance({ beta, size: s }).toFixed(3),
      shown(await meanSquare(ams(), s, moves)),
      momentumVariance({ beta, size: s, calibrated: true }).toFixed(3),
      shown(await meanSquare(calibrated(), s, moves)),
    ]);
  }
  const head = ["s", "moves", "Langevin", "measured", "beta", "AMS", "measured", "calibrated", "measured"];
  console.log(`${table(head, rows)}\n`);
}

async function meanSquare(dynamics: Dynamics, step: number, moves: number): Promise<Estimate> {
  const squares = new Float64Array(count);
  // Begins at the right variance with other numbers than the moves draw.
  const start = Float64Array.from({ length: count * dimension }, (_, at) => (at % 2 === 0 ? 1 : -1));
  await atFixedLevel(diagonalGaussian(new Float64Array(dimension).fill(1 - variance)), {
    step,
    moves: 2 * moves,
    dynamics,
    start,
    seed,
    visit(x, move) {
      if (move <= moves) return;
      x.forEach((value, at) => {
        squares[Math.floor(at / dimension)]! += value ** 2 / dimension / moves;
      });
    },
  });
  return estimate(Array.from(squares));
}

async function farStart(): Promise<void> {
  const [s, far] = [0.01, 10];
  const after = [10, 25, 50, 100, 200];
  console.log(
    `2. How fast from afar: mean over rows and dimensions, from ${far} in each, v = 1, s = ${s}, D = ${dimension}, n = ${count}, seed ${seed}; the error of all is at most ${(1.2 / Math.sqrt(count * dimension)).toFixed(3)}\n`,
  );
  const rows: string[][] = [];
  for (const [name, dynamics, step] of [
    ["Langevin", overdamped(), s],
    ["AMS", ams(), s],
    ["calibrated", calibrated(), s],
    ["Langevin, 2 s", overdamped(), 2 * s],
    ["Langevin, 4 s", overdamped(), 4 * s],
  ] as const) {
    const means = new Map<number, number>();
    await atFixedLevel(diagonalGaussian(new Float64Array(dimension).fill(1 - variance)), {
      step,
      moves: after.at(-1)!,
      dynamics,
      start: new Float64Array(count * dimension).fill(far),
      seed,
      visit: (x, move) => means.set(move, x.reduce((sum, value) => sum + value, 0) / x.length),
    });
    rows.push([name, ...after.map((move) => means.get(move)!.toFixed(3))]);
  }
  console.log(`${table(["moves", ...after.map(String)], rows)}\n`);
}

/** Half of the dimensions have variance 1, half 100 times as much: the first bound the step, the second take long. */
async function stiff(): Promise<void> {
  const wide = 100;
  const variances = Float64Array.from({ length: dimension }, (_, d) => (d % 2 === 0 ? 1 : wide) - variance);
  const after = [50, 100, 200, 400];
  console.log(
    `3. Two scales, v = 1 and ${wide}: mean of the wide half from 100, and the narrow half's variance over the last 200 of 600 moves; D = ${dimension}, n = ${count}, seed ${seed}; the error of the means is at most 0.3\n`,
  );
  const rows: string[][] = [];
  for (const s of [0.1, 0.5]) {
    for (const [name, dynamics, step] of [
      ["Langevin", overdamped(), s],
      ["AMS", ams(), s],
      ["calibrated", calibrated(), s],
      ["Langevin, 2 s", overdamped(), 2 * s],
    ] as const) {
      const means = new Map<number, number>();
      const narrow = new Float64Array(count);
      const moves = 600;
      await atFixedLevel(diagonalGaussian(variances), {
        step,
        moves,
        dynamics,
        start: Float64Array.from({ length: count * dimension }, (_, at) => (at % 2 === 0 ? 0 : 100)),
        seed,
        visit(x, move) {
          let sum = 0;
          x.forEach((value, at) => {
            if (at % 2 === 1) sum += value;
            else if (move > moves - 200)
              narrow[Math.floor(at / dimension)]! += value ** 2 / (dimension / 2) / 200;
          });
          means.set(move, sum / (x.length / 2));
        },
      });
      rows.push([
        `${step}`,
        name,
        ...after.map((move) => means.get(move)!.toFixed(1)),
        shown(estimate(Array.from(narrow))),
      ]);
    }
  }
  console.log(`${table(["step", "moves", ...after.map(String), "variance, v = 1"], rows)}\n`);
}

async function inPredictorCorrector(): Promise<void> {
  const images = 256;
  const field = gaussianField({ side: 8 });
  console.log(
    `4. As the corrector of predictor-corrector sampling: Gaussian images of 8 x 8 as in pds.ts, published norms, n = ${images}, seed ${seed}; rms over frequencies of log(variance / right one)\n`,
  );
  const norms = batchNorms;
  const methods = [
    ["Langevin", langevin({ norms })],
    ["AMS", momentumLangevin({ norms, published: true })],
    ["fixed beta 0.9", momentumLangevin({ norms, beta: 0.9 })],
    ["calibrated", calibratedMomentumLangevin({ norms })],
  ] as const;
  const rows: string[][] = [];
  for (const steps of [30, 50, 100]) {
    for (const [name, corrector] of methods) {
      const sampler = predictorCorrector({ corrector });
      const found = await fieldVariance(field, sampler, { steps, count: images, seed });
      rows.push([`${steps}`, name, ...found.bands.map(shown), found.rms.toFixed(3)]);
    }
  }
  console.log(table(["steps", "corrector", "k = 0", "1 to 2", "2 to 4", "4 up", "rms log"], rows));
}
