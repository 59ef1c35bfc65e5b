import { z } from "zod";
import { checkSchema } from "../../model/check-schema.ts";
import { type Architecture, headSize, only, positive, token, whole } from "../architecture.ts";
import { attention, notPadding, rotary } from "../attention.ts";
import { add, embedding, gelu, layerNorm, linear } from "../layers.ts";
import { askedRows, asRows, type Net } from "../net.ts";
import type { Value } from "../onnx-file/graph.ts";
import { maskedLanguageHead } from "./masked-language-head.ts";

const schema = z.object({
  vocab_size: whole,
  hidden_size: whole,
  intermediate_size: whole,
  num_hidden_layers: whole,
  num_attention_heads: whole,
  max_position_embeddings: whole,
  layer_norm_eps: positive,
  mask_token_id: token,
  pad_token_id: token,
  position_embedding_type: z.literal("rotary"),
  token_dropout: z.literal(true),
  emb_layer_norm_before: z.literal(false).nullish(),
  is_folding_model: only(false),
  hidden_act: only("gelu"),
});

/** The share of tokens that training shows as masks: 15 % are chosen, of which 80 % are masked. */
const TRAINED_MASKS = 0.15 * 0.8;

/**
 * ESM-2, a masked language model of proteins.
 *
 * Source: Lin et al. 2023, doi 10.1126/science.ade2574.
 */
export const esm2: Architecture = {
  name: "esm2",
  recognises: (config) => config["model_type"] === "esm",
  build(net, { config: given, where }) {
    const config = checkSchema(schema, given, where);
    const { hidden_size: width, intermediate_size: inner, num_attention_heads: heads } = config;
    const { vocab_size: vocabulary, layer_norm_eps: eps, mask_token_id: mask } = config;
    const size = headSize(width, heads, { where });
    const norm = (x: Value, name: string): Value => layerNorm(net, x, name, { width, eps });
    const dense = (x: Value, name: string, from: number, to: number): Value =>
      linear(net, x, name, { from, to });

    const table = "esm.embeddings.word_embeddings.weight";
    const turns = rotary(net, { size, base: 10_000 });
    const seen = notPadding(net, config.pad_token_id);
    const words = embedding(net, table, { count: vocabulary, width });
    let x = asRows(net, withoutMasks(net, words, { seen, mask }), width);
    for (let i = 0; i < config.num_hidden_layers; i++) {
      const layer = `esm.encoder.layer.${i}`;
      const h = norm(x, `${layer}.attention.LayerNorm`);
      const projected = (name: string): Value => dense(h, `${layer}.attention.self.${name}`, width, width);
      const qkv = [projected("query"), projected("key"), projected("value")] as const;
      let mixed = attention(net, qkv, { heads, size, rotary: turns, seen });
      if (i === config.num_hidden_layers - 1) [x, mixed] = [askedRows(net, x), askedRows(net, mixed)];
      x = add(net, x, dense(mixed, `${layer}.attention.output.dense`, width, width));

      const g = norm(x, `${layer}.LayerNorm`);
      const wide = gelu(net, dense(g, `${layer}.intermediate.dense`, width, inner));
      x = add(net, x, dense(wide, `${layer}.output.dense`, inner, width));
    }
    return {
      logits: maskedLanguageHead(net, norm(x, "esm.encoder.emb_layer_norm_after"), {
        dense: "lm_head.dense",
        norm: "lm_head.layer_norm",
        decoder: "lm_head.decoder",
        tied: table,
        bias: ["lm_head.bias", "lm_head.decoder.bias"],
        width,
        vocabulary,
        eps,
      }),
      width: vocabulary,
      longest: config.max_position_embeddings,
      mask,
      padding: config.pad_token_id,
      process: "absorbing",
      noise: { name: "linear" },
      mayHaveMore: true,
    };
  },
};

/**
 * ESM's "token dropout", in sampling as in training: rows of masks and of padding become 0, the others are scaled by
 * (1 - 0.12) / (1 - r), r = masks / tokens of the sequence. The published code divides by 0 where every token is
 * the mask; here all rows are then 0, as the masks' rows are everywhere.
 */
function withoutMasks(
  { graph, tokens }: Net,
  words: Value,
  { seen, mask }: { seen: Value; mask: number },
): Value {
  const float = (x: Value): Value => graph.node("Cast", [x], { attributes: { to: { int: 1 } } });
  const total = (x: Value): Value => graph.node("ReduceSum", [x, graph.constant("int64", [1])]);
  const valid = float(seen);
  const masked = float(graph.node("Equal", [tokens, graph.constant("int64", mask)]));
  const ratio = graph.node("Div", [total(masked), total(valid)]);
  const rest = graph.node("Sub", [graph.constant("float32", 1), ratio]);
  const some = graph.node("Max", [rest, graph.constant("float32", 1e-6)]);
  const scale = graph.node("Div", [graph.constant("float32", 1 - TRAINED_MASKS), some]);
  const shown = graph.node("Mul", [valid, graph.node("Sub", [graph.constant("float32", 1), masked])]);
  const factor = graph.node("Unsqueeze", [graph.node("Mul", [shown, scale]), graph.constant("int64", [2])]);
  return graph.node("Mul", [words, factor]);
}
