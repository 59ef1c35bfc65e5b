/**
 * What searched ratios bring on rows that the search has not seen: error of DC-Solver and of UniPC against the exact flow
 * at equal calls, under guidance and without, and of ratios that a cascade polynomial predicts.
 * `node --import tsx bench/continuous/dc-solver.ts`
 */
import {
  bh1,
  bh2,
  cascadePolynomial,
  cascadeRatios,
  type Denoiser,
  dcRatios,
  dcSolver,
  gaussianMixture,
  guided,
  normals,
  probabilityFlow,
  type Sampler,
  type SearchedRatios,
  sample,
  timeUniform,
  type UniPcOptions,
  uniPc,
  vpLinear,
} from "../../src/continuous/index.ts";
import { rootMeanSquare } from "../../src/continuous/measures/root-mean-square.ts";
import { table } from "./table.ts";

const noise = vpLinear();
const unconditional = gaussianMixture({
  weights: [0.5, 0.3, 0.2],
  means: [
    [2, 0],
    [-1, 1.5],
    [0, -2],
  ],
  deviations: [0.3, 0.5, 0.25],
});
const conditional = gaussianMixture({ weights: [1], means: [[2, 0]], deviations: [0.3] });
const [testRows, testSeed] = [2000, 1000];
const [calibrationRows, calibrationSeeds] = [10, [0, 1, 2, 3, 4]];
const dimension = 2;

const start = new Float64Array(dimension * testRows);
const source = normals(testSeed);
for (let row = 0; row < testRows; row++) {
  const own = start.subarray(dimension * row, dimension * (row + 1));
  source.fill(own, { row, index: "start", stage: 0 });
}

/** A model under a guidance, and where its flow takes the test rows. */
interface Problem {
  readonly name: string;
  readonly guidance: number;
  readonly model: Denoiser;
  readonly exact: Float64Array;
}

async function problem(name: string, guidance: number): Promise<Problem> {
  const model = guidance === 0 ? unconditional : guided({ unconditional, conditional, scale: guidance });
  return { name, guidance, model, exact: await probabilityFlow(model, { noise, start, steps: 200 }) };
}

interface Errors {
  readonly value: number;
  readonly standardError: number;
  /** Of the rows' distances a number: half of the rows are nearer. */
  readonly median: number;
}

async function errorsOf({ model, exact }: Problem, steps: number, sampler: Sampler): Promise<Errors> {
  const { x } = await sample(model, {
    noise,
    schedule: timeUniform({ steps }),
    sampler,
    start,
    count: testRows,
    batch: testRows,
  });
  const distances = Array.from({ length: testRows }, (_, row) =>
    Math.hypot(x[2 * row]! - exact[2 * row]!, x[2 * row + 1]! - exact[2 * row + 1]!),
  ).sort((a, b) => a - b);
  const median = distances[testRows >> 1]! / Math.sqrt(dimension);
  return { ...rootMeanSquare(x, exact, { dimension }), median };
}

const show = (value: number): string => value.toFixed(3);
const withError = ({ value, standardError }: Errors): string => `${show(value)} ± ${show(standardError)}`;
const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

type Method = UniPcOptions & { readonly order: number };

/** A row of the first table, and the ratios found on the first batch. */
async function compare(
  of: Problem,
  steps: number,
  method: Method,
): Promise<{ cells: string[]; ratios: number[] }> {
  const schedule = timeUniform({ steps });
  const plain = await errorsOf(of, steps, uniPc(method));
  const searches = [];
  const moved: Errors[] = [];
  for (const seed of calibrationSeeds) {
    const search = await dcRatios(of.model, { ...method, noise, schedule, count: calibrationRows, seed });
    searches.push(search);
    moved.push(await errorsOf(of, steps, dcSolver({ ...method, ratios: search.ratios })));
  }
  const values = moved.map(({ value }) => value);
  const [first] = searches;
  const cells = [
    of.name,
    `${method.order}, ${method.weight?.name}`,
    `${steps}`,
    withError(plain),
    withError(moved[0]!),
    `${show(middle(values))} (${show(Math.min(...values))} to ${show(Math.max(...values))})`,
    (plain.value / middle(values)).toFixed(1),
    show(plain.median),
    show(middle(moved.map(({ median }) => median))),
    `${first!.evaluations - first!.teacherEvaluations}`,
  ];
  return { cells, ratios: first!.ratios };
}

const second: Method = { order: 2, weight: bh2 };
const strong = await problem("7.5", 7.5);
const rows: string[][] = [];
const searched: SearchedRatios[] = [];
for (const of of [strong, await problem("5", 5), await problem("3", 3), await problem("none", 0)]) {
  for (const steps of [5, 6, 8, 10]) {
    const { cells, ratios } = await compare(of, steps, second);
    rows.push(cells);
    if (of.guidance > 0) searched.push({ guidance: of.guidance, ratios });
  }
}
rows.push((await compare(strong, 8, { order: 3, weight: bh1 })).cells);

const polynomial = cascadePolynomial(searched);
const predicted: string[][] = [];
for (const [of, steps] of [
  [strong, 7],
  [strong, 9],
  [await problem("6", 6), 7],
  [await problem("4", 4), 6],
] as const) {
  const schedule = timeUniform({ steps });
  const own = await dcRatios(of.model, { ...second, noise, schedule, count: calibrationRows });
  const samplers = [
    uniPc(second),
    dcSolver({ ...second, ratios: cascadeRatios(polynomial, { guidance: of.guidance, steps }) }),
    dcSolver({ ...second, ratios: own.ratios }),
  ];
  const cells = [of.name, `${steps}`];
  for (const sampler of samplers) cells.push(withError(await errorsOf(of, steps, sampler)));
  predicted.push(cells);
}

console.log(
  `Root-mean-square error a number against the exact flow; mixture in the plane, VP-linear, times even in t, ${testRows} test rows (seed ${testSeed}), ${calibrationSeeds.length} calibration batches of ${calibrationRows} rows (seeds ${calibrationSeeds.join(", ")}), K = 2. ± is the standard error over test rows; of the batches, the median, the least and the greatest.\n`,
);
console.log(
  table(
    [
      "guidance",
      "order, B(h)",
      "calls",
      "UniPC",
      "DC-Solver, batch 0",
      "DC-Solver, all batches",
      "times better",
      "median row, UniPC",
      "median row, DC-Solver",
      "rows of a search, teacher apart",
    ],
    rows,
  ),
);
console.log(
  "\nRatios predicted by a cascade polynomial, fitted to those of batch 0 at guidance 3, 5 and 7.5 and 5, 6, 8 and 10 calls, where nothing was searched:\n",
);
console.log(table(["guidance", "calls", "UniPC", "predicted ratios", "ratios searched there"], predicted));
