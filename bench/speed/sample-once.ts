import { sample, stratified, uniform } from "../../src/index.ts";
import { dense } from "./dense.ts";
import type { TimedModel } from "./open-timed.ts";

/** One run of sampling. */
export interface SampleRun {
  readonly seconds: number;
  /** Seconds inside the runtime; what is left is the library's own work. */
  readonly runtime: number;
  readonly tokens: Int32Array;
}

/** Draws one sequence in `steps` calls, each revealing as many positions, stratified; from all rows if `all`. */
export async function sampleOnce(
  { model, runtime }: TimedModel,
  { steps, seed, all = false }: { steps: number; seed: number; all?: boolean },
): Promise<SampleRun> {
  const { denoiser, process, noise } = model;
  runtime.reset();
  const started = performance.now();
  const { tokens } = await sample(all ? dense(denoiser) : denoiser, {
    process,
    noise,
    schedule: uniform({ steps }),
    selector: stratified(),
    count: 1,
    batch: 1,
    seed,
  });
  const seconds = (performance.now() - started) / 1000;
  const { ms, calls } = runtime.spent();
  if (calls !== steps) {
    throw new Error(`sampleOnce: ${calls} network calls; expected ${steps}, one a step`);
  }
  return { seconds, runtime: ms / 1000, tokens };
}
