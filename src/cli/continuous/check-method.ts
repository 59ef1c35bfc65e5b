import type { ContinuousMethod } from "../../continuous/method.ts";
import { makeSampler, schedules } from "../../continuous/parts.ts";
import type { ContinuousEvidence } from "../../continuous/plan.ts";
import type { NamedPart } from "../../make-part.ts";
import { advantage } from "../../measures/measured.ts";
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

/** Standard errors of the difference from which on one method is clearly better. */
const CLEAR = 2;

/** The grids that everyone has; those even in log t are for data whose noise level is the time. */
const GRIDS = ["time-quadratic", "log-snr", "time-uniform", "polynomial"];

/** What a check says, and which method the plan is to be. */
export interface CheckedMethod {
  readonly method: ContinuousMethod;
  readonly evidence: ContinuousEvidence;
}

/**
 * Samples with a found method and with plain ones at equal model calls, from start points that no search has seen: the
 * same solver on the usual grids, or where the solver itself was chosen every usual solver on them. A plain one that is
 * clearly better takes the place of what was found.
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
): Promise<CheckedMethod> {
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
  const looked = [method, ...plain].map((each, i) => ({ each, ...measured[i]![measure.name]! }));
  const [own, ...others] = looked;
  others.sort((a, b) => a.value - b.value);
  const best = others[0]!;
  const gap = advantage(own!, best, "lower");
  const chosen = gap < -CLEAR ? best : own!;
  const named = ({ each, value, standardError }: typeof best) => ({
    method: each === method ? "as found" : methodName(each),
    value,
    standardError,
  });
  const { value, standardError } = chosen;
  return {
    method: chosen.each,
    evidence: {
      measure: measure.label,
      ...{ rows, seed, plan: { value, standardError } },
      others: looked
        .filter((other) => other !== chosen)
        .sort((a, b) => a.value - b.value)
        .map(named),
      verdict: verdictOf(gap, methodName(best.each)),
    },
  };
}

function plainMethods({ solver }: ContinuousMethod, calls: number): ContinuousMethod[] {
  const solvers =
    solver.name === "unified"
      ? PEERS
      : [solver.name === "dc-solver" ? { name: "unipc", order: solver["order"] ?? 2 } : solver];
  return solvers.flatMap((each) => {
    const steps = Math.floor(calls / makeSampler(each).calls);
    return GRIDS.filter((name) => Object.hasOwn(schedules, name)).map((name) => ({
      solver: each,
      schedule: { name },
      steps,
    }));
  });
}

/** @param gap how much better than the best plain method, in standard errors of the difference */
function verdictOf(gap: number, best: string): string {
  const size = `${Math.abs(gap).toFixed(1)} standard errors of the difference`;
  if (gap > CLEAR) return `better than the best plain method, ${best}, by ${size}`;
  if (gap < -CLEAR) return `what was found is worse than ${best} by ${size}, so the plan is that one`;
  return `as good as the best plain method, ${best}, within two standard errors of the difference`;
}
