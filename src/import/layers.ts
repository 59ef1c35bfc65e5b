import type { Net } from "./net.ts";
import type { Value } from "./onnx-file/graph.ts";
import { weightFormats } from "./weight-formats/index.ts";
import { finer, type WeightFormatName } from "./weight-formats/weight-format.ts";

/** Rows of a table, one for each token: [batch, length, width]. */
export function embedding(
  { graph, weights, tokens, format }: Net,
  name: string,
  { count, width }: { count: number; width: number },
): Value {
  return weightFormats[format].rows(graph, weights.take(name, [count, width]), tokens);
}

/**
 * y = x W^T + b over rows [n, from], W stored as [to, from].
 *
 * @param options.weight name of W; default NAME.weight @param options.bias name of b, or false for none; default
 * NAME.bias
 * @param options.coarsest the coarsest format W is stored in: int8 where its error would be that of every row or of
 * the logits themselves
 */
export function linear(
  { graph, weights, format }: Net,
  x: Value,
  name: string,
  {
    from,
    to,
    weight = `${name}.weight`,
    bias = `${name}.bias`,
    coarsest = "int4",
  }: {
    from: number;
    to: number;
    weight?: string;
    bias?: string | readonly string[] | false;
    coarsest?: WeightFormatName;
  },
): Value {
  const matrix = weights.take(weight, [to, from]);
  const added = bias === false ? undefined : graph.weight(weights.take(bias, [to]));
  return weightFormats[finer(format, coarsest)].linear(graph, x, { matrix, bias: added });
}

/** (x - mean) / sqrt(var + eps) weight + bias over the last axis; older files call the two gamma and beta. */
export function layerNorm(
  { graph, weights }: Net,
  x: Value,
  name: string,
  { width, eps, bias = true }: { width: number; eps: number; bias?: boolean },
): Value {
  const inputs = [x, graph.weight(weights.take([`${name}.weight`, `${name}.gamma`], [width]))];
  if (bias) inputs.push(graph.weight(weights.take([`${name}.bias`, `${name}.beta`], [width])));
  return graph.node("LayerNormalization", inputs, {
    attributes: { axis: { int: -1 }, epsilon: { float: eps } },
  });
}

/** x / sqrt(mean(x^2) + eps) weight over the last axis. */
export function rmsNorm(
  { graph, weights }: Net,
  x: Value,
  name: string,
  { width, eps }: { width: number; eps: number },
): Value {
  return graph.node("RMSNormalization", [x, graph.weight(weights.take(`${name}.weight`, [width]))], {
    attributes: { axis: { int: -1 }, epsilon: { float: eps } },
  });
}

/** x/2 (1 + erf(x / sqrt 2)), or its approximation x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). */
export function gelu({ graph }: Net, x: Value, { tanh = false }: { tanh?: boolean } = {}): Value {
  return graph.node("Gelu", [x], { attributes: { approximate: { text: tanh ? "tanh" : "none" } } });
}

/** x / (1 + e^-x); ONNX Runtime makes one operator of the two. */
export function silu({ graph }: Net, x: Value): Value {
  return graph.node("Mul", [x, graph.node("Sigmoid", [x])]);
}

export function add({ graph }: Net, x: Value, y: Value): Value {
  return graph.node("Add", [x, y]);
}

export function multiply({ graph }: Net, x: Value, y: Value): Value {
  return graph.node("Mul", [x, y]);
}

/** Equal parts of the last axis. */
export function split({ graph }: Net, x: Value, count: number): Value[] {
  return graph.nodes("Split", [x], count, {
    attributes: { axis: { int: -1 }, num_outputs: { int: count } },
  });
}
