import type { Tensor, TensorConstructor } from "onnxruntime-common";
import type { Denoiser, Logits, Noised } from "../denoisers/denoiser.ts";
import { checkSession, refuseShape } from "./check-session.ts";
import { floatOutput } from "./float-output.ts";
import { inTurn } from "./in-turn.ts";
import type { OnnxSession } from "./onnx-session.ts";

/** An ONNX model and how its inputs and outputs are to be read. */
export interface OnnxDenoiserOptions {
  readonly session: OnnxSession;
  /** The `Tensor` of the runtime that made the session. */
  readonly Tensor: TensorConstructor;
  /** V, the number of clean tokens. */
  readonly vocabulary: number;
  /** D, the number of positions. */
  readonly length: number;
  /**
   * Names of the inputs: `tokens` int64 [batch, length]; `time`, if the model takes it, float32 [batch]; `rows`, if
   * the model computes only the rows it is asked for, int64 [count] of flat indexes row * length + position.
   */
  readonly inputs?: { readonly tokens: string; readonly time?: string; readonly rows?: string };
  /** Name of the output, [batch, length, width], or with `inputs.rows` [count, width]; default "logits". */
  readonly output?: string;
  /** True where the output has one more column, for the mask: width is V + 1, not V. Default false. */
  readonly maskColumn?: boolean;
  /**
   * Lets the runtime write into buffers that callers release, instead of a new array per call. Right for
   * onnxruntime-node only: in onnxruntime-web 1.30 such a buffer silently stays zero. Default false.
   */
  readonly preallocate?: boolean;
  /** What errors call the model. */
  readonly name?: string;
}

/**
 * A denoiser whose logits come from an ONNX session: one session run per prediction, of all positions at once, or
 * with `inputs.rows` of those that are wanted. Logits of float32 and float64 are read as they are, float16 is
 * widened. Time-free unless `inputs.time` is named.
 *
 * @throws RangeError if the session's inputs and outputs are not as described, at once where the session has
 * metadata, else at the first call
 */
export function onnxDenoiser({
  session,
  Tensor,
  vocabulary,
  length,
  inputs = { tokens: "x" },
  output = "logits",
  maskColumn = false,
  preallocate = false,
  name = "the model",
}: OnnxDenoiserOptions): Denoiser {
  const expected = { name, vocabulary, length, inputs, output, maskColumn };
  checkSession(session, expected);
  const width = maskColumn ? vocabulary + 1 : vocabulary;
  const run = floatOutput({
    session,
    where: "onnxDenoiser",
    name,
    Tensor,
    output,
    preallocate,
    refuse: (dims, due) => refuseShape(expected, dims, due),
  });
  let ids = new BigInt64Array(0);
  let flat = new BigInt64Array(0);
  let times = new Float32Array(0);

  function feeds({ tokens, batch, time, wanted }: Noised): Record<string, Tensor> {
    const size = batch * length;
    if (ids.length < size) ids = new BigInt64Array(size);
    for (let at = 0; at < size; at++) ids[at] = BigInt(tokens[at]!);
    const fed: Record<string, Tensor> = {
      [inputs.tokens]: new Tensor("int64", ids.subarray(0, size), [batch, length]),
    };
    if (inputs.time !== undefined) {
      if (times.length < batch) times = new Float32Array(batch);
      times.set(time.subarray(0, batch));
      fed[inputs.time] = new Tensor("float32", times.subarray(0, batch), [batch]);
    }
    if (inputs.rows !== undefined) {
      const count = wanted?.length ?? size;
      if (flat.length < count) flat = new BigInt64Array(count);
      for (let i = 0; i < count; i++) flat[i] = BigInt(wanted?.[i] ?? i);
      fed[inputs.rows] = new Tensor("int64", flat.subarray(0, count), [count]);
    }
    return fed;
  }

  async function predict(input: Noised): Promise<Logits> {
    const { batch, wanted } = input;
    const positions = inputs.rows === undefined ? undefined : wanted;
    const rows = positions?.length ?? batch * length;
    const shared = { width, ...(positions ? { positions } : {}) };
    if (rows === 0) return { data: new Float32Array(0), ...shared };
    const dims = inputs.rows === undefined ? [batch, length, width] : [rows, width];
    const failed = (reason: string): string =>
      `on ${batch} x ${length} tokens: ${reason}; check that the model takes tokens from 0 to ${vocabulary} (the mask) and this length`;
    return { ...(await run(feeds(input), dims, failed)), ...shared };
  }

  return { vocabulary, length, timeFree: inputs.time === undefined, predict: inTurn(session, predict) };
}
