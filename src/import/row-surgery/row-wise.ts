import { integerAttribute, type OnnxNode } from "../onnx-file/onnx-model.ts";
import { quoted } from "../quoted.ts";
import type { Fact } from "./fact.ts";
import type { Facts } from "./graph-facts.ts";
import { alongAxis, elementwise, isKnown, reducing, skipping, unary } from "./row-wise-operators.ts";

/**
 * A tensor whose rows are the positions, in order: [batch, length, size] if its rank is 3, [batch * length, size] if
 * it is 2.
 */
export interface Rows {
  readonly name: string;
  readonly rank: 2 | 3;
  /** The size of a row, where what reads the tensor tells. */
  readonly size?: number;
}

/** A node that makes each row of its outputs from the same row of some inputs. */
export interface RowWise {
  /** These inputs; the others are the same for all rows. */
  readonly from: readonly Rows[];
  /** Whether it multiplies rows by a constant matrix. */
  readonly product?: true;
  /** Whether all it does is to write the same rows with other axes in front. */
  readonly reshapes?: true;
}

/**
 * Whether a node makes each row of `output` from the same row of its inputs, so that rows can be chosen before it as
 * well as after it. Every rule follows from the operator's definition; a tensor is the same for all rows if its
 * shape is known to be 1 along every axis but the last.
 *
 * @param options.output one of the node's outputs
 * @param options.opset the version of ONNX's operators
 * @returns else what it does instead: the end of a sentence
 */
export function rowWise(
  node: OnnxNode,
  { output, facts, opset }: { output: Rows; facts: Facts; opset: number },
): RowWise | string {
  const { opType } = node;
  const { rank } = output;
  const [first = ""] = node.input;
  const number = (name: string, absent: number): number => integerAttribute(node, name, absent);
  const isLast = (axis: number): boolean => axis === -1 || axis === rank - 1;
  const only: RowWise = { from: [{ name: first, rank }] };
  if (!isKnown(node)) return `is an operator of ${quoted(node.domain)}, of which nothing is known`;
  if (elementwise.has(opType)) return mixed(node, { output, facts });
  if (unary.has(opType)) return only;
  if (alongAxis.has(opType)) {
    // Softmax before version 13: from the second axis on.
    const usual = opType.endsWith("Softmax") && opset < 13 ? 1 : -1;
    if (!isLast(number("axis", usual))) return "does not go along the last axis";
    return restIsSame(node, { facts, from: only.from });
  }
  if (skipping.has(opType)) {
    return restIsSame(node, { facts, from: node.input.slice(0, 2).map((name) => ({ name, rank })) });
  }
  if (reducing.has(opType)) {
    const axes = node.input[1]
      ? facts.of(node.input[1]).integers
      : node.attribute.find(({ name }) => name === "axes")?.ints.map(Number);
    return axes?.length === 1 && isLast(axes[0]!) && number("keepdims", 1) !== 0
      ? only
      : "reduces other axes than the last one, or takes that away";
  }
  switch (opType) {
    case "Dropout":
      return node.input[2] && facts.of(node.input[2]).integers?.[0] !== 0
        ? "leaves numbers out at random; export the model for inference"
        : only;
    case "QuantizeLinear":
    case "DequantizeLinear":
      return node.input.slice(1).every((name) => isOne(facts.of(name))) ? only : "has more than one scale";
    case "Slice": {
      const axes = facts.of(node.input[3] ?? "").integers;
      return axes?.every(isLast)
        ? restIsSame(node, { facts, from: only.from })
        : "cuts out of other axes than the last one";
    }
    case "Split":
      return isLast(number("axis", 0)) ? only : "splits another axis than the last one";
    case "Concat":
      return isLast(number("axis", 0))
        ? { from: node.input.map((name) => ({ name, rank })) }
        : "joins along another axis than the last one";
    case "Reshape":
    case "Flatten":
    case "Squeeze":
    case "Unsqueeze":
      return reshaping(node, { output, facts });
    case "DynamicQuantizeLinear":
    case "DynamicQuantizeMatMul":
      return "scales by the largest number of all rows";
    default:
      return product(node, { output, facts });
  }
}

/** Whether a tensor is one number, whatever its axes. */
function isOne({ shape }: Fact): boolean {
  return shape?.every((size) => size === 1) === true;
}

/** Whether a tensor is the same for all rows of one of `rank` axes that it is stretched to. */
function isSame({ shape }: Fact, rank: number): boolean {
  return shape !== undefined && shape.length <= rank && shape.slice(0, -1).every((size) => size === 1);
}

/** Rows from inputs that stand for all rows, and from inputs of rows. */
function mixed(node: OnnxNode, { output, facts }: { output: Rows; facts: Facts }): RowWise | string {
  const { rank } = output;
  const given = node.input.filter((name) => name !== "");
  const from = given.filter((name) => !isSame(facts.of(name), rank));
  if (from.length === 0) return "reads nothing that has a row for each position";
  const stretches = given.some((name) => facts.of(name).rank === rank && !from.includes(name));
  if (stretches && !from.some((name) => facts.of(name).rank === rank)) {
    return "joins tensors whose axes are not known";
  }
  const constant = from.find((name) => facts.of(name).constant);
  if (constant !== undefined)
    return `reads the constant ${quoted(constant)}, which differs from position to position`;
  return { from: from.map((name) => ({ name, rank })) };
}

function restIsSame(
  node: OnnxNode,
  { facts, from, ...kind }: { facts: Facts; from: readonly Rows[]; product?: true },
): RowWise | string {
  const other = node.input.slice(from.length).find((name) => name !== "" && !isSame(facts.of(name), 1));
  return other === undefined
    ? { from, ...kind }
    : `reads ${quoted(other)}, which is not known to be the same for all rows`;
}

/** The same numbers in the same order, and rows of the same size: then they are the same rows. */
function reshaping(node: OnnxNode, { output, facts }: { output: Rows; facts: Facts }): RowWise | string {
  const name = node.input[0]!;
  const { rank, last } = facts.of(name);
  const size = output.size ?? facts.of(output.name).last;
  if (size === undefined || last === undefined)
    return "makes other axes, and the size of the last one is not known";
  if (size !== last) return `makes rows of ${size} numbers from rows of ${last}`;
  if (rank !== 2 && rank !== 3) return "makes other axes of a tensor whose axes are not known";
  return { from: [{ name, rank, size }], reshapes: true };
}

/** Rows times a matrix. */
function product(node: OnnxNode, { output, facts }: { output: Rows; facts: Facts }): RowWise | string {
  const { opType, input } = node;
  const { rank } = output;
  const [rows = "", matrix = ""] = input;
  const number = (name: string): number => integerAttribute(node, name, 0);
  const constant = (...names: (string | undefined)[]): boolean =>
    names.every((name) => !name || facts.of(name).constant);
  const one = (...names: (string | undefined)[]): boolean =>
    names.every((name) => !name || isOne(facts.of(name)));
  const read = (size: number | undefined, rest: readonly (string | undefined)[]): RowWise | string => {
    const varying = rest.find((name) => name && !isSame(facts.of(name), 2));
    if (varying) return `adds ${quoted(varying)}, which is not known to be the same for all rows`;
    return { from: [{ name: rows, rank, ...(size === undefined ? {} : { size }) }], product: true };
  };
  const weight = (at: number): string | undefined => {
    const { constant, shape } = facts.of(input[at] ?? "");
    if (!constant)
      return "multiplies two tensors that are both computed from the inputs; expected a constant weight";
    return shape?.length === 2 ? undefined : "multiplies by a weight that is no matrix";
  };
  const inner = (turned: boolean, at = 1): number => facts.of(input[at]!).shape![turned ? 1 : 0]!;
  switch (opType) {
    case "MatMul":
      return weight(1) ?? read(inner(false), []);
    case "FusedMatMul":
      if (number("transA") || number("transBatchA") || number("transBatchB")) return "turns the rows";
      return weight(1) ?? read(inner(number("transB") === 1), []);
    case "Gemm":
      if (number("transA")) return "turns the rows";
      if (rank !== 2) return "makes a matrix where rows of sequences were expected";
      return weight(1) ?? read(inner(number("transB") === 1), [input[2]]);
    case "MatMulInteger":
      if (!one(input[2]) || !constant(input[3])) return "has a zero point for each row";
      return weight(1) ?? read(inner(false), []);
    case "MatMulIntegerToFloat":
      if (!one(input[2], input[4]) || !constant(input[5])) return "has a scale for each row";
      return weight(1) ?? read(inner(false), [input[3], input[6]]);
    case "QLinearMatMul":
      if (!one(input[1], input[2], input[6], input[7]) || !constant(input[4], input[5])) {
        return "has a scale for each row";
      }
      return weight(3) ?? read(inner(false, 3), []);
    case "MatMulNBits":
      if (!constant(matrix, ...input.slice(2, 5))) {
        return "multiplies two tensors that are both computed from the inputs; expected a constant weight";
      }
      return read(number("K") || undefined, [input[5]]);
    default:
      return "is not known to work on each row by itself";
  }
}
