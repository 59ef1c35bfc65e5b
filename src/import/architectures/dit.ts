import { attention, rotary } from "../attention.ts";
import { add, embedding, gelu, layerNorm, linear, multiply, silu, split } from "../layers.ts";
import { askedRows, asPositions, asRows, type Net } from "../net.ts";
import type { Value } from "../onnx-file/graph.ts";

/** Sizes of the network that SEDD, MDLM, DUO and UDLM share. */
export interface DitOptions {
  /** What the names of all weights begin with. */
  readonly prefix: string;
  readonly vocabulary: number;
  readonly width: number;
  readonly heads: number;
  /** Channels of a head. */
  readonly size: number;
  readonly blocks: number;
  /** Width of the time vector. */
  readonly condition: number;
  /** Noise levels, float32 [batch]; absent: 0 at all times. */
  readonly sigma?: Value;
}

/** Numbers that the noise level is first turned into; fixed in the published code. */
const TIME_WIDTH = 256;
const EPS = 1e-5;

/**
 * The diffusion transformer for text: each block's norms are shifted and scaled, and its results gated, by linear
 * functions of one vector c of the noise level sigma:
 *
 *     c = silu(mlp([cos a_0 .. cos a_127, sin a_0 .. sin a_127]))        a_j = sigma e^(-j ln(10000) / 128)
 *     x = x + gate1 attention(LN(x) (1 + scale1) + shift1);   x = x + gate2 mlp(LN(x) (1 + scale2) + shift2)
 *
 * @returns logits of the rows that are asked for, [count, vocabulary]
 * Source: Lou, Meng, Ermon 2023, arXiv 2310.16834; adaptive norms from Peebles, Xie 2022, arXiv 2212.09748.
 */
export function dit(
  net: Net,
  { prefix, vocabulary, width, heads, size, blocks, condition, sigma }: DitOptions,
): Value {
  const { graph, asked } = net;
  const norm = (x: Value, name: string): Value => layerNorm(net, x, name, { width, eps: EPS, bias: false });
  const c = timeVector(net, `${prefix}sigma_map`, { condition, sigma });
  const conditions = (name: string, count: number): Value =>
    linear(net, c, name, { from: condition, to: count * width, coarsest: "int8" });
  /** [batch, n] as [batch, 1, n], the same at every position. */
  const everywhere = (m: Value): Value => graph.node("Unsqueeze", [m, graph.constant("int64", [1])]);
  /** [batch, n] as [count, n], those of the rows that are asked for. */
  const inRows = (m: Value): Value => (sigma ? graph.node("Gather", [m, asked().sequences]) : m);
  const turns = rotary(net, { size, base: 10_000 });

  let x = embedding(net, `${prefix}vocab_embed.embedding`, { count: vocabulary, width });
  for (let i = 0; i < blocks; i++) {
    const block = `${prefix}blocks.${i}`;
    const isLast = i === blocks - 1;
    const m = conditions(`${block}.adaLN_modulation`, 6);
    const early = split(net, everywhere(m), 6);
    const [shift1, scale1] = early;
    const [, , gate1, shift2, scale2, gate2] = isLast ? split(net, inRows(m), 6) : early;
    const placed = (y: Value): Value => (isLast ? y : asPositions(net, y, width));

    const h = modulated(net, norm(x, `${block}.norm1`), shift1!, scale1!);
    const qkv = linear(net, asRows(net, h, width), `${block}.attn_qkv`, {
      from: width,
      to: 3 * width,
      bias: false,
    });
    const [q, k, v] = split(net, qkv, 3);
    let seen = attention(net, [q!, k!, v!], { heads, size, rotary: turns });
    if (isLast) [x, seen] = [askedRows(net, asRows(net, x, width)), askedRows(net, seen)];
    const mixed = linear(net, seen, `${block}.attn_out`, { from: width, to: width, bias: false });
    x = add(net, x, multiply(net, gate1!, placed(mixed)));

    const g = asRows(net, modulated(net, norm(x, `${block}.norm2`), shift2!, scale2!), width);
    const inner = gelu(net, linear(net, g, `${block}.mlp.0`, { from: width, to: 4 * width }), { tanh: true });
    const outer = linear(net, inner, `${block}.mlp.2`, { from: 4 * width, to: width });
    x = add(net, x, multiply(net, gate2!, placed(outer)));
  }
  const last = `${prefix}output_layer`;
  const [shift, scale] = split(net, inRows(conditions(`${last}.adaLN_modulation`, 2)), 2);
  const hidden = modulated(net, norm(x, `${last}.norm_final`), shift!, scale!);
  return linear(net, hidden, `${last}.linear`, { from: width, to: vocabulary, coarsest: "int8" });
}

/** c [batch or 1, condition]: the outer silu is part of it. */
function timeVector(
  net: Net,
  name: string,
  { condition, sigma }: { condition: number; sigma?: Value | undefined },
): Value {
  const { graph } = net;
  const levels = sigma ?? graph.constant("float32", [0]);
  const half = TIME_WIDTH / 2;
  const frequencies = Array.from({ length: half }, (_, j) => Math.exp((-Math.log(10_000) * j) / half));
  const column = graph.node("Unsqueeze", [levels, graph.constant("int64", [1])]);
  const angles = multiply(net, column, graph.constant("float32", frequencies));
  const waves = graph.node("Concat", [graph.node("Cos", [angles]), graph.node("Sin", [angles])], {
    attributes: { axis: { int: 1 } },
  });
  const layer = (x: Value, part: string, from: number): Value =>
    silu(net, linear(net, x, `${name}.${part}`, { from, to: condition, coarsest: "int8" }));
  return layer(layer(waves, "mlp.0", TIME_WIDTH), "mlp.2", condition);
}

/** x (1 + scale) + shift */
function modulated(net: Net, x: Value, shift: Value, scale: Value): Value {
  return add(net, multiply(net, x, add(net, scale, net.graph.constant("float32", 1))), shift);
}
