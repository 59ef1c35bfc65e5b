/** 65520, the least number that float16 would round to infinity, as the bits of a float32. */
const TOO_LARGE = 0x477ff000;

/** 2^-14, the least normal number of float16, as the bits of a float32. */
const LEAST_NORMAL = 0x38800000;

/** What the exponent loses, 127 - 15 in the bits of a float32. */
const BIAS = 0x38000000;

/** Added to a number below 2^51 and taken away again, it leaves the nearest whole number, the even one of two. */
const ROUNDING = 2 ** 52;

/**
 * Numbers as float16, each to the nearest, of two the even one.
 *
 * @param name the tensor, as errors name it
 * @returns bit patterns
 * @throws RangeError at a number beyond float16's largest, 65504
 */
export function halvesFrom(floats: Float32Array, name: string): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const halves = new Uint16Array(floats.length);
  for (let at = 0; at < bits.length; at++) {
    const all = bits[at]!;
    const size = all & 0x7fffffff;
    if (size >= TOO_LARGE) {
      throw new RangeError(
        `tensor ${JSON.stringify(name)} holds ${floats[at]}, and float16 ends at 65504; import it with other weights, such as int8`,
      );
    }
    const sign = (all >>> 16) & 0x8000;
    if (size < LEAST_NORMAL) {
      halves[at] = sign | (Math.abs(floats[at]!) * 2 ** 24 + ROUNDING - ROUNDING);
    } else {
      const even = (size >>> 13) & 1;
      halves[at] = sign | ((size - BIAS + 0xfff + even) >>> 13);
    }
  }
  return halves;
}
