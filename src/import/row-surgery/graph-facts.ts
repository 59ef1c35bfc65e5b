import { type OnnxGraph, type OnnxNode, type OnnxValue, tensorType } from "../onnx-file/onnx-model.ts";
import { complete, constantFact, type Fact, nothing } from "./fact.ts";
import { type Derived, operatorFacts } from "./operator-facts.ts";
import { isKnown } from "./row-wise-operators.ts";

/** What is certain of all tensors of a graph. */
export interface Facts {
  of(name: string): Fact;
  /** The node that makes a tensor and its place in the order of nodes. */
  producer(name: string): { readonly node: OnnxNode; readonly at: number } | undefined;
}

/** An optional input that is left out. */
const absent: Fact = { constant: true, rank: 0, shape: [] };

/** Operators whose output differs from run to run. */
const random = /^(Random|Multinomial$|Bernoulli$)/;

/**
 * Follows a graph from front to back and notes what is certain of its tensors, as far as it is needed to tell rows
 * from whatever else a tensor may hold: of constants the shape, of others the number of axes and the last one's size,
 * of shapes that are computed their length and last number. Says too little rather than something wrong, and trusts
 * what the file says of its inputs, outputs and inner tensors.
 */
export function graphFacts(graph: OnnxGraph): Facts {
  const facts = new Map<string, Fact>();
  const producers = new Map<string, { node: OnnxNode; at: number }>();
  const stated = new Map<string, Fact>();
  for (const value of [...graph.valueInfo, ...graph.output, ...graph.input])
    stated.set(value.name, ofValue(value));
  for (const { name } of graph.input) facts.set(name, stated.get(name)!);
  for (const tensor of graph.initializer) facts.set(tensor.name, constantFact(tensor));
  const of = (name: string): Fact => facts.get(name) ?? nothing;

  for (const [at, node] of graph.node.entries()) {
    const inputs = node.input.map((name) => (name === "" ? absent : of(name)));
    const constant =
      inputs.every((input) => input.constant) && !random.test(node.opType) && !holdsGraphs(node);
    const derived = isKnown(node) ? operatorFacts(node, inputs) : [];
    for (const [index, name] of node.output.entries()) {
      if (name === "") continue;
      const fact = { ...stated.get(name), ...defined(derived[index]), ...(constant ? { constant } : {}) };
      facts.set(name, complete(fact));
      producers.set(name, { node, at });
    }
  }
  return { of, producer: (name) => producers.get(name) };
}

function holdsGraphs({ attribute }: OnnxNode): boolean {
  return attribute.some(({ g, graphs }) => g !== undefined || graphs.length > 0);
}

function ofValue(value: OnnxValue): Fact {
  const dims = tensorType(value)?.dims;
  if (!dims) return nothing;
  const last = dims.at(-1);
  const named = dims.every((dim) => dim !== "");
  return { rank: dims.length, named, ...(typeof last === "number" ? { last } : {}) };
}

/** Without entries that are undefined. */
function defined(fact: Derived | undefined): Fact {
  return Object.fromEntries(Object.entries(fact ?? {}).filter(([, value]) => value !== undefined));
}
