import type { Tensor, TensorConstructor } from "onnxruntime-common";
import { described, isFree, type Named } from "./onnx-session.ts";

/**
 * What is fed to an input at every call: a tensor, such as the embedding of a text, or a number, such as a class, for
 * every row, [batch], of the type that the session's metadata names (int64 where it has none).
 *
 * A tensor whose first axis is 1 where the model leaves that axis free, or says nothing of it, is repeated for every
 * row of the batch; any other is fed as it is.
 */
export type FixedInput = Tensor | number;

/** The tensors of these inputs for a batch. */
export type FixedFeeds = (batch: number) => Readonly<Record<string, Tensor>>;

const arrays = { float32: Float32Array, float64: Float64Array, int32: Int32Array } as const;

/** Makes the tensors of the last batch size once, and keeps them for calls of the same size. */
export function fixedInputs(
  model: Named,
  { Tensor, fixed }: { Tensor: TensorConstructor; fixed: Readonly<Record<string, FixedInput>> },
): FixedFeeds {
  const rows = Object.entries(fixed).map(([input, value]) => {
    const known = described(model.session.inputMetadata, input);
    const one = typeof value === "number" ? numberRow(model, { Tensor, input, value }) : value;
    if (known && known.type !== one.type) {
      throw new RangeError(
        `${model.where}: ${model.name} takes "${input}" as ${known.type}; got ${one.type}: give fixed["${input}"] in the model's type`,
      );
    }
    const axis = known?.shape.length ? known.shape[0] : undefined;
    return { input, one, repeated: one.dims[0] === 1 && (axis === undefined || isFree(axis)) };
  });
  let made: { batch: number; feeds: Record<string, Tensor> } | undefined;
  return (batch) => {
    if (made?.batch !== batch) {
      const feeds: Record<string, Tensor> = {};
      for (const { input, one, repeated } of rows) {
        feeds[input] = repeated ? repeat(Tensor, one, batch) : one;
      }
      made = { batch, feeds };
    }
    return made.feeds;
  };
}

/** A number as a tensor [1] of the type that the model takes. */
function numberRow(
  { session, where, name }: Named,
  { Tensor, input, value }: { Tensor: TensorConstructor; input: string; value: number },
): Tensor {
  const type = described(session.inputMetadata, input)?.type ?? "int64";
  const whole = type === "int64" || type === "int32";
  if (!Number.isFinite(value) || (whole && !Number.isInteger(value))) {
    throw new RangeError(
      `${where}: fixed["${input}"] = ${value}; ${name} takes it as ${type}, so expected a ${whole ? "whole" : "finite"} number`,
    );
  }
  if (type === "int64") return new Tensor("int64", BigInt64Array.of(BigInt(value)), [1]);
  if (type === "float32" || type === "float64" || type === "int32") {
    return new Tensor(type, arrays[type].of(value), [1]);
  }
  throw new RangeError(
    `${where}: fixed["${input}"] = ${value}, and ${name} takes it as ${type}; give a tensor of that type instead of a number`,
  );
}

/** A tensor [1, ...] as [batch, ...]. */
function repeat(Tensor: TensorConstructor, one: Tensor, batch: number): Tensor {
  const row = one.data as Float32Array;
  const all = new (row.constructor as Float32ArrayConstructor)(row.length * batch);
  for (let at = 0; at < batch; at++) all.set(row, at * row.length);
  return new Tensor(one.type as "float32", all, [batch, ...one.dims.slice(1)]);
}
