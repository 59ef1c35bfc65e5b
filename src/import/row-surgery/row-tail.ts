import type { OnnxNode } from "../onnx-file/onnx-model.ts";
import { quoted } from "../quoted.ts";
import type { Facts } from "./graph-facts.ts";
import { type Rows, type RowWise, rowWise } from "./row-wise.ts";

/** The part of a graph behind one tensor, in which every node works on each row by itself. */
export interface RowTail {
  readonly from: Rows;
  /** Front to back, each with what it makes. */
  readonly nodes: readonly RowNode[];
}

interface RowNode {
  readonly node: OnnxNode;
  readonly how: RowWise;
  readonly made: Rows;
}

/** More tensors than this are never left to be explained in the part of a network that works on rows. */
const MOST_OPEN = 100;

/**
 * The longest part of a graph that makes its output, [batch, length, width], row by row from a single tensor, with a
 * product by a constant matrix in it. Nodes are taken in the reverse of their order, so that what comes after a
 * tensor is explained before the tensor is; whenever a single one is left, all behind it is made from it alone, and
 * so has its batch and its length.
 *
 * @throws Error with one sentence that names the node in the way
 */
export function rowTail(output: string, { facts, opset }: { facts: Facts; opset: number }): RowTail {
  const open = new Map<string, Rows>([[output, { name: output, rank: 3 }]]);
  const nodes: RowNode[] = [];
  let products = 0;
  let found: { readonly from: Rows; readonly count: number } | undefined;
  for (;;) {
    const step = stepBack(open, { facts, opset });
    if (typeof step === "string") {
      if (found) return { from: found.from, nodes: nodes.slice(0, found.count).reverse() };
      throw new Error(
        `addRows: rows of ${quoted(output)} cannot be chosen before its last matrix product, as ${step}`,
      );
    }
    nodes.push(step);
    if (step.how.product) products++;
    const [from, ...more] = open.values();
    if (from && more.length === 0 && products > 0) found = { from, count: nodes.length };
  }
}

/**
 * Explains the last made of the tensors that are open by what its node reads, which is open then.
 *
 * @returns else what is in the way: the end of a sentence
 */
function stepBack(
  open: Map<string, Rows>,
  { facts, opset }: { facts: Facts; opset: number },
): RowNode | string {
  const next = latest(open, facts);
  if (!next)
    return `no product with a constant matrix is behind ${[...open.keys()].map(quoted).join(" and ")}`;
  const { node, made } = next;
  const kind = /^\w{1,60}$/.test(node.opType) ? node.opType : quoted(node.opType);
  const where = `the ${kind} node ${quoted(node.name || node.output[0])}`;
  const how = rowWise(node, { output: made, facts, opset });
  if (typeof how === "string") return `${where} ${how}`;
  for (const name of node.output) {
    if ((open.get(name) ?? made).rank !== made.rank) return `${where} is read with different axes`;
    open.delete(name);
  }
  for (const from of how.from) {
    const known = open.get(from.name);
    if (known && known.rank !== from.rank)
      return `${where} reads ${quoted(from.name)} with other axes than others`;
    open.set(from.name, { ...known, ...from });
  }
  return open.size > MOST_OPEN ? `${where} joins more tensors than a layer does` : { node, how, made };
}

function latest(open: ReadonlyMap<string, Rows>, facts: Facts): { node: OnnxNode; made: Rows } | undefined {
  let found: { node: OnnxNode; made: Rows; at: number } | undefined;
  for (const made of open.values()) {
    const producer = facts.producer(made.name);
    if (producer && (!found || producer.at > found.at)) found = { ...producer, made };
  }
  return found;
}
