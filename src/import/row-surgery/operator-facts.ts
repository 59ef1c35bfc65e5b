import { integerAttribute, type OnnxNode } from "../onnx-file/onnx-model.ts";
import { complete, constantFact, type Fact, nothing } from "./fact.ts";
import { elementwise, sameShape } from "./row-wise-operators.ts";

/** What follows for an output; undefined says nothing. */
export type Derived = { [key in keyof Fact]?: Fact[key] | undefined };

/** What an operator's definition says of its outputs. */
export function operatorFacts(node: OnnxNode, inputs: readonly Fact[]): Derived[] {
  const { opType } = node;
  const [a = nothing, b = nothing] = inputs;
  const number = (name: string, absent: number): number => integerAttribute(node, name, absent);
  if (sameShape.has(opType)) return [{ shape: a.shape, rank: a.rank, last: a.last }];
  if (elementwise.has(opType)) return [broadcast(inputs)];
  switch (opType) {
    case "Constant":
      return [ofConstant(node)];
    case "Identity":
    case "Cast":
      return [{ ...a }];
    case "LayerNormalization":
    case "SimplifiedLayerNormalization":
    case "RMSNormalization":
    case "SkipLayerNormalization":
    case "SkipSimplifiedLayerNormalization":
      return [
        { rank: a.rank, last: opType.startsWith("Skip") ? a.last : (widest(inputs[1]?.last) ?? a.last) },
      ];
    case "DynamicQuantizeLinear":
      return [{ ...a }, { shape: [] }, { shape: [] }];
    case "MatMul":
    case "MatMulInteger":
      return [product(a, b)];
    case "FusedMatMul":
      return [product(a, number("transB", 0) === 1 ? turned(b) : b)];
    case "MatMulNBits":
      return [{ rank: a.rank, last: number("N", 0) || undefined }];
    case "Gemm":
      return [{ rank: 2, last: (number("transB", 0) === 1 ? turned(b) : b).last }];
    case "Transpose":
      return [transposed(node, a)];
    case "Shape":
      return [sizes(a, number("start", 0), number("end", a.rank ?? 0))];
    case "Gather":
      return [gathered(a, b, number("axis", 0))];
    case "Range":
      return [{ rank: 1 }];
    case "Unsqueeze":
    case "Squeeze":
      return [withAxes(a, opType === "Squeeze" ? -axesOf(node, b) : axesOf(node, b))];
    case "Slice":
      return [{ rank: a.rank }];
    case "Concat":
      return [joined(inputs)];
    case "Reshape":
      return [reshaped(a, b)];
    case "Flatten":
      return [{ rank: 2 }];
    default:
      return [];
  }
}

function ofConstant({ attribute: [first] }: OnnxNode): Derived {
  if (!first) return {};
  if (first.t) return constantFact(first.t);
  if (first.name === "value_int") return { shape: [], integers: [Number(first.i)] };
  if (first.name === "value_ints") return { shape: [first.ints.length], integers: first.ints.map(Number) };
  return first.name === "value_float" ? { shape: [] } : {};
}

/** Sizes that differ can only be where one of them is 1. */
function broadcast(inputs: readonly Fact[]): Derived {
  const ranks = inputs.map(({ rank }) => rank);
  const rank = ranks.includes(undefined)
    ? undefined
    : (ranks as number[]).reduce((a, b) => Math.max(a, b), 0);
  const shapes = inputs.map(({ shape }) => shape);
  const shape =
    rank === undefined || shapes.includes(undefined)
      ? undefined
      : Array.from({ length: rank }, (_, axis) =>
          shapes.reduce((most, sizes) => Math.max(most, sizes![axis - rank + sizes!.length] ?? 1), 1),
        );
  const lasts = inputs.map(({ last, rank }) => (rank === 0 ? 1 : last));
  return {
    rank,
    shape,
    last: lasts.find((last) => widest(last)) ?? (lasts.includes(undefined) ? undefined : 1),
  };
}

function widest(last: number | undefined): number | undefined {
  return last !== undefined && last > 1 ? last : undefined;
}

function product(a: Fact, b: Fact): Derived {
  if (a.rank === undefined || b.rank === undefined || a.rank < 2 || b.rank < 2) {
    return { last: b.rank !== undefined && b.rank >= 2 ? b.last : undefined };
  }
  const shape = a.shape && b.shape?.length === 2 ? [...a.shape.slice(0, -1), b.last!] : undefined;
  return { rank: Math.max(a.rank, b.rank), last: b.last, shape };
}

/** The last two axes exchanged. */
function turned({ shape }: Fact): Fact {
  return shape?.length === 2 ? complete({ shape: [shape[1]!, shape[0]!] }) : nothing;
}

function transposed(node: OnnxNode, { rank, shape }: Fact): Derived {
  const perm = node.attribute.find(({ name }) => name === "perm")?.ints.map(Number);
  const order = perm ?? (shape ? shape.map((_, axis) => shape.length - 1 - axis) : undefined);
  const sizes = shape && order ? order.map((axis) => shape[axis]!) : undefined;
  return { rank: order?.length ?? rank, shape: sizes?.includes(undefined as never) ? undefined : sizes };
}

/** The sizes of axes from `start` to `end`, as a list. */
function sizes({ rank }: Fact, start: number, end: number): Derived {
  if (rank === undefined) return { rank: 1 };
  const [from, to] = [start, end].map((axis) => Math.min(Math.max(axis < 0 ? axis + rank : axis, 0), rank));
  return { shape: [Math.max(to! - from!, 0)] };
}

/** How many axes a node names, in an input or, before version 13, in an attribute. */
function axesOf({ attribute }: OnnxNode, axes: Fact): number {
  return axes.integers?.length ?? attribute.find(({ name }) => name === "axes")?.ints.length ?? Number.NaN;
}

/** Axes of size 1 added or taken away: of a number a list of one, and the other way. */
function withAxes({ rank }: Fact, more: number): Derived {
  if (rank === undefined || !(rank + more >= 0)) return {};
  return { rank: rank + more, shape: rank + more === 0 ? [] : rank === 0 && more === 1 ? [1] : undefined };
}

function gathered(table: Fact, index: Fact, axis: number): Derived {
  if (table.rank === undefined || index.rank === undefined) return {};
  const rank = table.rank - 1 + index.rank;
  const keepsLast = (axis < 0 ? axis + table.rank : axis) < table.rank - 1;
  return {
    rank,
    last: keepsLast ? table.last : undefined,
    shape: table.rank === 1 ? index.shape : undefined,
  };
}

/** Lists joined to one; other tensors are not looked at. */
function joined(inputs: readonly Fact[]): Derived {
  if (!inputs.every(({ shape }) => shape?.length === 1)) return {};
  const length = inputs.reduce((sum, { shape }) => sum + shape![0]!, 0);
  const parts = inputs.map(({ integers }) => integers);
  return {
    shape: [length],
    integers: parts.includes(undefined) ? undefined : (parts as number[][]).flat(),
    lastInteger: inputs.at(-1)?.lastInteger,
  };
}

function reshaped(tensor: Fact, target: Fact): Derived {
  const last = widest(target.lastInteger) ?? (target.lastInteger === 1 ? 1 : undefined);
  const sizes = target.integers;
  const rank = sizes ? sizes.length : target.shape?.[0];
  const whole = tensor.shape && sizes?.every((size) => size > 0) ? sizes : undefined;
  return { rank, last, shape: whole };
}
