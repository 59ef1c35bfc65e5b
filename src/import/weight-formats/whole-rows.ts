import type { Initializer } from "../onnx-file/graph.ts";

/**
 * The numbers of a float32 initializer in whole rows: [n, width] with n >= 1 varying, whatever pieces they come in.
 * What is given is the caller's until the next is asked for.
 */
export async function* wholeRows({ pieces }: Initializer, width: number): AsyncGenerator<Float32Array> {
  const row = new Float32Array(width);
  let begun = 0;
  for await (const { buffer, byteOffset, byteLength } of pieces()) {
    const floats = new Float32Array(buffer, byteOffset, byteLength / 4);
    let at = 0;
    if (begun > 0) {
      at = Math.min(width - begun, floats.length);
      row.set(floats.subarray(0, at), begun);
      begun += at;
      if (begun < width) continue;
      yield row;
    }
    const end = floats.length - ((floats.length - at) % width);
    if (end > at) yield floats.subarray(at, end);
    row.set(floats.subarray(end));
    begun = floats.length - end;
  }
}
