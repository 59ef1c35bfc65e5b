import type { JobRows, Range, RangeCost } from "./sample-range.ts";
import { relay, type Team } from "./team.ts";

/** Rows per second of a team. */
export interface Pace {
  readonly workers: number;
  readonly threads: number;
  readonly rowsPerSecond: number;
}

/** Times that each of two teams has its turn; the first warms up and does not count. */
const ROUNDS = 3;
/** What is tried may be this part of what is left to do. */
const TRIED = 1 / 4;
/** More threads with a model each must be this much faster to be worth their memory. */
const WORTH = 1.1;

/**
 * Finds the faster way to share out the cores: holds a team against larger ones, one after another, as long as the
 * larger is faster. Two teams work in turn, once to warm up and twice to be timed, of which the better counts, so that
 * a busy machine is the same to both. They make rows of the job itself, which are yielded, so nothing is made for
 * nothing; where the rows left are too few for that to pay, nothing is tried.
 *
 * @param team what there is: one worker
 * @param options.cores threads to share out @param options.batches left to make
 * @param options.most members there may be at once, for the memory they take
 * @param options.open opens a team of so many members @param options.close closes the slower one
 * @returns the faster team, and what was measured
 */
export async function* chooseTeam(
  team: Team,
  options: {
    readonly cores: number;
    readonly batches: number;
    readonly most: number;
    readonly ranges: Iterator<Range>;
    open(workers: number): Promise<Team>;
    close(team: Team): Promise<void>;
  },
): AsyncGenerator<JobRows & { readonly cost: RangeCost }, { team: Team; measured: Pace[] }, undefined> {
  const { cores, most, ranges } = options;
  const measured: Pace[] = [];
  let { batches } = options;
  let best = team;
  for (const workers of new Set([Math.round(Math.sqrt(cores)), cores])) {
    const together = best.members.length + workers;
    if (workers === 1 || together > most || ROUNDS * together > TRIED * batches) continue;
    const other = await options.open(workers);
    const paces = new Map<Team, number>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const each of [best, other]) {
        const started = performance.now();
        const list = [];
        for await (const rows of relay(each, taken(ranges, each.members.length))) list.push(rows);
        const count = list.reduce((sum, rows) => sum + rows.count, 0);
        const rowsPerSecond = (1000 * count) / (performance.now() - started);
        if (round > 0) paces.set(each, Math.max(rowsPerSecond, paces.get(each) ?? 0));
        batches -= each.members.length;
        yield* list;
      }
    }
    for (const [{ members, threads }, rowsPerSecond] of paces) {
      measured.push({ workers: members.length, threads, rowsPerSecond });
    }
    const better = paces.get(other)! > WORTH * paces.get(best)!;
    await options.close(better ? best : other);
    if (!better) break;
    best = other;
  }
  return { team: best, measured };
}

/** The next `count` of an iterator. */
function* taken(ranges: Iterator<Range>, count: number): Generator<Range, void, undefined> {
  for (let i = 0; i < count; i++) {
    const { done, value } = ranges.next();
    if (done) return;
    yield value;
  }
}
