import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { oneLine } from "../../one-line.ts";
import type { SampleJob } from "./job.ts";
import { givenOf, type JobRows, type Range, type RangeCost } from "./sample-range.ts";
import { BUSY, STOP, type ThreadAnswer, type ThreadData, type ThreadRequest } from "./thread-messages.ts";

/** Milliseconds that the end of the process waits for the model calls under way. */
const PATIENCE = 10_000;

/** The flags of all threads that there are. */
const running = new Set<Int32Array>();

/** ONNX Runtime brings the whole process down, with a core dump, if it ends within one of its calls. */
function stopAll(): void {
  const latest = Date.now() + PATIENCE;
  for (const flags of running) Atomics.store(flags, STOP, 1);
  for (const flags of running) Atomics.wait(flags, BUSY, 1, Math.max(0, latest - Date.now()));
}

/** A thread with a model of its own. */
export interface SamplingThread {
  /** Threads of one of its model calls. */
  readonly threads: number;
  /** Bytes that the process grew by when it loaded the model. */
  readonly grown: number;
  /** Makes rows; one range at a time. The tokens are handed over, not copied. */
  rows(range: Range, progress?: (share: number) => void): Promise<JobRows & { readonly cost: RangeCost }>;
  /** Makes it stop before its next model call; what it was making then fails. */
  stop(): void;
  /** Stops it, frees its model and waits for its end. */
  close(): Promise<void>;
}

/** What a thread waits for an answer to. */
interface Waiting {
  resolve(answer: Exclude<ThreadAnswer, { kind: "failed" | "step" }>): void;
  reject(error: Error): void;
  readonly progress?: ((share: number) => void) | undefined;
}

/**
 * Opens a thread that samples a job. The model is loaded there, so each thread holds one.
 *
 * @throws Error of `loadModel` or `jobOptions`, as thrown in the thread, or one sentence if the thread died
 */
export async function openThread(
  job: SampleJob,
  { threads }: { readonly threads: number },
): Promise<SamplingThread> {
  const { given: _, ...sent } = job;
  const flags = new Int32Array(new SharedArrayBuffer(8));
  flags[BUSY] = 1;
  const worker = new Worker(entry(), { workerData: { job: sent, threads, flags } satisfies ThreadData });
  if (running.size === 0) process.once("exit", stopAll);
  running.add(flags);
  let waiting: Waiting | undefined;
  let dead: Error | undefined;
  let ending = false;
  // A thread that nobody waits for does not keep the process alive.
  const answered = (): Waiting | undefined => {
    if (!ending) worker.unref();
    const was = waiting;
    waiting = undefined;
    return was;
  };
  const die = (error: Error): void => {
    dead ??= error;
    answered()?.reject(dead);
  };
  worker.on("message", (answer: ThreadAnswer) => {
    if (answer.kind === "step") return waiting?.progress?.(answer.share);
    const { resolve, reject } = answered()!;
    if (answer.kind !== "failed") return resolve(answer);
    reject(answer.outOfRange ? new RangeError(answer.message) : new Error(answer.message));
  });
  worker.on("error", (error: unknown) => die(died(error)));
  const ended = new Promise<void>((resolve) => {
    worker.on("exit", (code) => {
      running.delete(flags);
      if (running.size === 0) process.removeListener("exit", stopAll);
      die(died(`it exited with code ${code}`));
      resolve();
    });
  });
  const answer = (progress?: (share: number) => void) =>
    new Promise<Parameters<Waiting["resolve"]>[0]>((resolve, reject) => {
      if (dead) return reject(dead);
      worker.ref();
      waiting = { resolve, reject, progress };
    });

  const end = async (): Promise<void> => {
    ending = true;
    worker.ref();
    await ended;
  };

  const ready = await answer().catch(async (error: Error) => {
    await end();
    throw error;
  });
  const { length, grown } = ready as Extract<ThreadAnswer, { kind: "ready" }>;
  return {
    threads,
    grown,
    async rows(range, progress) {
      const own = givenOf(job, { length }, range);
      const made = answer(progress);
      worker.postMessage({ range, ...(own ? { given: own } : {}) } satisfies ThreadRequest);
      return ((await made) as Extract<ThreadAnswer, { kind: "rows" }>).rows;
    },
    stop() {
      Atomics.store(flags, STOP, 1);
    },
    async close() {
      Atomics.store(flags, STOP, 1);
      worker.postMessage("end" satisfies ThreadRequest);
      await end();
    },
  };
}

/** Where a thread starts. Node 20 cannot read TypeScript: from source a thread goes through tsx, as the tests do. */
function entry(): URL {
  const ending = extname(import.meta.url);
  const main = new URL(`./thread-main${ending}`, import.meta.url);
  if (ending === ".js" || (process.features as { typescript?: unknown }).typescript) return main;
  const tsx = import.meta.resolve("tsx/esm/api");
  const code = `import { register } from "${tsx}"; register(); await import("${main.href}");`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}

function died(reason: unknown): Error {
  return new Error(
    `sampleInWorkers: a sampling thread died: ${oneLine(reason)}; where memory is short, use fewer workers or a smaller batch`,
    { cause: reason },
  );
}
