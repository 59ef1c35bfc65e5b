import { quoted } from "../quoted.ts";
import { ambiguity } from "./ambiguity.ts";
import { elementBytes } from "./floats.ts";

/** Where a tensor lies in a safetensors file. */
export interface TensorEntry {
  /** Element type as the format names it: F32, BF16, ... */
  readonly type: string;
  readonly shape: readonly number[];
  /** Bytes from the beginning of the data. */
  readonly begin: number;
  readonly end: number;
}

/** The header, a tensor, its shape. */
const DEEPEST = 3;

/**
 * The tensors a safetensors header describes. The format is 8 bytes n, little-endian; n bytes of JSON
 * `{name: {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__": {...}}`; the data. Offsets count from
 * the beginning of the data, which the tensors fill without gap or overlap. No key may come twice.
 *
 * @param json the header's text @param options.dataBytes bytes that follow the header in the file
 * @param options.where the file, as errors name it
 * @throws Error with one sentence at the first entry that is not as the format says
 * Source: the format's description in the README of huggingface/safetensors.
 */
export function tensorEntries(
  json: string,
  { dataBytes, where }: { dataBytes: number; where: string },
): Map<string, TensorEntry> {
  let header: unknown;
  try {
    header = JSON.parse(json);
  } catch (cause) {
    throw new Error(`${where}: its header is not JSON; the file is damaged, so fetch it again`, { cause });
  }
  if (!isObject(header)) throw new Error(`${where}: its header is no JSON object; the file is damaged`);
  const problem = ambiguity(json, { deepest: DEEPEST });
  if (problem) throw new Error(`${where}: its header has ${problem}; the file is damaged, so fetch it again`);
  const entries = new Map<string, TensorEntry>();
  for (const [name, value] of Object.entries(header)) {
    if (name !== "__metadata__") entries.set(name, tensorEntry(name, value, where));
  }
  checkCoverage(entries, dataBytes, where);
  return entries;
}

function tensorEntry(name: string, value: unknown, where: string): TensorEntry {
  const refuse = (got: string, expected: string): Error =>
    new Error(`${where}: tensor ${quoted(name)} has ${got}; expected ${expected}: the file is damaged`);
  if (!isObject(value)) throw refuse("a description that is no object", "dtype, shape and data_offsets");
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(elementBytes, dtype)) {
    throw refuse(`dtype ${quoted(dtype)}`, `one of ${Object.keys(elementBytes).join(", ")}`);
  }
  if (!isWholes(shape)) throw refuse(`shape ${quoted(shape)}`, "a list of whole numbers");
  if (!isWholes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw refuse(`data_offsets ${quoted(offsets)}`, "two whole numbers, the first not above the second");
  }
  const [begin, end] = offsets as [number, number];
  const bytes = shape.reduce((product, size) => product * size, 1) * elementBytes[dtype]!;
  if (bytes !== end - begin) {
    throw refuse(`${end - begin} bytes`, `${bytes} for ${dtype} of shape [${shape.join(", ")}]`);
  }
  return { type: dtype, shape, begin, end };
}

/** @throws Error unless the tensors fill the data from 0 to its end, none over another */
function checkCoverage(entries: Map<string, TensorEntry>, dataBytes: number, where: string): void {
  let reached = 0;
  const inOrder = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  for (const [name, { begin, end }] of inOrder) {
    if (end > dataBytes) {
      throw new Error(
        `${where}: tensor ${quoted(name)} ends at byte ${end} of the data, and the file has ${dataBytes}; it is cut short, so fetch it again`,
      );
    }
    if (begin !== reached) {
      throw new Error(
        `${where}: tensor ${quoted(name)} begins at byte ${begin} of the data; expected ${reached}, the end of the one before, as tensors neither overlap nor leave gaps: the file is damaged`,
      );
    }
    reached = end;
  }
  if (reached !== dataBytes) {
    throw new Error(
      `${where}: its tensors end at byte ${reached} of the data, and the file has ${dataBytes}; the file is damaged, so fetch it again`,
    );
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isWholes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((entry) => Number.isSafeInteger(entry) && entry >= 0);
}
