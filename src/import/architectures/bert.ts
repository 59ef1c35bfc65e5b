import { checkSchema } from "../../model/check-schema.ts";
import { type Architecture, headSize } from "../architecture.ts";
import { maskedLanguageHead } from "./masked-language-head.ts";
import { encoderSchema, postNormEncoder, wordTable } from "./post-norm-encoder.ts";

/**
 * BERT as a masked language model, which is a time-free masked diffusion model.
 *
 * Source: Devlin et al. 2018, arXiv 1810.04805.
 */
export const bert: Architecture = {
  name: "bert",
  recognises: (config) => config["model_type"] === "bert",
  build(net, { config: given, where }) {
    const config = checkSchema(encoderSchema, given, where);
    const { hidden_size: width, vocab_size: vocabulary } = config;
    const prefix = "bert.";
    const size = headSize(width, config.num_attention_heads, { where, rotary: false });
    const head = "cls.predictions";
    const hidden = postNormEncoder(net, { prefix, config, size, positions: net.places });
    return {
      logits: maskedLanguageHead(net, hidden, {
        dense: `${head}.transform.dense`,
        norm: `${head}.transform.LayerNorm`,
        decoder: `${head}.decoder`,
        tied: wordTable(prefix),
        bias: [`${head}.bias`, `${head}.decoder.bias`],
        width,
        vocabulary,
        eps: config.layer_norm_eps,
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
