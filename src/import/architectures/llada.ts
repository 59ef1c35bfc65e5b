import { z } from "zod";
import { checkSchema } from "../../model/check-schema.ts";
import { type Architecture, headSize, only, positive, token, whole } from "../architecture.ts";
import { linear } from "../layers.ts";
import { checkKeyHeads, gatedBlocks } from "./gated-blocks.ts";

const schema = z.object({
  d_model: whole,
  n_layers: whole,
  n_heads: whole,
  n_kv_heads: whole,
  mlp_hidden_size: whole,
  vocab_size: whole,
  embedding_size: whole,
  max_sequence_length: whole,
  rope_theta: positive,
  rms_norm_eps: positive,
  mask_token_id: token,
  block_type: only("llama"),
  activation_type: only("silu"),
  layer_norm_type: only("rms"),
  layer_norm_with_affine: only(true),
  rope: only(true),
  rope_full_precision: only(true),
  weight_tying: only(false),
  include_bias: only(false),
  include_qkv_bias: only(false),
  bias_for_layer_norm: only(false),
  attention_layer_norm: only(false),
  alibi: only(false),
  multi_query_attention: only(null),
  scale_logits: only(false),
  input_emb_norm: only(false),
});

/**
 * LLaDA: logits of the clean token; the mask is a token in the midst of the vocabulary.
 *
 * Source: Nie et al. 2025, arXiv 2502.09992.
 */
export const llada: Architecture = {
  name: "llada",
  recognises: (config) => config["model_type"] === "llada",
  build(net, { config, where }) {
    const read = checkSchema(schema, config, where);
    const { d_model: width, n_heads: heads, n_kv_heads: keyHeads, embedding_size: vocabulary } = read;
    if (read.vocab_size !== vocabulary) {
      throw new RangeError(
        `${where}: vocab_size is ${read.vocab_size} and embedding_size ${vocabulary}; expected them to be equal, as in the published models`,
      );
    }
    checkKeyHeads(heads, keyHeads, where);
    const part = "model.transformer";
    const hidden = gatedBlocks(net, {
      tokens: `${part}.wte.weight`,
      finalNorm: `${part}.ln_f`,
      block(i) {
        const block = `${part}.blocks.${i}`;
        return {
          norm1: `${block}.attn_norm`,
          q: `${block}.q_proj`,
          k: `${block}.k_proj`,
          v: `${block}.v_proj`,
          out: `${block}.attn_out`,
          norm2: `${block}.ff_norm`,
          gate: `${block}.ff_proj`,
          up: `${block}.up_proj`,
          down: `${block}.ff_out`,
        };
      },
      vocabulary,
      width,
      heads,
      keyHeads,
      size: headSize(width, heads, { where }),
      blocks: read.n_layers,
      inner: read.mlp_hidden_size,
      eps: read.rms_norm_eps,
      base: read.rope_theta,
      biases: false,
    });
    return {
      logits: linear(net, hidden, `${part}.ff_out`, {
        from: width,
        to: vocabulary,
        bias: false,
        coarsest: "int8",
      }),
      width: vocabulary,
      longest: read.max_sequence_length,
      mask: read.mask_token_id,
      process: "absorbing",
      noise: { name: "linear" },
    };
  },
};
