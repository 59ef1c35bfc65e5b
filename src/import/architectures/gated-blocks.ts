import { attention, rotary } from "../attention.ts";
import { add, embedding, linear, multiply, rmsNorm, silu } from "../layers.ts";
import { askedRows, asRows, type Net } from "../net.ts";
import type { Value } from "../onnx-file/graph.ts";

/** The names of one block's weights, without ".weight" and ".bias". */
export type BlockNames = Readonly<
  Record<"norm1" | "q" | "k" | "v" | "out" | "norm2" | "gate" | "up" | "down", string>
>;

/** Sizes and names of the network that LLaDA and Dream share. */
export interface GatedOptions {
  readonly tokens: string;
  readonly finalNorm: string;
  readonly block: (i: number) => BlockNames;
  readonly vocabulary: number;
  readonly width: number;
  readonly heads: number;
  readonly keyHeads: number;
  /** Channels of a head. */
  readonly size: number;
  readonly blocks: number;
  /** Width between the two halves of a block's MLP. */
  readonly inner: number;
  readonly eps: number;
  /** Base of the rotary frequencies. */
  readonly base: number;
  /** Whether queries, keys and values have biases. */
  readonly biases: boolean;
}

/**
 * A LLaMA-like transformer that sees all positions:
 *
 *     x = x + out attention(q h, k h, v h), h = RMS(x);   x = x + down(silu(gate h) up h), h = RMS(x)
 *
 * @returns the rows that are asked for, [count, width], normed
 * Source: Touvron et al. 2023, arXiv 2302.13971, without its causal mask.
 */
export function gatedBlocks(net: Net, options: GatedOptions): Value {
  const { width, heads, keyHeads, size, inner, eps, base, vocabulary, biases } = options;
  const norm = (x: Value, name: string): Value => rmsNorm(net, x, name, { width, eps });
  const turns = rotary(net, { size, base });
  let x = asRows(net, embedding(net, options.tokens, { count: vocabulary, width }), width);
  for (let i = 0; i < options.blocks; i++) {
    const names = options.block(i);
    const h = norm(x, names.norm1);
    const projected = (name: string, to: number): Value =>
      linear(net, h, name, { from: width, to, ...(biases ? {} : { bias: false }) });
    const qkv = [
      projected(names.q, heads * size),
      projected(names.k, keyHeads * size),
      projected(names.v, keyHeads * size),
    ] as const;
    let seen = attention(net, qkv, { heads, keyHeads, size, rotary: turns });
    if (i === options.blocks - 1) [x, seen] = [askedRows(net, x), askedRows(net, seen)];
    x = add(net, x, linear(net, seen, names.out, { from: width, to: width, bias: false }));

    const g = norm(x, names.norm2);
    const gate = silu(net, linear(net, g, names.gate, { from: width, to: inner, bias: false }));
    const up = linear(net, g, names.up, { from: width, to: inner, bias: false });
    const down = linear(net, multiply(net, gate, up), names.down, { from: inner, to: width, bias: false });
    x = add(net, x, down);
  }
  return norm(x, options.finalNorm);
}

/** @throws RangeError unless each key head serves as many query heads as the others */
export function checkKeyHeads(heads: number, keyHeads: number, where: string): void {
  if (heads % keyHeads === 0) return;
  throw new RangeError(
    `${where}: ${heads} heads and ${keyHeads} heads of keys; expected the second to divide the first`,
  );
}
