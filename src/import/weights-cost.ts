import { mkdir, rm, statfs } from "node:fs/promises";
import { freemem } from "node:os";
import { join } from "node:path";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { processFrom } from "../model/corruption.ts";
import type { Manifest } from "../model/manifest.ts";
import { openOnnx } from "../node/open-onnx.ts";
import type { Unwritten } from "./describe.ts";
import { type LogitsError, logitsError } from "./logits-error.ts";
import { type Graph, weightBytes } from "./onnx-file/graph.ts";
import { type WrittenOnnx, writeOnnx } from "./onnx-file/write-onnx.ts";

/** What a format of weights costs and saves, against the same network in float32. */
export interface WeightsCost {
  readonly logitsError: LogitsError;
  /** Share of the bytes. */
  readonly size: number;
  /** Share of the time of a call. */
  readonly callTime: number;
}

/** Positions of the sequences that are compared, at most. */
const MOST_POSITIONS = 256;

/** Multiplications that the comparison may take in all; large networks are compared on fewer sequences. */
const MOST_WORK = 2e12;

/** Sequences that are compared, at most. */
const MOST_SEQUENCES = 4;

/**
 * Runs a network that was written and the same in float32, which is written beside it for as long, on random tokens.
 *
 * @param options.folder where the network is; the other one goes to a folder in it, which is gone afterwards
 * @param options.exact the network in float32
 * @param options.free bytes of memory and of disk that may be used; default half of what is free
 * @returns what the format costs, or why that was not measured, as a sentence
 */
export async function weightsCost({
  folder,
  written,
  manifest,
  exact,
  parameters,
  free,
  onBytes = () => {},
}: {
  folder: string;
  written: WrittenOnnx;
  manifest: Unwritten;
  exact: Graph;
  parameters: number;
  free?: { readonly memory: number; readonly disk: number } | undefined;
  onBytes?: (bytes: number) => void;
}): Promise<WeightsCost | { readonly leftOut: string }> {
  const leftOut = (await noRuntime()) ?? noRoom(weightBytes(exact), free ?? (await halfOfFree(folder)));
  if (leftOut !== undefined) return { leftOut };
  const beside = join(folder, "float32");
  await mkdir(beside);
  try {
    const whole = await writeOnnx(exact, { folder: beside, onBytes });
    const length = Math.min(manifest.length, MOST_POSITIONS);
    const opened: { denoiser: Denoiser; dispose(): Promise<void> }[] = [];
    try {
      for (const file of [join(beside, whole.files[0]!), join(folder, written.files[0]!)]) {
        opened.push(await openOnnx(file, { manifest: { ...manifest, length } }));
      }
      const { callTime, ...error } = await logitsError(
        { exact: opened[0]!.denoiser, found: opened[1]!.denoiser },
        {
          mask: processFrom(manifest.process, manifest).mask,
          never: manifest.mask,
          sequences: Math.max(
            1,
            Math.min(MOST_SEQUENCES, Math.floor(MOST_WORK / (2 * parameters * length)) - 1),
          ),
        },
      );
      return { logitsError: error, size: written.bytes / whole.bytes, callTime };
    } finally {
      for (const { dispose } of opened) await dispose();
    }
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

/** What goes into the manifest: what does not depend on the machine. */
export function storedCost(
  format: NonNullable<Manifest["weights"]>["format"],
  cost: WeightsCost | { readonly leftOut: string },
): NonNullable<Manifest["weights"]> {
  if ("leftOut" in cost) return { format };
  const { rootMeanSquare, largest, divergence, sameMostLikely } = cost.logitsError;
  const short = (value: number): number => Number(value.toPrecision(3));
  return {
    format,
    logitsError: {
      rootMeanSquare: short(rootMeanSquare),
      largest: short(largest),
      divergence: short(divergence),
      sameMostLikely: short(sameMostLikely),
    },
  };
}

async function noRuntime(): Promise<string | undefined> {
  try {
    await import("onnxruntime-node");
    return undefined;
  } catch {
    return "the error of the logits was not measured, for want of the package onnxruntime-node; to measure it, run npm install onnxruntime-node and import again";
  }
}

async function halfOfFree(folder: string): Promise<{ memory: number; disk: number }> {
  const { bavail, bsize } = await statfs(folder);
  return { memory: freemem() / 2, disk: (bavail * bsize) / 2 };
}

function noRoom(bytes: number, free: { memory: number; disk: number }): string | undefined {
  const place = bytes > free.disk ? "disk" : bytes > free.memory ? "memory" : undefined;
  if (place === undefined) return undefined;
  const size = (count: number): string => `${(count / 1e9).toFixed(count < 1e9 ? 3 : 1)} GB`;
  return `the error of the logits was not measured: the same network in float32 would take ${size(bytes)} of ${place}, and ${size(free[place])} may be used, half of what is free; to measure it, import again where there is more`;
}
