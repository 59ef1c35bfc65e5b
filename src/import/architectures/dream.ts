import { z } from "zod";
import { checkSchema } from "../../model/check-schema.ts";
import { type Architecture, headSize, only, positive, token, whole } from "../architecture.ts";
import { linear } from "../layers.ts";
import { checkKeyHeads, gatedBlocks } from "./gated-blocks.ts";

const schema = z.object({
  hidden_size: whole,
  num_hidden_layers: whole,
  num_attention_heads: whole,
  num_key_value_heads: whole,
  intermediate_size: whole,
  vocab_size: whole,
  max_position_embeddings: whole,
  rms_norm_eps: positive,
  rope_theta: positive,
  mask_token_id: token,
  rope_scaling: only(null),
  hidden_act: only("silu"),
  tie_word_embeddings: only(false),
  use_sliding_window: only(false),
  use_mrope: only(false),
});

/**
 * Dream: logits of the next clean token, as of the causal model it was made from.
 *
 * Source: Ye et al. 2025, arXiv 2508.15487.
 */
export const dream: Architecture = {
  name: "dream",
  recognises: (config) => config["model_type"] === "Dream",
  build(net, { config, where }) {
    const read = checkSchema(schema, config, where);
    const {
      hidden_size: width,
      num_attention_heads: heads,
      num_key_value_heads: keyHeads,
      vocab_size: vocabulary,
    } = read;
    checkKeyHeads(heads, keyHeads, where);
    const hidden = gatedBlocks(net, {
      tokens: "model.embed_tokens.weight",
      finalNorm: "model.norm",
      block(i) {
        const layer = `model.layers.${i}`;
        return {
          norm1: `${layer}.input_layernorm`,
          q: `${layer}.self_attn.q_proj`,
          k: `${layer}.self_attn.k_proj`,
          v: `${layer}.self_attn.v_proj`,
          out: `${layer}.self_attn.o_proj`,
          norm2: `${layer}.post_attention_layernorm`,
          gate: `${layer}.mlp.gate_proj`,
          up: `${layer}.mlp.up_proj`,
          down: `${layer}.mlp.down_proj`,
        };
      },
      vocabulary,
      width,
      heads,
      keyHeads,
      size: headSize(width, heads, { where }),
      blocks: read.num_hidden_layers,
      inner: read.intermediate_size,
      eps: read.rms_norm_eps,
      base: read.rope_theta,
      biases: true,
    });
    return {
      logits: linear(net, hidden, "lm_head", { from: width, to: vocabulary, bias: false, coarsest: "int8" }),
      width: vocabulary,
      longest: read.max_position_embeddings,
      mask: read.mask_token_id,
      process: "absorbing",
      noise: { name: "linear" },
      returns: "next-logits",
    };
  },
};
