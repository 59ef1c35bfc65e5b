/**
 * Rows per second of ways to share out the cores: this thread, one worker with all cores, as many workers as cores
 * with one thread each. The ways take turns, each after a round that warms up, and the best round counts, so that
 * whatever else the machine does is the same to all. `node --import tsx bench/throughput.ts`.
 */
import { availableParallelism } from "node:os";
import { machineClass } from "../src/cli/study.ts";
import { jobOptions, loadJobModel, type SampleJob } from "../src/node/jobs/job.ts";
import { type Range, sampleRange } from "../src/node/jobs/sample-range.ts";
import { openTeam, relay } from "../src/node/jobs/team.ts";

const ROUNDS = 4;
const BATCHES = [1, 8, 32];
const STEPS = 4;

/** One way to run: makes the ranges. */
interface Way {
  readonly name: string;
  /** Ranges that keep all of it busy. */
  readonly together: number;
  run(list: readonly Range[]): Promise<void>;
  close(): Promise<void>;
}

async function waysOf(job: SampleJob): Promise<Way[]> {
  const cores = availableParallelism();
  const model = await loadJobModel(job);
  const options = jobOptions(model, job);
  const inTeam = async (workers: number, threads: number): Promise<Way> => {
    const team = await openTeam(job, { workers, threads });
    return {
      name: `${workers} x ${threads}`,
      together: workers,
      async run(list) {
        for await (const _ of relay(team, list.values()));
      },
      close: () => team.close(),
    };
  };
  return [
    {
      name: "here",
      together: 1,
      async run(list) {
        for (const range of list) await sampleRange(model.denoiser, options, range);
      },
      close: () => model.dispose(),
    },
    await inTeam(1, cores),
    ...(cores > 1 ? [await inTeam(cores, 1)] : []),
  ];
}

console.log(`rows per second, ${STEPS} steps, best of ${ROUNDS - 1}, in turns; ${machineClass()}`);
for (const reference of ["text", "countdown-net"]) {
  const job: SampleJob = { reference, method: { schedule: { name: "uniform", steps: STEPS } } };
  const ways = await waysOf(job);
  console.log(
    `\n${reference.padEnd(14)} ${ways.map(({ name }) => name.padStart(8)).join(" ")}  (workers x threads)`,
  );
  for (const batch of BATCHES) {
    const best = ways.map(() => 0);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, way] of ways.entries()) {
        const list = Array.from({ length: way.together }, (_, part) => ({
          first: part * batch,
          count: batch,
        }));
        const started = performance.now();
        await way.run(list);
        const rows = (1000 * way.together * batch) / (performance.now() - started);
        if (round > 0) best[i] = Math.max(best[i]!, rows);
      }
    }
    console.log(
      `batch ${String(batch).padStart(3)}      ${best.map((rows) => rows.toFixed(2).padStart(8)).join(" ")}`,
    );
  }
  for (const way of ways) await way.close();
}
