import { z } from "zod";
import { only, positive, token, whole } from "../architecture.ts";
import { attention, notPadding } from "../attention.ts";
import { add, embedding, gelu, layerNorm, linear } from "../layers.ts";
import { askedRows, asRows, type Net } from "../net.ts";
import type { Value } from "../onnx-file/graph.ts";

/** What config.json of a BERT or RoBERTa says of the network. */
export interface EncoderConfig {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly intermediate_size: number;
  readonly max_position_embeddings: number;
  readonly type_vocab_size: number;
  readonly layer_norm_eps: number;
  readonly pad_token_id: number;
}

export const encoderSchema: z.ZodType<EncoderConfig> = z.object({
  vocab_size: whole,
  hidden_size: whole,
  num_hidden_layers: whole,
  num_attention_heads: whole,
  intermediate_size: whole,
  max_position_embeddings: whole,
  type_vocab_size: whole,
  layer_norm_eps: positive,
  pad_token_id: token,
  hidden_act: only("gelu"),
  position_embedding_type: only("absolute"),
  is_decoder: only(false),
});

/**
 * The encoder of BERT and RoBERTa, every linear layer with a bias, norms after the sums:
 *
 *     x = LN(word[token] + position[p] + type[0])
 *     x = LN(x + dense attention(x));   x = LN(x + dense gelu(intermediate x))
 *
 * @param options.positions positions p as rows of their table, int64 [length] or [batch, length]
 * @returns the rows that are asked for, [count, hidden_size]
 * Source: Devlin et al. 2018, arXiv 1810.04805.
 */
export function postNormEncoder(
  net: Net,
  {
    prefix,
    config,
    size,
    positions,
  }: { prefix: string; config: EncoderConfig; size: number; positions: Value },
): Value {
  const { graph, weights } = net;
  const { hidden_size: width, intermediate_size: inner, num_attention_heads: heads } = config;
  const norm = (x: Value, name: string): Value =>
    layerNorm(net, x, name, { width, eps: config.layer_norm_eps });
  const table = (name: string, count: number): Value =>
    graph.weight(weights.take(`${prefix}embeddings.${name}_embeddings.weight`, [count, width]));

  const word = embedding(net, wordTable(prefix), { count: config.vocab_size, width });
  const place = graph.node("Gather", [table("position", config.max_position_embeddings), positions]);
  const type = graph.node("Gather", [
    table("token_type", config.type_vocab_size),
    graph.constant("int64", 0),
  ]);
  const sum = add(net, word, add(net, place, type));
  let x = asRows(net, norm(sum, `${prefix}embeddings.LayerNorm`), width);
  const seen = notPadding(net, config.pad_token_id);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `${prefix}encoder.layer.${i}`;
    const projected = (name: string): Value =>
      linear(net, x, `${layer}.attention.self.${name}`, { from: width, to: width });
    const qkv = [projected("query"), projected("key"), projected("value")] as const;
    let mixed = attention(net, qkv, { heads, size, seen });
    if (i === config.num_hidden_layers - 1) [x, mixed] = [askedRows(net, x), askedRows(net, mixed)];
    const out = linear(net, mixed, `${layer}.attention.output.dense`, { from: width, to: width });
    x = norm(add(net, x, out), `${layer}.attention.output.LayerNorm`);

    const wide = gelu(net, linear(net, x, `${layer}.intermediate.dense`, { from: width, to: inner }));
    const narrow = linear(net, wide, `${layer}.output.dense`, { from: inner, to: width });
    x = norm(add(net, x, narrow), `${layer}.output.LayerNorm`);
  }
  return x;
}

/** The name of the word embeddings, which also make the logits unless the file has a matrix of its own for that. */
export function wordTable(prefix: string): string {
  return `${prefix}embeddings.word_embeddings.weight`;
}
