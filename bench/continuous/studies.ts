/** What the tables of docs/continuous.md compare: solvers of a continuous model at equal model calls. */
import { solverNames } from "../../src/cli/continuous/solver-names.ts";
import { type ContinuousStudyOptions, runContinuousStudy } from "../../src/cli/continuous/study.ts";
import { continuousMarkdown } from "../../src/cli/continuous/study-markdown.ts";
import { guidedTowards } from "../../src/model/continuous-model.ts";
import { loadContinuousModel } from "../../src/node/index.ts";

type Settings = Pick<ContinuousStudyOptions, "title" | "calls" | "count" | "flow"> & {
  readonly model: string;
  readonly methods: string;
  readonly guidance?: { readonly label: number; readonly scale: number };
};

/** Every solver with each of some schedules. */
const cross = (solvers: readonly string[], schedules: readonly string[]): string =>
  solvers.flatMap((solver) => schedules.map((schedule) => `${solver}/${schedule}`)).join(",");

const flow = [
  "ddim",
  "deis:order=2",
  "deis",
  "deis-log-rho",
  "ipndm",
  "dpm-solver:order=2",
  "dpm-solver:order=3",
  "dpmpp-2m",
  "dpmpp-3m",
  "unipc",
  "unipc:order=3",
  "unipc-bh1:order=3",
];

/** The studies by the names that `npm run experiments` takes. */
export const continuousStudies: Readonly<Record<string, Settings>> = {
  "continuous-mixture": {
    model: "mixture",
    title: "Solvers of the probability flow, exact predictions",
    calls: [5, 8, 10, 20, 40],
    count: 1000,
    flow: { rows: 1000, steps: 400 },
    methods: `${cross(flow, ["time-quadratic", "log-snr"])},${cross(["rho-heun", "rho-kutta", "rho-rk4", "dpm-solver-singlestep", "dpmpp-2s"], ["time-quadratic", "log-snr"])},edm-heun/polynomial`,
  },
  "continuous-guided": {
    model: "mixture",
    title: "Solvers of the probability flow under guidance 7.5 towards one Gaussian of three",
    calls: [10, 16, 20, 40, 80],
    count: 1000,
    flow: { rows: 1000, steps: 400 },
    guidance: { label: 0, scale: 7.5 },
    methods: cross(
      ["ddim", "deis", "ipndm", "dpm-solver:order=2", "dpmpp-2m", "dpmpp-3m", "unipc", "unipc:order=3"],
      ["time-uniform", "time-quadratic", "log-snr"],
    ),
  },
  "continuous-stochastic": {
    model: "mixture",
    title: "Solvers that add noise, exact predictions",
    calls: [10, 20, 40, 80],
    count: 4000,
    methods: `ddim/time-quadratic,${cross(["ddim:eta=0.5", "ddim:eta=1", "ddpm", "dpm-solver-sde", "dpmpp-2m-sde", "dpmpp-3m-sde", "dpmpp-sde"], ["time-quadratic", "log-snr"])},predictor-corrector/log-snr,edm-heun:churn=10/polynomial`,
  },
  "continuous-digits": {
    model: "digits-continuous",
    title: "Solvers of the probability flow on a trained network: digits",
    calls: [5, 8, 10, 20],
    count: 128,
    flow: { rows: 128, steps: 100 },
    methods: cross(
      ["ddim", "deis", "ipndm", "dpm-solver:order=3", "dpmpp-2m", "unipc", "unipc:order=3"],
      ["time-quadratic", "log-snr"],
    ),
  },
};

/** Runs a study and returns its page. */
export async function continuousStudy(
  name: string,
  progress: (what: string, share: number) => void,
): Promise<string> {
  const { model: reference, methods, guidance, ...settings } = continuousStudies[name]!;
  const loaded = await loadContinuousModel(reference);
  const comparison = await runContinuousStudy(guidance ? guidedTowards(loaded, guidance) : loaded, {
    ...settings,
    methods: solverNames(methods),
    seed: 0,
    command: `npm run experiments -- ${name}`,
    pictures: false,
    progress,
  });
  await loaded.dispose();
  return continuousMarkdown(comparison);
}
