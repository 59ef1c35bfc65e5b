import { createHash } from "node:crypto";
import { type JournalFile, readInto } from "./journal-bytes.ts";
import type { JobRows } from "./sample-range.ts";

/** "ROWS" read as a little-endian number. */
const MAGIC = 0x53574f52;
/** Bytes before the tokens and after them. */
const FIXED = 32;
const DIGEST = 32;

/**
 * Rows as a journal keeps them, all numbers little-endian:
 *
 *     uint32 "ROWS" | uint32 count | float64 firstRow | float64 calls | float64 evaluations
 *     int32 [count, length] tokens | SHA-256 of `seal` and of the record up to here
 *
 * @param seal SHA-256 of the journal's head, so that a record of another journal is none here
 */
export function recordOf({ count, firstRow, calls, evaluations, tokens }: JobRows, seal: Buffer): Buffer {
  const record = Buffer.alloc(FIXED + tokens.byteLength + DIGEST);
  record.writeUInt32LE(MAGIC, 0);
  record.writeUInt32LE(count, 4);
  record.writeDoubleLE(firstRow, 8);
  record.writeDoubleLE(calls, 16);
  record.writeDoubleLE(evaluations, 24);
  record.set(new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength), FIXED);
  digestOf(record, seal).copy(record, record.length - DIGEST);
  return record;
}

/**
 * The records from byte `at` on that are whole, unchanged and of the rows that come next, up to the first that is
 * not, each with the byte it ends at.
 *
 * @param options.length of a row @param options.firstRow of the first record
 */
export async function* recordsOf(
  file: JournalFile,
  {
    at,
    seal,
    length,
    firstRow,
  }: { readonly at: number; readonly seal: Buffer; readonly length: number; readonly firstRow: number },
): AsyncGenerator<{ rows: JobRows; end: number }, void, undefined> {
  const fixed = Buffer.alloc(FIXED);
  const { size } = await file.handle.stat();
  let end = at;
  let next = firstRow;
  while (size - end >= FIXED + DIGEST) {
    await readInto(file, fixed, end);
    const count = fixed.readUInt32LE(4);
    const bytes = FIXED + count * length * 4 + DIGEST;
    // Held against the size before memory is taken for it.
    if (fixed.readUInt32LE(0) !== MAGIC || count === 0 || bytes > size - end) return;
    const record = Buffer.alloc(bytes);
    await readInto(file, record, end);
    if (!digestOf(record, seal).equals(record.subarray(bytes - DIGEST))) return;
    if (record.readDoubleLE(8) !== next) return;
    const tokens = new Int32Array(count * length);
    new Uint8Array(tokens.buffer).set(record.subarray(FIXED, bytes - DIGEST));
    const calls = record.readDoubleLE(16);
    const evaluations = record.readDoubleLE(24);
    end += bytes;
    yield { rows: { firstRow: next, count, length, tokens, calls, evaluations }, end };
    next += count;
  }
}

function digestOf(record: Buffer, seal: Buffer): Buffer {
  return createHash("sha256")
    .update(seal)
    .update(record.subarray(0, record.length - DIGEST))
    .digest();
}
