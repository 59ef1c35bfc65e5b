import { parse } from "npyjs";
import { oneLine } from "../one-line.ts";
import { dimensionOf } from "./continuous-manifest.ts";

/**
 * The samples in the bytes of a .npy file of float32 or float64.
 *
 * @param options.shape sizes of one sample @param options.path the file, as errors name it
 * @param options.where what errors begin with
 * @returns [n, product of the shape]
 * @throws Error if the file is no array [n, ...shape] of finite numbers
 */
export function parseVectors(
  bytes: Uint8Array,
  { shape, path, where = "heldOut" }: { shape: readonly number[]; path: string; where?: string },
): Float64Array {
  let array: ReturnType<typeof parse>;
  try {
    array = parse(new Uint8Array(bytes).buffer);
  } catch (cause) {
    throw new Error(`${where}: ${path} is not a .npy file: ${oneLine(cause)}; save it with numpy.save`, {
      cause,
    });
  }
  const { data, dtype, fortranOrder } = array;
  const [count = 0, ...sizes] = array.shape;
  const fits = sizes.length === shape.length && sizes.every((size, axis) => size === shape[axis]);
  if (!fits || count < 1 || fortranOrder || !/^f[48]$/.test(dtype)) {
    throw new Error(
      `${where}: ${path} has ${dtype} of shape [${array.shape.join(", ")}]${fortranOrder ? " in column order" : ""}; expected float32 or float64 (f4 or f8) [n, ${shape.join(", ")}] in row order`,
    );
  }
  const values = Float64Array.from(data as Float32Array);
  if (values.length !== count * dimensionOf(shape)) {
    throw new Error(
      `${where}: ${path} holds ${values.length} numbers, its header says ${array.shape.join(" x ")}; the file is cut short, so save it again`,
    );
  }
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    throw new Error(`${where}: ${path} has ${values[wrong]} as number ${wrong}; expected finite numbers`);
  }
  return values;
}
