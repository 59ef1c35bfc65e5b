import { type ContinuousMethod, ratioSamplers } from "../../continuous/method.ts";
import { alignYourSteps } from "../../continuous/optimize/align-your-steps.ts";
import { dcRatios } from "../../continuous/optimize/dc-ratios.ts";
import type { FoundTimes } from "../../continuous/optimize/found-times.ts";
import { gits } from "../../continuous/optimize/gits.ts";
import { euclideanMiss } from "../../continuous/optimize/jump-metrics.ts";
import { optimisedSteps } from "../../continuous/optimize/optimised-steps.ts";
import { searchSolvers } from "../../continuous/optimize/search-solvers.ts";
import { makeSampler, schedules } from "../../continuous/parts.ts";
import { sample } from "../../continuous/sample.ts";
import { uniPc } from "../../continuous/samplers/unipc.ts";
import { logSnr, timePower } from "../../continuous/schedules/even-times.ts";
import { makePart, type NamedPart } from "../../make-part.ts";
import type { ContinuousModel } from "../../model/continuous-model.ts";
import { defaultSchedule } from "./asked.ts";
import { continuousMeasures, judgeOf } from "./judge.ts";
import { runSolver } from "./run-solver.ts";
import type { SearchName } from "./search-names.ts";

/** What is searched for. */
export interface SearchAsked {
  /** Model calls of the method that is found. */
  readonly calls: number;
  /** What is to run on the times; each search has one it was made for. */
  readonly solver?: NamedPart;
  readonly seed: number;
  /** Solvers that a search over all of them looks at. */
  readonly candidates: number;
  readonly progress: (share: number) => void;
}

/** What a search found, and what it took. */
export interface SearchFound {
  readonly method: ContinuousMethod;
  /** Model calls, one after the other, and rows sent through the model. */
  readonly calls: number;
  readonly evaluations: number;
  /** The bound, the cost or the error that was made small, before and after. */
  readonly objective: { readonly before: number; readonly after: number };
}

/** A way to choose how a continuous model's calls are spent. */
export type Search = (model: ContinuousModel, asked: SearchAsked) => Promise<SearchFound>;

/** Samples that say how good times are. */
const JUDGED = 512;

/** Clean samples that Align Your Steps looks at, and how many calls make one where there are no data. */
const DATA = { rows: 512, steps: 50 };

/** The solvers that the methods were made for. */
const madeFor = {
  gits: { name: "ipndm" },
  dm: { name: "unipc", order: 3 },
  ays: { name: "dpmpp-2m-sde" },
  dc: { name: "dc-solver", order: 2 },
} as const satisfies Record<string, NamedPart>;

/** The searches by the names that `fewstep optimize --method` takes. */
export const searches: Readonly<Record<SearchName, Search>> = {
  async s3({ denoiser, noise }, { calls, seed, candidates, progress, solver }) {
    if (solver && solver.name !== "unified") {
      throw new RangeError(
        `optimize: --solver ${solver.name} was set, and s3 chooses the solver itself; leave it out, or use gits or dm`,
      );
    }
    const found = await searchSolvers(denoiser, {
      ...{ noise, calls, seed, candidates },
      progress: ({ looked }) => progress(looked / candidates),
    });
    const { best, finalists, bestSoFar } = found;
    const published = finalists.find(({ name }) => name !== undefined);
    return {
      ...found,
      method: best.method,
      objective: { before: published?.score ?? bestSoFar[0]!, after: best.score },
    };
  },
  async gits({ denoiser, noise }, { calls, seed, solver = madeFor.gits, progress }) {
    const found = await gits(denoiser, {
      ...{ noise, seed, steps: stepsOf(solver, calls), metric: euclideanMiss },
      progress: ({ rows, count }) => progress(rows / count),
    });
    return { ...found, method: methodOf(solver, found) };
  },
  async dm({ noise }, { calls, seed, solver = madeFor.dm }) {
    const { order } = solver;
    const found = optimisedSteps({
      ...{ noise, seed, steps: stepsOf(solver, calls) },
      ...(typeof order === "number" ? { order } : {}),
    });
    return { ...found, method: methodOf(solver, found) };
  },
  async ays(model, { calls, seed, solver = madeFor.ays, progress }) {
    const steps = stepsOf(solver, calls);
    // The bound alone leads astray when it is minimised far: samples say after every pass whether to go on.
    const judge = judgeOf(model, { seed: seed + 1, flow: true, flowRows: JUDGED, rows: JUDGED });
    let looks = 0;
    let judgedEvaluations = 0;
    const found = await alignYourSteps(model.denoiser, {
      ...{ noise: model.noise, seed, steps, data: await dataOf(model, { seed }) },
      start: logSnr({ steps: Math.min(steps, 10) }),
      judge: async (schedule) => {
        progress(1 - 1 / (1 + ++looks / 4));
        const method = methodOf(solver, { times: schedule.resolve(model.noise) });
        const { measured, evaluations } = await runSolver(model, method, {
          count: JUDGED,
          seed: seed + 1,
          judge,
        });
        judgedEvaluations += evaluations;
        const { error, divergence, energy } = continuousMeasures;
        return (measured[error.name] ?? measured[divergence.name] ?? measured[energy.name])!.value;
      },
    });
    const evaluations = found.evaluations + judgedEvaluations;
    return { ...found, evaluations, method: methodOf(solver, found) };
  },
  async dc({ denoiser, noise, noiseDescription }, { calls, seed, solver = madeFor.dc, progress }) {
    if (!Object.hasOwn(ratioSamplers, solver.name)) {
      throw new RangeError(
        `optimize: --solver ${solver.name} takes no ratios; with dc use one of ${Object.keys(ratioSamplers).join(", ")}`,
      );
    }
    // Refuses unknown numbers.
    makePart("solver", ratioSamplers, solver);
    const { order = 2, compensationOrder } = solver as { order?: number; compensationOrder?: number };
    const name = defaultSchedule(noiseDescription);
    const found = await dcRatios(denoiser, {
      ...{ noise, seed, order, schedule: schedules[name]!({ steps: calls }) },
      ...(compensationOrder === undefined ? {} : { compensationOrder }),
      progress: ({ step, steps }) => progress(step / steps),
    });
    const { ratios, searched } = found;
    const last = searched.at(-1)!;
    return {
      ...found,
      method: { solver, schedule: { name }, steps: calls, ratios },
      objective: { before: last.lossAtOne, after: last.loss },
    };
  },
};

/** The most steps of a solver in a number of calls. @throws RangeError if there are none */
function stepsOf(solver: NamedPart, calls: number): number {
  const each = makeSampler(solver).calls;
  if (calls >= each) return Math.floor(calls / each);
  throw new RangeError(
    `optimize: ${calls} calls were asked for, and a step of ${solver.name} makes ${each}; use at least that many`,
  );
}

function methodOf(solver: NamedPart, { times }: Pick<FoundTimes, "times">): ContinuousMethod {
  return { solver, schedule: { times: Array.from(times) }, steps: times.length - 1 };
}

/** Clean samples: of the known law, held-out data, or the model's own of many steps. */
async function dataOf(model: ContinuousModel, { seed }: { seed: number }): Promise<Float64Array> {
  if (model.mixture) return model.mixture.draw({ count: DATA.rows, seed });
  const heldOut = await model.heldOut();
  if (heldOut) return heldOut.subarray(0, DATA.rows * model.dimension);
  const made = await sample(model.denoiser, {
    noise: model.noise,
    schedule: timePower({ steps: DATA.steps }),
    sampler: uniPc(),
    count: DATA.rows,
    seed,
    denoise: true,
  });
  return made.x;
}
