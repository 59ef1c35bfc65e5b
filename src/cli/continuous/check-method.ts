import {
  type ContinuousEvidence,
  type ContinuousMethod,
  makeSampler,
  schedules,
} from "../../continuous/index.ts";
import type { NamedPart } from "../../make-part.ts";
import { advantage, type Measured } from "../../measures/measured.ts";
import type { ContinuousModel } from "../../model/continuous-model.ts";
import { continuousMeasures, judgeOf, type MeasuredByName } from "./judge.ts";
import { methodName, runSolver } from "./run-solver.ts";

/** Solvers that a whole method is held against, each on every grid. */
const PEERS: readonly NamedPart[] = [
  { name: "ddim" },
  { name: "deis" },
  { name: "ipndm" },
  { name: "dpm-solver", order: 3 },
  { name: "dpmpp-2m" },
  { name: "unipc", order: 2 },
  { name: "unipc", order: 3 },
];

/** The grids that everyone has; those even in log t are for data whose noise level is the time. */
const GRIDS = ["time-quadratic", "log-snr", "time-uniform", "polynomial"];

/**
 * Samples with a found method and with plain ones at equal model calls, from start points that no search has seen: the
 * same solver on the usual grids, or where the solver itself was chosen every usual solver on them.
 */
export async function checkMethod(
  model: ContinuousModel,
  method: ContinuousMethod,
  {
    calls,
    rows,
    seed,
    progress,
  }: { calls: number; rows: number; seed: number; progress: (what: string, share: number) => void },
): Promise<ContinuousEvidence> {
  const judge = judgeOf(model, {
    seed,
    flow: true,
    flowRows: rows,
    rows,
    ...(model.exact ? {} : { flowSteps: 100 }),
  });
  const plain = plainMethods(method, calls);
  const measured: MeasuredByName[] = [];
  for (const [i, each] of [method, ...plain].entries()) {
    progress(`check ${i + 1} of ${plain.length + 1}: ${methodName(each)}`, 0);
    const run = await runSolver(model, each, {
      ...{ count: rows, seed, judge },
      progress: (share) => progress(`check ${i + 1} of ${plain.length + 1}: ${methodName(each)}`, share),
    });
    measured.push(run.measured);
  }
  const { error, divergence, energy } = continuousMeasures;
  const measure = [error, divergence, energy].find(({ name }) => measured[0]![name]);
  if (!measure) {
    throw new RangeError(
      `optimize: nothing says how good samples of "${model.name}" by ${methodName(method)} are; give the model held-out data, or use --check 0`,
    );
  }
  const [own, ...others] = measured.map((each) => each[measure.name]!);
  const named = plain.map((each, i) => ({ method: methodName(each), ...others[i]! }));
  named.sort((a, b) => a.value - b.value);
  return {
    measure: measure.label,
    ...{ rows, seed, plan: own!, others: named, verdict: verdictOf(own!, named) },
  };
}

function plainMethods({ solver }: ContinuousMethod, calls: number): ContinuousMethod[] {
  const solvers =
    solver.name === "unified"
      ? PEERS
      : [solver.name.startsWith("dc-solver") ? uncompensated(solver) : solver];
  return solvers.flatMap((each) => {
    const steps = Math.floor(calls / makeSampler(each).calls);
    return GRIDS.filter((name) => Object.hasOwn(schedules, name)).map((name) => ({
      solver: each,
      schedule: { name },
      steps,
    }));
  });
}

/** UniPC of the same order and kind. */
function uncompensated({ name, order = 2 }: NamedPart): NamedPart {
  return { name: name === "dc-solver-bh1" ? "unipc-bh1" : "unipc", order };
}

/** Against the best plain method, in standard errors of the difference. */
function verdictOf(own: Measured, [best]: readonly (Measured & { readonly method: string })[]): string {
  const gap = advantage(own, best!, "lower");
  const size = `${Math.abs(gap).toFixed(1)} standard errors of the difference`;
  if (gap > 2) return `better than the best plain method, ${best!.method}, by ${size}`;
  if (gap < -2) return `worse than ${best!.method} by ${size}: use that one`;
  return `as good as the best plain method, ${best!.method}, within two standard errors of the difference`;
}
