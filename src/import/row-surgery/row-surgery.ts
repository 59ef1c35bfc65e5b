import {
  changed,
  namesOf,
  newIntegers,
  newNode,
  newValue,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  opsetOf,
  tensorType,
} from "../onnx-file/onnx-model.ts";
import { elementTypes } from "../onnx-file/onnx-schema.ts";
import { quoted } from "../quoted.ts";
import { graphFacts } from "./graph-facts.ts";
import { pruned } from "./prune-onnx.ts";
import { type RowTail, rowTail } from "./row-tail.ts";
import { alongAxis } from "./row-wise-operators.ts";

/** A model that computes the rows it is asked for. */
export interface WithRows {
  readonly model: OnnxModel;
  /** The new input, int64 [count]: flat indexes row * length + position. */
  readonly rows: string;
  /** Nodes that are now computed for the rows asked for only, and matrix products among them. */
  readonly nodes: number;
  readonly products: number;
}

/**
 * Gives a network the input `rows`: instead of logits [batch, length, width] it then returns [count, width], the
 * rows that are asked for.
 *
 * From the output it goes back through nodes that make each row from the same row of their inputs, the product with
 * the output matrix among them, and chooses the rows at the earliest tensor that all of this part is made from:
 * before the output matrix, and where it is possible before the last layers' norm, feed-forward matrices and so on.
 * What is computed of a row stays the same. Other outputs, and what only they need, are left out.
 *
 * @param model is not changed
 * @param options.output the output with the logits
 * @throws Error with one sentence that names the node in the way
 */
export function addRows(model: OnnxModel, { output }: { output: string }): WithRows {
  const { graph } = model;
  const facts = graphFacts(graph);
  const value = graph.output.find(({ name }) => name === output);
  const type = value && tensorType(value);
  if (!type) throw new Error(`addRows: the model has no output ${quoted(output)} that is a tensor`);
  if (type.dims?.length !== 3) {
    throw new Error(
      `addRows: the output ${quoted(output)} is [${type.dims?.join(", ") ?? "of unknown axes"}]; expected [batch, length, width]`,
    );
  }
  const opset = opsetOf(model);
  const tail = rowTail(output, { facts, opset });
  const taken = namesOf(graph);
  const fresh = (wanted: string): string => {
    let name = wanted;
    for (let count = 2; taken.has(name); count++) name = `${wanted}_${count}`;
    taken.add(name);
    return name;
  };
  const rows = fresh("rows");
  const namesAxes = facts.of(tail.from.name).named === true;
  const copy = copied(tail, { output, rows, fresh, opset, namesAxes });
  const dims = ["rows", facts.of(output).last ?? "width"];
  const whole = changed(graph, {
    input: [...graph.input, newValue(rows, { elemType: elementTypes.int64, dims: ["rows"] })],
    initializer: [...graph.initializer, ...copy.initializer],
    // The old maker of the output goes; whoever else read the output is not asked any more.
    node: [...graph.node.filter((node) => !node.output.includes(output)), ...copy.node],
    output: [newValue(output, { elemType: type.elemType, dims })],
  });
  return {
    model: changed(model, { graph: pruned(whole) }),
    rows,
    nodes: tail.nodes.length,
    products: tail.nodes.filter(({ how }) => how.product).length,
  };
}

/**
 * The tail once more, for chosen rows. [batch, length, size] becomes [1, count, size], so that axes keep their
 * numbers and ONNX Runtime finds the patterns that it joins; [batch * length, size] becomes [count, size].
 *
 * Norms at the tail's beginning stay before the choice, as ONNX Runtime joins them with the sum in front, which
 * rounds in another way than the norm alone would.
 */
function copied(
  { from, nodes }: RowTail,
  {
    output,
    rows,
    fresh,
    opset,
    namesAxes,
  }: { output: string; rows: string; fresh: (name: string) => string; opset: number; namesAxes: boolean },
): { node: OnnxNode[]; initializer: OnnxTensor[] } {
  const { rank } = from;
  const zero = newIntegers(fresh(`${rows}/axis`), [0]);
  const flat = newIntegers(fresh(`${rows}/shape`), rank === 3 ? [1, -1] : [-1]);
  const node: OnnxNode[] = [];
  const names = new Map<string, string>();
  const early = new Set([from.name]);

  function add(opType: string, input: string[], attributes: Record<string, number | number[]> = {}): string {
    const name = fresh(`${rows}/${opType}`);
    node.push(newNode(opType, { input, output: [name], attributes }));
    return name;
  }
  /** Squeeze or Unsqueeze of the first axis, which says so in an input since version 13. */
  const first = (opType: string, name: string): string =>
    opset < 13 ? add(opType, [name], { axes: [0] }) : add(opType, [name, zero.name]);
  // Where the file says all axes of a tensor, ONNX Runtime knows those of the rows by their names; else it does not.
  const leading = (): string => (rank === 3 ? first("Unsqueeze", rows) : rows);
  const index = namesAxes ? leading() : add("Reshape", [rows, flat.name]);
  /** A tensor as the copied nodes read it. */
  function chosen(name: string): string {
    if (early.has(name) && !names.has(name)) {
      const all = rank === 3 ? add("Flatten", [name], { axis: 2 }) : name;
      names.set(name, add("Gather", [all, index], { axis: 0 }));
    }
    return names.get(name) ?? name;
  }

  for (const { node: original, how, made: result } of nodes) {
    if (alongAxis.has(original.opType) && original.input[0] === from.name) {
      early.add(result.name);
      continue;
    }
    const input = original.input.map(chosen);
    if (how.reshapes) {
      const change = result.rank - how.from[0]!.rank;
      const name = input[0]!;
      names.set(result.name, change === 0 ? name : first(change > 0 ? "Unsqueeze" : "Squeeze", name));
      continue;
    }
    for (const name of original.output) if (name !== "") names.set(name, fresh(`${name}/rows`));
    const made = original.output.map((name) => names.get(name) ?? "");
    node.push(changed(original, { name: "", input, output: made }));
  }
  node.push(newNode("Flatten", { input: [chosen(output)], output: [output], attributes: { axis: 2 } }));
  return { node, initializer: [zero, flat] };
}
