/** What a sampling thread runs: it loads the model by itself, makes the ranges it is sent, and frees the model. */
import { parentPort, workerData } from "node:worker_threads";
import type { Model } from "../../model/model.ts";
import { jobOptions, loadJobModel } from "./job.ts";
import { sampleRange } from "./sample-range.ts";
import { BUSY, STOP, type ThreadAnswer, type ThreadData, type ThreadRequest } from "./thread-messages.ts";

/** Milliseconds between two messages about steps. */
const PACE = 100;

const port = parentPort!;
const { job, threads, flags } = workerData as ThreadData;
const signal = {
  get aborted(): boolean {
    return Atomics.load(flags, STOP) !== 0;
  },
  reason: new Error("sample: stopped"),
};
const say = (answer: ThreadAnswer, transfer: ArrayBuffer[] = []): void => port.postMessage(answer, transfer);

let model: Model | undefined;
let making: Promise<void> = Promise.resolve();
try {
  const before = process.memoryUsage.rss();
  model = await loadJobModel(job, { threads });
  const options = jobOptions(model, job);
  const { denoiser } = model;
  port.on("message", (request: ThreadRequest) => {
    if (request === "end") return void end();
    let told = 0;
    const progress = (share: number): void => {
      if (performance.now() - told < PACE) return;
      told = performance.now();
      say({ kind: "step", share });
    };
    const { given, range } = request;
    const { firstRow = 0 } = job;
    const own = { ...options, ...(given ? { given } : {}), firstRow, signal, progress };
    Atomics.store(flags, BUSY, 1);
    making = sampleRange(denoiser, own, range).then(
      (rows) => {
        idle();
        say({ kind: "rows", rows }, [rows.tokens.buffer as ArrayBuffer]);
      },
      (error: unknown) => {
        idle();
        failed(error);
      },
    );
  });
  idle();
  say({ kind: "ready", length: denoiser.length, grown: process.memoryUsage.rss() - before });
} catch (error) {
  idle();
  failed(error);
  void end();
}

function idle(): void {
  Atomics.store(flags, BUSY, 0);
  Atomics.notify(flags, BUSY);
}

function failed(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  say({ kind: "failed", message, outOfRange: error instanceof RangeError });
}

/** The thread is over once nothing is open. A range under way sees STOP before its next model call. */
async function end(): Promise<void> {
  await making;
  port.close();
  await model?.dispose();
}
