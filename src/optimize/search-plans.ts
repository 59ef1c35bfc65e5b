import { throwIfAborted } from "../denoisers/abortable.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { type Estimate, estimate, type Measure } from "../measures/measure.ts";
import { advantage } from "../measures/measured.ts";
import type { Noise } from "../noise/noise.ts";
import type { Process } from "../processes/process.ts";
import { type SampleOptions, sample } from "../sample.ts";
import { callsOf, methodOptions } from "./method-parts.ts";
import type { PlanCandidate } from "./plan-candidates.ts";
import { planScore } from "./plan-score.ts";
import { successiveHalving } from "./successive-halving.ts";

/** Rows of one candidate, to be sampled or to be found among those that an earlier run sampled. */
export interface RowsRequest {
  readonly candidate: string;
  readonly seed: number;
  readonly first: number;
  readonly count: number;
}

/** What to search among, with what, and for how much. */
export interface PlanSearchOptions {
  readonly candidates: readonly PlanCandidate[];
  readonly process: Process;
  readonly noise: Noise;
  readonly measures: readonly Measure[];
  /** [n, length] fresh sequences of the data, for the floors of the measures; see `planScore`. */
  readonly fresh?: Int32Array | undefined;
  /** Sequences to send through the model in the search, about. */
  readonly budget: number;
  /** Sequences per method of the check after it, at least 2; with a seed of its own. */
  readonly check: number;
  readonly seed: number;
  readonly batch?: number;
  /** [length] or [rows, length] tokens that are given, as `sample` takes them; rows are used in turn. */
  readonly given?: Int32Array;
  /** Remembers rows: returns those an earlier run made, or makes them and keeps them. Default: makes them. */
  readonly remember?: (request: RowsRequest, make: () => Promise<Int32Array>) => Promise<Int32Array>;
  /** Checked before every model call and every measure. */
  readonly signal?: SampleOptions["signal"];
  /** Told of the share of the whole that is done, search and check. */
  readonly progress?: (share: number) => void;
}

/** A candidate with what its samples scored in the search. */
export interface RankedCandidate extends PlanCandidate {
  readonly score: number;
  /** Sequences it was scored on: fewer for those that were dropped early. */
  readonly rows: number;
}

/** A candidate with every measure of the check's samples. */
export interface CheckedCandidate extends PlanCandidate {
  readonly measured: Readonly<Record<string, Estimate>>;
  readonly score: number;
}

/** What a search found. */
export interface PlanSearch {
  /** The method to use: the first of the ranking, or a plain one that the check showed to be clearly better. */
  readonly best: CheckedCandidate;
  /** Every candidate, best first, by the search's scores. */
  readonly ranking: readonly RankedCandidate[];
  /** The best of the search and the plain methods on fresh samples, the best first. */
  readonly checked: readonly CheckedCandidate[];
  /** The measures that the score is made of. */
  readonly scoredBy: readonly string[];
  /** Sequences sent through the model in all. */
  readonly evaluations: number;
}

/**
 * Chooses the method whose samples measure best, by successive halving over candidates that all cost the same calls,
 * then measures it and the plain methods on fresh samples.
 *
 * Nothing is assumed of the process: what few steps do to samples, mistakes and repairs together, is in the score
 * itself, see {@link planScore}. All candidates use the same seed and rows, so that they share their luck.
 *
 * Where the check shows a plain method to be better than the winner by more than two standard errors of the
 * first measure that says which way is better, that plain method is returned.
 */
export async function searchPlans(denoiser: Denoiser, options: PlanSearchOptions): Promise<PlanSearch> {
  const { candidates, process, noise, measures, budget, check, seed, batch = 8 } = options;
  const { length } = denoiser;
  const { remember = (_, make) => make() } = options;
  const { of: scoredBy, score } = planScore(measures, { fresh: options.fresh });
  const plain = candidates.flatMap((each, i) => (each.plain ? [i] : []));
  const checkedRows = (plain.length + 1) * check;
  const planned = budget + checkedRows * callsOf(candidates[0]!);
  let spent = 0;

  const run = async (
    candidate: PlanCandidate,
    rows: { seed: number; first: number; count: number },
  ): Promise<Int32Array> => {
    const calls = callsOf(candidate);
    const request = { candidate: candidate.name, ...rows };
    const tokens = await remember(request, async () => {
      const { given } = options;
      const made = await sample(denoiser, {
        ...methodOptions(candidate, { process, noise }),
        ...(given ? { given: givenFor(given, length, rows) } : {}),
        count: rows.count,
        firstRow: rows.first,
        seed: rows.seed,
        batch,
        ...(options.signal ? { signal: options.signal } : {}),
        progress: ({ rows: before, state }) => {
          const here = before * calls + (state.batch * state.index * calls) / state.steps;
          options.progress?.(Math.min(1, (spent + here) / planned));
        },
      });
      return made.tokens;
    });
    spent += rows.count * calls;
    options.progress?.(Math.min(1, spent / planned));
    return tokens;
  };

  const { ranking, evaluations } = await successiveHalving({
    candidates: candidates.length,
    calls: (i) => callsOf(candidates[i]!),
    budget,
    batch,
    kept: plain,
    run: (i, rows) => run(candidates[i]!, { seed, ...rows }),
    score: (tokens) => score(tokens, length),
  });
  const ranked = ranking.map(({ candidate, ...scored }) => ({ ...candidates[candidate]!, ...scored }));

  const winner = candidates[ranking[0]!.candidate]!;
  const inCheck = [winner, ...candidates.filter((each) => each.plain && each !== winner)];
  const checked: CheckedCandidate[] = [];
  for (const candidate of inCheck) {
    const tokens = await run(candidate, { seed: seed + 1, first: 0, count: check });
    const measured: Record<string, Estimate> = {};
    for (const measure of measures) {
      throwIfAborted(options.signal);
      measured[measure.name] = await estimate(measure, tokens, length);
    }
    checked.push({ ...candidate, measured, score: await score(tokens, length) });
  }
  return {
    best: bestOf(checked, measures),
    ranking: ranked,
    checked: [...checked].sort((a, b) => a.score - b.score),
    scoredBy,
    evaluations: evaluations + checked.reduce((sum, each) => sum + check * callsOf(each), 0),
  };
}

/** The winner of the search, first of `checked`, unless a plain method is clearly better. */
function bestOf(checked: readonly CheckedCandidate[], measures: readonly Measure[]): CheckedCandidate {
  const decides = measures.find(({ better }) => better !== "neither")!;
  const value = ({ measured }: CheckedCandidate): Estimate => measured[decides.name]!;
  const winner = checked[0]!;
  const better = checked
    .slice(1)
    .filter((each) => advantage(value(each), value(winner), decides.better) > 2)
    .sort((a, b) => a.score - b.score);
  return better[0] ?? winner;
}

/** The given tokens of rows first .. first + count - 1; the rows of `given` are used in turn. */
function givenFor(
  given: Int32Array,
  length: number,
  { first, count }: { first: number; count: number },
): Int32Array {
  if (given.length === length) return given;
  const rows = given.length / length;
  const own = new Int32Array(count * length);
  for (let row = 0; row < count; row++) {
    const from = (first + row) % rows;
    own.set(given.subarray(from * length, (from + 1) * length), row * length);
  }
  return own;
}
