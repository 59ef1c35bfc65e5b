import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";

/** More fields than the graph of any network has; each becomes an object of some hundred bytes. */
const MOST_FIELDS = 2 ** 20;

/** Deeper than bodies of loops are nested. */
const MOST_DEPTH = 60;

/**
 * Walks over a protobuf message without making anything of it, so that what comes after can trust its lengths and
 * its size in memory: every field ends where its message does or before, is of the type that the schema says, and
 * there are not more of them than a network has.
 *
 * @throws Error with the end of a sentence: what is wrong, and at which byte
 */
export function checkWire(schema: DescMessage, bytes: Uint8Array): void {
  const fields = new Map<DescMessage, Map<number, DescField>>();
  let at = 0;
  let count = 0;

  function add(fields: number): void {
    count += fields;
    if (count > MOST_FIELDS) throw new Error(`it has more than ${MOST_FIELDS} fields`);
  }

  function varint(end: number): number {
    let value = 0;
    for (let shift = 0; shift < 70 && at < end; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new Error(`a number at byte ${at} does not end`);
  }

  function walk(message: DescMessage, end: number, depth: number): void {
    if (depth > MOST_DEPTH) throw new Error(`graphs are nested more than ${MOST_DEPTH} deep at byte ${at}`);
    let known = fields.get(message);
    if (!known) {
      known = new Map(message.fields.map((field) => [field.number, field]));
      fields.set(message, known);
    }
    while (at < end) {
      const begin = at;
      const tag = varint(end);
      const field = known.get(Math.floor(tag / 8));
      const type = tag % 8;
      if (tag < 8 || tag >= 2 ** 32) throw new Error(`there is no field at byte ${begin}`);
      if (field && type !== wireType(field) && !(type === WireType.LengthDelimited && isNumbers(field))) {
        throw new Error(`the field ${field.name} at byte ${begin} is of another type than ONNX says`);
      }
      add(1);
      if (type === WireType.Varint) varint(end);
      else if (type === WireType.Bit32) at += 4;
      else if (type === WireType.Bit64) at += 8;
      else if (type === WireType.LengthDelimited) {
        const length = varint(end);
        if (length > end - at)
          throw new Error(`${length} bytes are announced at byte ${at}, and ${end - at} follow`);
        if (field && isNumbers(field)) add(length);
        if (field?.message) walk(field.message, at + length, depth + 1);
        else at += length;
      } else throw new Error(`there is no field at byte ${begin}`);
      if (at > end) throw new Error(`a field at byte ${begin} goes beyond its message`);
    }
  }

  walk(schema, bytes.length, 0);
}

/** A list of numbers, which may be packed into one field. */
function isNumbers(field: DescField): boolean {
  return field.fieldKind === "list" && field.listKind === "scalar" && field.scalar !== ScalarType.STRING;
}

function wireType({ message, scalar }: DescField): WireType {
  if (message || scalar === ScalarType.STRING || scalar === ScalarType.BYTES) return WireType.LengthDelimited;
  return scalar === ScalarType.FLOAT ? WireType.Bit32 : WireType.Varint;
}
