/**
 * How well the figures that a search for schedules could go by rank schedules as their samples' quality does:
 * `npm run experiments -- rank-correlation`, docs/results/rank-correlation.md.
 *
 * For each model, 24 random grids of N steps are sampled with, on many sequences with one seed (the quality) and on
 * few with another (what a search sees). Spearman's rank correlation over the 24 says how far a search that goes by
 * a figure would choose by quality.
 */
import { entropy } from "../src/categorical.ts";
import { predictions } from "../src/denoisers/predictions.ts";
import type { NamedPart } from "../src/make-part.ts";
import { measureValue } from "../src/measures/measure.ts";
import { modelMeasures, searchData } from "../src/model/model-measures.ts";
import { corrupted, loadModel, type Model } from "../src/node/index.ts";
import { type PathCosts, pathCosts } from "../src/optimize/path-cost.ts";
import { planScore } from "../src/optimize/plan-score.ts";
import { corrupt } from "../src/processes/corrupt.ts";
import { philox, purposes } from "../src/random.ts";
import { sample } from "../src/sample.ts";
import { systematicAncestral } from "../src/samplers/systematic-ancestral.ts";
import { times } from "../src/schedules/times.ts";

/** One model at one number of steps. */
export interface RankStudy {
  readonly model: string;
  readonly process?: NamedPart;
  readonly steps: number;
  /** Sequences per grid of the quality, and of what a search sees. */
  readonly many: number;
  readonly few: number;
}

const GRIDS = 24;
/** Times that the gap of calibration is looked at, and sequences it looks at. */
const GAP_TIMES = [0.1, 0.3, 0.5, 0.7, 0.9];
const GAP_SEQUENCES = 64;

/** A table of rank correlations, as Markdown. */
export async function rankCorrelation(
  { model: reference, process, steps, many, few }: RankStudy,
  progress: (share: number) => void,
): Promise<string> {
  const model = corrupted(await loadModel(reference), process ? { process } : {});
  const { denoiser } = model;
  const { length } = denoiser;
  const data = await searchData(model, { count: 64 });
  const measures = await modelMeasures(model, data);
  const { of, score } = planScore(measures);
  const named = measures.filter(({ name }) => of.includes(name));
  const grids = randomGrids(steps);
  const costs = await pathCosts(denoiser, { ...model, data: data.tokens });
  const dataCurve = await calibration(model, data.tokens);

  const quality: number[] = [];
  const halves: [number, number][] = [];
  const byMeasure = new Map<string, number[]>(named.map(({ name }) => [name, []]));
  const seen = { few: [] as number[], fewer: [] as number[], gap: [] as number[], cost: [] as number[] };
  for (const [i, grid] of grids.entries()) {
    const options = {
      ...{ process: model.process, noise: model.noise, sampler: systematicAncestral() },
      schedule: times(grid),
    };
    const large = (await sample(denoiser, { ...options, count: many, seed: 100 })).tokens;
    quality.push(await score(large, length));
    const middle = Math.floor(many / 2) * length;
    halves.push([
      await score(large.subarray(0, middle), length),
      await score(large.subarray(middle), length),
    ]);
    for (const measure of named) {
      byMeasure.get(measure.name)!.push(await measureValue(measure, large, length));
    }
    const small = (await sample(denoiser, { ...options, count: few, seed: 200 })).tokens;
    seen.few.push(await score(small, length));
    seen.fewer.push(await score(small.subarray(0, Math.floor(few / 4) * length), length));
    const curve = await calibration(model, small.subarray(0, GAP_SEQUENCES * length));
    seen.gap.push(curve.reduce((sum, gap, at) => sum + Math.abs(gap - dataCurve[at]!), 0));
    seen.cost.push(costOf(costs, grid));
    progress((i + 1) / GRIDS);
  }
  await model.dispose();
  const columns: [string, readonly number[]][] = [["score", quality], ...byMeasure];
  const figures: [string, readonly number[]][] = [
    [`score of ${few} other sequences`, seen.few],
    [`score of ${Math.floor(few / 4)} other sequences`, seen.fewer],
    [`gap of calibration, ${GAP_SEQUENCES} sequences`, seen.gap],
    ["path cost (ELBO)", seen.cost],
  ];
  const name = process ? `${reference}, ${process.name} noise` : `${reference}, ${model.process.name} noise`;
  const range = `${Math.min(...quality).toPrecision(3)} to ${Math.max(...quality).toPrecision(3)}`;
  const ceiling = spearman(
    halves.map(([first]) => first),
    halves.map(([, second]) => second),
  );
  return [
    `## ${name}, ${steps} steps`,
    "",
    `Score (${of.length > 1 ? "geometric mean of " : ""}${of.join(", ")}) of ${many} sequences from ${range} over ${GRIDS} grids; its first half ranks the grids as its second with ${ceiling.toFixed(2)}.`,
    "",
    `| figure | ${columns.map(([title]) => title).join(" | ")} |`,
    `|---|${columns.map(() => "---:").join("|")}|`,
    ...figures.map(
      ([title, values]) =>
        `| ${title} | ${columns.map(([, column]) => spearman(values, column).toFixed(2)).join(" | ")} |`,
    ),
    "",
  ].join("\n");
}

/** Half from the family (1 - u^a)^b, half with independent gaps, Gamma(3) distributed. */
function randomGrids(steps: number): number[][] {
  return Array.from({ length: GRIDS }, (_, grid) => {
    const draw = philox(7).at(grid, steps, purposes.data);
    if (grid % 2 === 0) {
      const [a, b] = [draw.uniform(0), draw.uniform(1)].map((u) => 0.45 * (2.3 / 0.45) ** u);
      return Array.from({ length: steps + 1 }, (_, i) => (1 - (i / steps) ** a!) ** b!);
    }
    const gaps = Array.from(
      { length: steps },
      (_, i) => -[0, 1, 2].reduce((sum, j) => sum + Math.log(1 - draw.uniform(3 * i + j)), 0),
    );
    const total = gaps.reduce((sum, gap) => sum + gap, 0);
    return Array.from({ length: steps + 1 }, (_, i) =>
      i === steps ? 0 : 1 - gaps.slice(0, i).reduce((sum, gap) => sum + gap, 0) / total,
    );
  });
}

/** Mean over positions of -log p(x0 | x_t) less the entropy of p: 0 at every t where samples are the model's own. */
async function calibration({ denoiser, process, noise }: Model, tokens: Int32Array): Promise<number[]> {
  const { length, vocabulary } = denoiser;
  const rows = tokens.length / length;
  const gaps: number[] = [];
  for (const time of GAP_TIMES) {
    let sum = 0;
    for (let first = 0; first < rows; first += 8) {
      const batch = Math.min(8, rows - first);
      const clean = tokens.subarray(first * length, (first + batch) * length);
      const draw = philox(3).at(first, Math.round(100 * time), purposes.corrupt);
      const uniforms = Float64Array.from(clean, (_, at) => draw.uniform(2 * at));
      const targets = Float64Array.from(clean, (_, at) => draw.uniform(2 * at + 1));
      const noised = corrupt(clean, { process, sigma: noise.sigma(time), uniforms, targets });
      const logits = await denoiser.predict({
        ...{ tokens: noised, batch },
        time: new Float64Array(batch).fill(time),
      });
      const p = predictions(logits, { length, vocabulary });
      for (let at = 0; at < clean.length; at++) {
        const law = p.row(Math.floor(at / length), at % length);
        sum -= Math.log(Math.max(1e-12, law[clean[at]!]!)) + entropy(law, vocabulary);
      }
      logits.release?.();
    }
    gaps.push(sum / tokens.length);
  }
  return gaps;
}

/** The path cost of a grid, each of its times taken at the nearest fine one. */
function costOf({ times: fine, costs }: PathCosts, grid: readonly number[]): number {
  const nearest = grid.map((t) =>
    fine.reduce((best, each, i) => (Math.abs(each - t) < Math.abs(fine[best]! - t) ? i : best), 0),
  );
  return nearest
    .slice(1)
    .reduce((sum, to, i) => (to === nearest[i]! ? sum : sum + costs[nearest[i]!]![to]!), 0);
}

/** Spearman's rank correlation. */
function spearman(a: readonly number[], b: readonly number[]): number {
  const rank = (values: readonly number[]) => {
    const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
    const ranks = new Array<number>(values.length);
    order.forEach((i, place) => {
      ranks[i] = place;
    });
    return ranks;
  };
  const [x, y] = [rank(a), rank(b)];
  const n = a.length;
  const squares = x!.reduce((sum, each, i) => sum + (each - y![i]!) ** 2, 0);
  return 1 - (6 * squares) / (n * (n * n - 1));
}
