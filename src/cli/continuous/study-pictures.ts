import { type ContinuousMethod, continuousOptions } from "../../continuous/method.ts";
import { type State, sample, steps } from "../../continuous/sample.ts";
import type { ContinuousModel } from "../../model/continuous-model.ts";
import type { ImageSet } from "../../report/continuous-report.ts";
import type { Plane, Point, Trajectories } from "../../report/trajectory-picture.ts";
import { methodName } from "./run-solver.ts";

/** Paths in a picture, images of a method, and cells along each side of the density. */
const PATHS = 5;
const IMAGES = 24;
const CELLS = 80;
/** Steps of the exact paths: far below what a pixel shows with Runge-Kutta 4. */
const FINE = 100;

/** The paths of the first samples of each method. */
export async function trajectoriesOf(
  model: ContinuousModel,
  methods: readonly ContinuousMethod[],
  { seed }: { seed: number },
): Promise<Trajectories[]> {
  const all: Trajectories[] = [];
  for (const method of methods) {
    const states = await statesOf(model, method, { seed });
    all.push({ method: methodName(method), calls: states.at(-1)!.calls, paths: pathsOf(states) });
  }
  return all;
}

/** What lies under the paths: the density of data, and the exact ways from the same start points. */
export async function planeOf(
  model: ContinuousModel,
  method: ContinuousMethod,
  { seed, trajectories }: { seed: number; trajectories: readonly Trajectories[] },
): Promise<Plane | undefined> {
  const { mixture } = model;
  if (!mixture) return undefined;
  const exact: ContinuousMethod = { solver: { name: "rho-rk4" }, schedule: method.schedule, steps: FINE };
  const reference = pathsOf(await statesOf(model, exact, { seed }));
  const { mean, covariance } = mixture.moments();
  const axis = (d: 0 | 1): [number, number] => {
    // Data and ends; where noise starts far out, as under variance-exploding noise, paths come in from the rim.
    const spread = 2.2 * Math.sqrt(covariance[3 * d]!);
    const ends = [...reference, ...trajectories.flatMap(({ paths }) => paths)].map((path) => path.at(-1)![d]);
    return [Math.min(mean[d]! - spread, ...ends) - 0.5, Math.max(mean[d]! + spread, ...ends) + 0.5];
  };
  const [x, y] = [axis(0), axis(1)];
  const at = (range: readonly [number, number], i: number): number =>
    range[0] + ((range[1] - range[0]) * i) / (CELLS - 1);
  const values = Array.from({ length: CELLS * CELLS }, (_, cell) =>
    Math.exp(mixture.logDensity(Float64Array.of(at(x, cell % CELLS), at(y, Math.floor(cell / CELLS))))),
  );
  return { x, y, density: { columns: CELLS, rows: CELLS, values }, reference };
}

/** The first images of each method, brightness from 0 to 1. */
export async function imagesOf(
  model: ContinuousModel,
  methods: readonly ContinuousMethod[],
  { seed }: { seed: number },
): Promise<ImageSet[]> {
  const { denoiser, dimension, noise } = model;
  const { rows, columns, low, high } = model.pixels!;
  const all: ImageSet[] = [];
  for (const method of methods) {
    const options = continuousOptions(method, { noise });
    const { x, calls } = await sample(denoiser, { ...options, count: IMAGES, seed });
    const images = Array.from({ length: IMAGES }, (_, row) =>
      Array.from(x.subarray(row * dimension, (row + 1) * dimension), (value) => (value - low) / (high - low)),
    );
    all.push({ method: methodName(method), calls, rows, columns, images });
  }
  return all;
}

async function statesOf(
  { denoiser, noise }: ContinuousModel,
  method: ContinuousMethod,
  { seed }: { seed: number },
): Promise<State[]> {
  const states: State[] = [];
  const options = continuousOptions(method, { noise });
  for await (const state of steps(denoiser, { ...options, count: PATHS, seed })) states.push(state);
  return states;
}

/** [path][state] */
function pathsOf(states: readonly State[]): Point[][] {
  return Array.from({ length: PATHS }, (_, row) =>
    states.map(({ x }): Point => [x[2 * row]!, x[2 * row + 1]!]),
  );
}
