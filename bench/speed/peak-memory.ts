import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Resident memory of a process that loads a model and samples, in bytes. */
export interface Memory {
  /** The most while the model was loaded. */
  readonly loading: number;
  /** After a call for one row: the weights, and what the network needs whichever rows are asked for. */
  readonly loaded: number;
  /** The most while sampling. */
  readonly peak: number;
}

/** What a process measures. */
export interface MemorySettings {
  readonly folder: string;
  readonly threads: number;
  readonly steps: number;
  /** Steps that are made of these; the calls after are alike. */
  readonly made: number;
  /** Whether all rows are computed. */
  readonly all: boolean;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const child = fileURLToPath(new URL("peak-memory-process.ts", import.meta.url));

/**
 * Measures in a process of its own, as the peak of a process never falls.
 *
 * @returns undefined where the system does not tell: this needs Linux
 */
export async function peakMemory(settings: MemorySettings): Promise<Memory | undefined> {
  if (!existsSync("/proc/self/clear_refs")) return undefined;
  const args = ["--import", "tsx", child, JSON.stringify(settings)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  return JSON.parse(stdout) as Memory;
}
