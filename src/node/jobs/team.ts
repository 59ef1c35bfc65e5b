import type { SampleJob } from "./job.ts";
import type { JobRows, Range, RangeCost } from "./sample-range.ts";
import { openThread, type SamplingThread } from "./sampling-thread.ts";

/** Threads that make the rows of one job together. */
export interface Team {
  readonly members: readonly SamplingThread[];
  /** Threads of one model call of each. */
  readonly threads: number;
  /** Makes all stop before their next model call. */
  stop(): void;
  close(): Promise<void>;
}

/**
 * Opens a team.
 *
 * @param options.workers members @param options.threads of one model call of each
 * @throws what the first member to fail threw; the others are then closed
 */
export async function openTeam(
  job: SampleJob,
  { workers, threads }: { readonly workers: number; readonly threads: number },
): Promise<Team> {
  const opened = await Promise.allSettled(
    Array.from({ length: workers }, () => openThread(job, { threads })),
  );
  const members = opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const close = async (): Promise<void> => {
    await Promise.all(members.map((member) => member.close()));
  };
  const failed = opened.find((each) => each.status === "rejected");
  if (failed) {
    await close();
    throw failed.reason;
  }
  return {
    members,
    threads,
    close,
    stop() {
      for (const member of members) member.stop();
    },
  };
}

/**
 * Makes ranges with a team and yields their rows in order. A member that is done takes the next range; at most
 * two ranges a member are under way or waiting for their turn, so that a slow reader slows the team down.
 *
 * @param ranges taken from as members become free
 * @param progress told how many rows are made or, in part, under way
 * @throws what a member threw, when the turn of its range comes
 */
export async function* relay(
  { members }: Team,
  ranges: Iterator<Range>,
  progress?: (rows: number) => void,
): AsyncGenerator<JobRows & { readonly cost: RangeCost }, void, undefined> {
  const idle = [...members];
  const queue: Promise<JobRows & { readonly cost: RangeCost }>[] = [];
  const underWay = new Map<SamplingThread, number>();
  let made = 0;
  const tell = (): void => progress?.([...underWay.values()].reduce((sum, rows) => sum + rows, made));
  const fill = (): void => {
    while (idle.length > 0 && queue.length < 2 * members.length) {
      const { done, value: range } = ranges.next();
      if (done) return;
      const member = idle.pop()!;
      const rows = member.rows(range, (share) => {
        underWay.set(member, share * range.count);
        tell();
      });
      queue.push(rows);
      rows.then(
        () => {
          underWay.delete(member);
          made += range.count;
          tell();
          idle.push(member);
          fill();
        },
        // Met by the reader when its turn comes.
        () => {},
      );
    }
  };
  fill();
  while (queue.length > 0) {
    const rows = await queue[0]!;
    queue.shift();
    fill();
    yield rows;
  }
}
