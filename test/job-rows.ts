import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import type { SampleJob } from "../src/node/jobs/job.ts";
import type { JobRows } from "../src/node/jobs/sample-range.ts";
import { sticky } from "./run-cli.ts";

export const folder: string = mkdtempSync(join(tmpdir(), "fewstep-jobs-"));
after(() => rmSync(folder, { recursive: true, force: true }));
export const place = (name: string): string => join(folder, name);
writeFileSync(place("sticky.json"), JSON.stringify(sticky));
export const reference: string = `chain:${place("sticky.json")}`;
export const plain: SampleJob = {
  reference,
  method: { schedule: { name: "uniform", steps: 4 } },
  count: 20,
  seed: 3,
};

/** Rows of 3 tokens that say which they are. */
export function rowsFrom(firstRow: number, count: number): JobRows {
  const tokens = Int32Array.from(
    { length: count * 3 },
    (_, at) => 100 * (firstRow + Math.floor(at / 3)) + at,
  );
  return { firstRow, count, length: 3, tokens, calls: 2, evaluations: 2 * count };
}
