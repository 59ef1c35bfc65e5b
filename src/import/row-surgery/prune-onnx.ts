import { changed, type OnnxGraph, type OnnxNode, readBy } from "../onnx-file/onnx-model.ts";

/** The graph without what its outputs do not need: nodes, weights, and inputs that nothing reads. */
export function pruned(graph: OnnxGraph): OnnxGraph {
  const needed = new Set(graph.output.map(({ name }) => name));
  const node: OnnxNode[] = [];
  for (const candidate of [...graph.node].reverse()) {
    if (!candidate.output.some((name) => name !== "" && needed.has(name))) continue;
    node.push(candidate);
    for (const name of readBy(candidate)) needed.add(name);
  }
  const isNeeded = ({ name }: { readonly name: string }): boolean => needed.has(name);
  const { input, initializer, valueInfo } = graph;
  return changed(graph, {
    node: node.reverse(),
    input: input.filter(isNeeded),
    initializer: initializer.filter(isNeeded),
    valueInfo: valueInfo.filter(isNeeded),
  });
}
