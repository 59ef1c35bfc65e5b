/** Loads a model, samples, and prints the process's memory: started by peak-memory.ts, with settings as JSON. */
import { readFileSync, writeFileSync } from "node:fs";
import { steps as runSteps, stratified, uniform } from "../../src/index.ts";
import { loadModel } from "../../src/node/index.ts";
import { dense } from "./dense.ts";
import type { Memory, MemorySettings } from "./peak-memory.ts";

const { folder, threads, steps, made, all } = JSON.parse(process.argv[2]!) as MemorySettings;

/** Resident bytes, now ("VmRSS") or the most so far ("VmHWM"). */
function resident(field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync("/proc/self/status", "utf8");
  return 1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)![1]);
}

const model = await loadModel(folder, { threads });
const { denoiser, process: corruption, noise } = model;
const { length, vocabulary } = denoiser;
const tokens = new Int32Array(length).fill(vocabulary);
for (let call = 0; call < 2; call++) {
  const logits = await denoiser.predict({
    tokens,
    batch: 1,
    time: Float64Array.of(1),
    wanted: Int32Array.of(0),
  });
  logits.release?.();
}
const loaded = resident("VmRSS");
const loading = resident("VmHWM");
// Sets VmHWM back to what is resident now; see proc(5).
writeFileSync("/proc/self/clear_refs", "5");
const options = { process: corruption, noise, schedule: uniform({ steps }), selector: stratified() };
for await (const { index } of runSteps(all ? dense(denoiser) : denoiser, options)) {
  if (index === made) break;
}
const memory: Memory = { loading, loaded, peak: resident("VmHWM") };
console.log(JSON.stringify(memory));
await model.dispose();
