import { freemem } from "node:os";
import type { RangeCost } from "./sample-range.ts";

/** Rows of a batch where memory allows: more make a model call hardly cheaper per row. */
export const USUAL_BATCH = 8;

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** Reads an amount of memory, as 2GB, 1.5 GiB or 300000000. @throws RangeError if it is none */
export function parseBytes(text: string): number {
  const [, amount = "", unit = ""] = /^\s*([\d.]+)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const bytes = Number(amount || Number.NaN) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
  if (!(bytes >= 1 && bytes < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`"${text}" is no amount of memory; expected one as 2GB, 500MB or 1.5GiB`);
  }
  return Math.floor(bytes);
}

/** Bytes a job may take unless it is told otherwise: half of what is free, or of what the process may still take. */
export function defaultMemory(): number {
  return Math.floor((process.availableMemory?.() ?? freemem()) / 2);
}

/**
 * Bytes that a row of a batch takes, from one that was made by itself: what the process grew by, or the logits of
 * two calls (of the last one and the next), whichever is more. The first row also pays for what is set up once, so
 * this is rather too much.
 */
export function bytesPerRow({ grown, logits }: RangeCost): number {
  return Math.max(grown, 2 * logits, 1);
}

/** Rows of a batch within memory: the usual number, or as many as fit, but one at least. */
export function batchWithin(memory: number, row: number): number {
  return Math.max(1, Math.min(USUAL_BATCH, Math.floor(memory / row)));
}

/**
 * Whether the first row should be made by itself, so that it shows what a row takes before a batch is made: always
 * where there is more than one batch to make, else where dense logits alone are a good part of the memory.
 */
export function measuresFirst(
  memory: number,
  { rows, length, vocabulary }: { rows: number; length: number; vocabulary: number },
): boolean {
  return rows > USUAL_BATCH || (rows > 1 && rows * length * vocabulary * 16 > memory / 4);
}
