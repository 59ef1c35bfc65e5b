import { z } from "zod";
import { checkSchema } from "../../model/check-schema.ts";
import { type Architecture, headSize, only, positive, token, whole } from "../architecture.ts";
import { attention, notPadding, rotary, windowBias } from "../attention.ts";
import { add, embedding, gelu, layerNorm, linear, multiply, split } from "../layers.ts";
import { askedRows, asRows } from "../net.ts";
import type { Value } from "../onnx-file/graph.ts";
import { maskedLanguageHead } from "./masked-language-head.ts";

const theta = z.object({ rope_theta: positive, rope_type: only("default") }, "an object");

/** Which layers see everything, and the rotary bases: as transformers 4 writes them, or as 5 does. */
const schema = z.object({
  vocab_size: whole,
  hidden_size: whole,
  intermediate_size: whole,
  num_hidden_layers: whole,
  num_attention_heads: whole,
  max_position_embeddings: whole,
  norm_eps: positive,
  local_attention: whole,
  pad_token_id: token,
  global_attn_every_n_layers: whole.optional(),
  global_rope_theta: positive.optional(),
  local_rope_theta: positive.optional(),
  layer_types: z.array(z.enum(["full_attention", "sliding_attention"]), "a list").optional(),
  rope_parameters: z.object({ full_attention: theta, sliding_attention: theta }, "an object").optional(),
  hidden_activation: only("gelu"),
  classifier_activation: only("gelu"),
  norm_bias: only(false),
  attention_bias: only(false),
  mlp_bias: only(false),
  classifier_bias: only(false),
  decoder_bias: only(true),
});

/**
 * ModernBERT as a masked language model: norms before the sums, rotary positions, gated MLPs, and layers that see
 * a window only.
 *
 * Source: Warner et al. 2024, arXiv 2412.13663.
 */
export const modernbert: Architecture = {
  name: "modernbert",
  recognises: (config) => config["model_type"] === "modernbert",
  build(net, { config: given, where }) {
    const config = checkSchema(schema, given, where);
    const { hidden_size: width, intermediate_size: inner, num_attention_heads: heads } = config;
    const { vocab_size: vocabulary, norm_eps: eps } = config;
    const { isLocal, globalBase, localBase } = layerKinds(config, where);
    const size = headSize(width, heads, { where });
    const norm = (x: Value, name: string): Value => layerNorm(net, x, name, { width, eps, bias: false });
    const dense = (x: Value, name: string, from: number, to: number): Value =>
      linear(net, x, name, { from, to, bias: false });

    const everywhere = { rotary: rotary(net, { size, base: globalBase }) };
    const nearby = {
      rotary: rotary(net, { size, base: localBase }),
      bias: windowBias(net, Math.floor(config.local_attention / 2)),
    };
    const seen = notPadding(net, config.pad_token_id);
    const table = "model.embeddings.tok_embeddings.weight";
    const first = embedding(net, table, { count: vocabulary, width });
    let x = asRows(net, norm(first, "model.embeddings.norm"), width);
    for (let i = 0; i < config.num_hidden_layers; i++) {
      const layer = `model.layers.${i}`;
      const h = i === 0 ? x : norm(x, `${layer}.attn_norm`);
      const [q, k, v] = split(net, dense(h, `${layer}.attn.Wqkv`, width, 3 * width), 3);
      const view = isLocal(i) ? nearby : everywhere;
      let mixed = attention(net, [q!, k!, v!], { heads, size, seen, ...view });
      if (i === config.num_hidden_layers - 1) [x, mixed] = [askedRows(net, x), askedRows(net, mixed)];
      x = add(net, x, dense(mixed, `${layer}.attn.Wo`, width, width));

      const g = norm(x, `${layer}.mlp_norm`);
      const [a, b] = split(net, dense(g, `${layer}.mlp.Wi`, width, 2 * inner), 2);
      x = add(net, x, dense(multiply(net, gelu(net, a!), b!), `${layer}.mlp.Wo`, inner, width));
    }
    return {
      logits: maskedLanguageHead(net, norm(x, "model.final_norm"), {
        dense: "head.dense",
        biases: false,
        norm: "head.norm",
        decoder: "decoder",
        tied: table,
        bias: ["decoder.bias"],
        width,
        vocabulary,
        eps,
      }),
      width: vocabulary,
      longest: config.max_position_embeddings,
      mask: "tokenizer",
      padding: config.pad_token_id,
      process: "absorbing",
      noise: { name: "linear" },
      mayHaveMore: true,
    };
  },
};

/** @throws RangeError if the config says neither, or lists other layers than there are */
function layerKinds(config: z.infer<typeof schema>, where: string) {
  const { layer_types: types, global_attn_every_n_layers: every, num_hidden_layers: layers } = config;
  const globalBase = config.rope_parameters?.full_attention.rope_theta ?? config.global_rope_theta;
  const localBase = config.rope_parameters?.sliding_attention.rope_theta ?? config.local_rope_theta;
  if (globalBase === undefined || localBase === undefined) {
    throw new RangeError(
      `${where}: the bases of the rotary embeddings are missing; expected rope_parameters, or global_rope_theta and local_rope_theta`,
    );
  }
  if (types && types.length !== layers) {
    throw new RangeError(
      `${where}: layer_types has ${types.length} entries; expected one for each of the ${layers} layers`,
    );
  }
  if (!types && every === undefined) {
    throw new RangeError(
      `${where}: expected layer_types or global_attn_every_n_layers, and both are missing`,
    );
  }
  const isLocal = (i: number): boolean => (types ? types[i] === "sliding_attention" : i % every! !== 0);
  return { isLocal, globalBase, localBase };
}
