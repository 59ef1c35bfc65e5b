import { widenInto } from "../../onnx/half-floats.ts";

/** Bytes of one element of each type that the safetensors format names. */
export const elementBytes: Readonly<Record<string, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
};

/** Types that hold weights, and that become float32 without a rule of their own. */
export const floatTypes = ["F64", "F32", "F16", "BF16"] as const;

export type FloatType = (typeof floatTypes)[number];

/**
 * Numbers of a safetensors file as float32. F32 is not copied; BF16 is the upper half of a float32 and exact, F16
 * is exact too, F64 is rounded to the nearest.
 *
 * @param bytes whole elements, little-endian, beginning at a multiple of 8 in their buffer
 */
export function asFloat32(bytes: Uint8Array<ArrayBuffer>, type: FloatType): Float32Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  const count = byteLength / elementBytes[type]!;
  if (type === "F32") return new Float32Array(buffer, byteOffset, count);
  if (type === "F64") return Float32Array.from(new Float64Array(buffer, byteOffset, count));
  const halves = new Uint16Array(buffer, byteOffset, count);
  const floats = new Float32Array(count);
  if (type === "F16") {
    widenInto(floats, halves);
    return floats;
  }
  const bits = new Uint32Array(floats.buffer);
  for (let at = 0; at < count; at++) bits[at] = halves[at]! << 16;
  return floats;
}
