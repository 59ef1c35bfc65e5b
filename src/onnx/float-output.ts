import type { Tensor, TensorConstructor } from "onnxruntime-common";
import { oneLine } from "../one-line.ts";
import { widenInto } from "./half-floats.ts";
import type { Named } from "./onnx-session.ts";
import { spareFloats } from "./spare-floats.ts";

/** Numbers as a model returned them. */
export interface Floats {
  readonly data: Float32Array | Float64Array;
  /** Gives the array back, so that a later call may use it; absent where it is the runtime's own. */
  readonly release?: () => void;
}

/** Asks a model for one output. */
export interface FloatOutput extends Named {
  /** The `Tensor` of the runtime that made the session. */
  readonly Tensor: TensorConstructor;
  readonly output: string;
  /** Lets the runtime write into arrays that were released. */
  readonly preallocate: boolean;
  /** The error for an output of other dims than those that are due. */
  refuse(dims: readonly number[], due: readonly number[]): RangeError;
}

/** One run of a session; the next must wait for it. @param failed the sentence for a reason of the runtime's */
export type FloatRun = (
  fed: Record<string, Tensor>,
  due: readonly number[],
  failed: (reason: string) => string,
) => Promise<Floats>;

/** Runs of one output: float32 and float64 as they are, float16 widened, from wherever the tensor lies. */
export function floatOutput({
  session,
  where,
  name,
  Tensor,
  output,
  preallocate,
  refuse,
}: FloatOutput): FloatRun {
  const spare = spareFloats();
  let preallocates = false;

  function checkDims({ dims }: Tensor, due: readonly number[]): void {
    if (dims.length !== due.length || dims.some((dim, axis) => dim !== due[axis])) throw refuse(dims, due);
  }

  return async (fed, due, failed) => {
    const size = due.reduce((product, dim) => product * dim, 1);
    if (preallocates) {
      const { data, release } = spare.take(size);
      const target = new Tensor("float32", data, due);
      // A failure is met again below without the buffer, where a changed shape is seen as such.
      const results = await session.run(fed, { [output]: target }).catch(() => undefined);
      if (results) {
        checkDims(results[output] as Tensor, due);
        return { data, release };
      }
      release();
    }
    const tensor = await session.run(fed, [output]).then(
      (results) => results[output] as Tensor,
      (cause: unknown) => {
        throw new Error(`${where}: ${name} failed ${failed(oneLine(cause))}`, { cause });
      },
    );
    checkDims(tensor, due);
    const { type } = tensor;
    const onCpu = tensor.location === "cpu" || tensor.location === "cpu-pinned";
    const data = onCpu ? tensor.data : await tensor.getData(true);
    // The first call shows what the model returns; only then is it safe to hand the runtime a buffer of ours.
    preallocates = preallocate && type === "float32" && onCpu;
    if (type === "float32" || type === "float64") return { data: data as Float32Array | Float64Array };
    if (type !== "float16") {
      throw new RangeError(
        `${where}: ${name} returns ${output} as ${type}; expected float32, float64 or float16: export it with one of these`,
      );
    }
    const wide = spare.take(size);
    widenInto(wide.data, data as Uint16Array);
    return wide;
  };
}
