/** What is to be chosen among, and what one look at a candidate costs. */
export interface HalvingOptions<Rows = Int32Array> {
  /** Number of candidates. */
  readonly candidates: number;
  /** Model calls that one row of a candidate makes. */
  calls(candidate: number): number;
  /** Sequences to send through the model in all, about; whole batches decide. */
  readonly budget: number;
  /** Rows are run in multiples of this; default 8. */
  readonly batch?: number;
  /** Candidates that stay to the last round; default 3. */
  readonly finalists?: number;
  /** Never dropped, such as the methods that the winner has to be held against. */
  readonly kept?: readonly number[];
  /**
   * Rows `first` to `first + count - 1` of a candidate, as samples, such as tokens [count, length], or what is to be known
   * of them. The same for all candidates: with random numbers keyed by the row they share their luck, and differences
   * are more certain than values.
   */
  run(candidate: number, rows: { readonly first: number; readonly count: number }): Promise<Rows>;
  /** How bad all rows of a candidate are, lower is better; Infinity or NaN is worst. */
  score(rows: Rows): Promise<number>;
  /** Called after every round. */
  readonly onRound?: (round: HalvingRound) => void;
}

/** One round: who was in it, on how many rows each, and with which scores. */
export interface HalvingRound {
  readonly round: number;
  readonly rounds: number;
  /** Rows of every candidate so far. */
  readonly rows: number;
  /** Best first. */
  readonly standing: readonly { readonly candidate: number; readonly score: number }[];
}

/** What the search knows at the end. */
export interface HalvingResult {
  /** Every candidate, best first: those of the last round by its scores, then those dropped in the round before, ... */
  readonly ranking: readonly {
    readonly candidate: number;
    readonly score: number;
    readonly rows: number;
  }[];
  /** Sequences sent through the model. */
  readonly evaluations: number;
}

/**
 * Successive halving: all candidates on few rows, the better half of them on twice as many, and so on. Each round
 * costs about the same, so nearly everything is spent on those that are hard to tell apart. Rows add up: a
 * candidate is scored on all rows it ever ran, and no row is run twice.
 *
 * With K candidates, f finalists and R = max(1, ceil(log2(K / f))) + 1 rounds, a round may send budget / R
 * sequences; it gives every candidate that is left as many new rows as that allows, at least one batch.
 *
 * Source: Jamieson and Talwalkar 2016, arXiv 1502.07943, algorithm 1 (with rows in place of arm pulls).
 */
export function successiveHalving(options: HalvingOptions): Promise<HalvingResult> {
  return halvingOfRows({ ...options, join: joinedTokens });
}

/** {@link successiveHalving} of rows that are not tokens. */
export async function halvingOfRows<Rows>(
  options: HalvingOptions<Rows> & {
    /** The rows a candidate made so far and those made after them, as one. */
    join(before: Rows, made: Rows): Rows;
  },
): Promise<HalvingResult> {
  const { candidates, budget, batch = 8, finalists = 3, kept = [] } = options;
  if (!(candidates >= 1) || !(budget > 0) || !(finalists >= 1)) {
    throw new RangeError(
      `successiveHalving: ${candidates} candidates, a budget of ${budget} and ${finalists} finalists; expected at least one of each`,
    );
  }
  const rounds = candidates > finalists ? Math.max(1, Math.ceil(Math.log2(candidates / finalists))) + 1 : 1;
  const rowsOf = new Map<number, Rows>();
  const ranking: { candidate: number; score: number; rows: number }[] = [];
  let left = Array.from({ length: candidates }, (_, candidate) => candidate);
  let rows = 0;
  let evaluations = 0;
  for (let round = 0; round < rounds; round++) {
    const perRow = left.reduce((sum, candidate) => sum + options.calls(candidate), 0);
    const affordable = Math.floor(budget / rounds / perRow / batch) * batch;
    const count = Math.max(batch, affordable);
    const standing: { candidate: number; score: number }[] = [];
    for (const candidate of left) {
      const made = await options.run(candidate, { first: rows, count });
      evaluations += count * options.calls(candidate);
      const before = rowsOf.get(candidate);
      const all = before === undefined ? made : options.join(before, made);
      rowsOf.set(candidate, all);
      const score = await options.score(all);
      standing.push({ candidate, score: Number.isNaN(score) ? Number.POSITIVE_INFINITY : score });
    }
    rows += count;
    // Candidates come in an order that stays among equals: the plain ones first.
    standing.sort((a, b) => (a.score === b.score ? a.candidate - b.candidate : a.score - b.score));
    options.onRound?.({ round: round + 1, rounds, rows, standing });
    const last = round === rounds - 1;
    const size = Math.max(finalists, Math.ceil(left.length / 2));
    const staying = standing.filter(
      ({ candidate }, place) => last || place < size || kept.includes(candidate),
    );
    const dropped = standing.filter((each) => !staying.includes(each));
    for (const { candidate } of dropped) rowsOf.delete(candidate);
    ranking.unshift(...(last ? staying : dropped).map((each) => ({ ...each, rows })));
    left = staying.map(({ candidate }) => candidate);
  }
  return { ranking, evaluations };
}

function joinedTokens(before: Int32Array, made: Int32Array): Int32Array {
  const all = new Int32Array(before.length + made.length);
  all.set(before);
  all.set(made, before.length);
  return all;
}
