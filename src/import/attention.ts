import { asPositions, asRows, type Net } from "./net.ts";
import type { Value } from "./onnx-file/graph.ts";

/** Cosines and sines of a rotary embedding, each [length, size / 2]. */
export interface Rotary {
  readonly cosines: Value;
  readonly sines: Value;
}

/** What is added to the score of a key that must not be seen: e to it is 0. */
const NEVER = -3.4028234663852886e38;

/**
 * Angles p base^(-2j/size) of positions p and pairs j = 0 .. size/2 - 1. The pair (x_j, x_{j + size/2}) of a query
 * or key turns by its angle ("half-split").
 *
 * Source: Su et al. 2021, arXiv 2104.09864.
 */
export function rotary({ graph, places }: Net, { size, base }: { size: number; base: number }): Rotary {
  const frequencies = Array.from({ length: size / 2 }, (_, j) => base ** ((-2 * j) / size));
  const column = graph.node("Unsqueeze", [
    graph.node("Cast", [places], { attributes: { to: { int: 1 } } }),
    graph.constant("int64", [1]),
  ]);
  const angles = graph.node("Mul", [column, graph.constant("float32", frequencies)]);
  return { cosines: graph.node("Cos", [angles]), sines: graph.node("Sin", [angles]) };
}

/** How queries meet keys. */
export interface AttentionOptions {
  readonly heads: number;
  /** Channels of a head. */
  readonly size: number;
  /** Heads of keys and values, each for heads / keyHeads consecutive heads of queries; default as many. */
  readonly keyHeads?: number;
  readonly rotary?: Rotary;
  /** int32 [batch, length], 0 at keys that must not be seen. */
  readonly seen?: Value;
  /** float32 [1, 1, length, length], added to the scores. */
  readonly bias?: Value;
}

/**
 * softmax(q k / sqrt(size)) v over all keys, heads side by side; nothing is causal. ONNX Runtime's own operator,
 * which without `seen` and `bias` never holds the scores of all pairs.
 *
 * @param q [n, heads * size] @param k [n, keyHeads * size] @param v as k
 * @returns [n, heads * size]
 */
export function attention(
  net: Net,
  [q, k, v]: readonly [q: Value, k: Value, v: Value],
  { heads, size, keyHeads = heads, rotary, seen, bias }: AttentionOptions,
): Value {
  const width = heads * size;
  const queries = turned(net, asPositions(net, q, width), rotary);
  const keys = turned(net, asPositions(net, k, keyHeads * size), rotary);
  const values = asPositions(net, v, keyHeads * size);
  const repeat = (x: Value): Value =>
    keyHeads === heads ? x : repeated(net, x, { keyHeads, size, times: heads / keyHeads });
  const inputs = [queries, repeat(keys), repeat(values), undefined, seen, bias];
  const joined = net.graph.node("MultiHeadAttention", trimmed(inputs), {
    domain: "com.microsoft",
    attributes: { num_heads: { int: heads }, mask_filter_value: { float: NEVER } },
  });
  return asRows(net, joined, width);
}

/** A bias that hides keys further than `reach` from their query. */
export function windowBias({ graph, places }: Net, reach: number): Value {
  const integer = (number: number): Value => graph.constant("int64", number);
  const column = graph.node("Unsqueeze", [places, graph.constant("int64", [1])]);
  const distance = graph.node("Abs", [graph.node("Sub", [column, places])]);
  const far = graph.node("Greater", [distance, integer(reach)]);
  const bias = graph.node("Where", [far, graph.constant("float32", NEVER), graph.constant("float32", 0)]);
  return graph.node("Unsqueeze", [bias, graph.constant("int64", [0, 1])]);
}

/** 1 where a token is not the padding, int32 [batch, length]. */
export function notPadding({ graph, tokens }: Net, pad: number): Value {
  const padding = graph.node("Equal", [tokens, graph.constant("int64", pad)]);
  return graph.node("Cast", [graph.node("Not", [padding])], { attributes: { to: { int: 6 } } });
}

function turned({ graph }: Net, x: Value, rotary: Rotary | undefined): Value {
  if (!rotary) return x;
  const first = graph.constant("int64", [0]);
  return graph.node("RotaryEmbedding", [x, first, rotary.cosines, rotary.sines], {
    domain: "com.microsoft",
  });
}

/** Each head `times` times in a row. */
function repeated(
  { graph, shape }: Net,
  x: Value,
  { keyHeads, size, times }: { keyHeads: number; size: number; times: number },
): Value {
  const apart = graph.node("Reshape", [x, shape(keyHeads, 1, size)]);
  const copies = graph.node("Expand", [apart, shape(keyHeads, times, size)]);
  return graph.node("Reshape", [copies, shape(keyHeads * times * size)]);
}

/** Without absent inputs at the end. */
function trimmed(inputs: readonly (Value | undefined)[]): (Value | undefined)[] {
  return inputs.slice(0, inputs.findLastIndex((input) => input !== undefined) + 1);
}
