import { checkSchema } from "../../model/check-schema.ts";
import { type Architecture, headSize } from "../architecture.ts";
import type { Net } from "../net.ts";
import type { Value } from "../onnx-file/graph.ts";
import { maskedLanguageHead } from "./masked-language-head.ts";
import { encoderSchema, postNormEncoder, wordTable } from "./post-norm-encoder.ts";

/**
 * RoBERTa as a masked language model: BERT's encoder with positions that count tokens and skip the padding.
 *
 * Source: Liu et al. 2019, arXiv 1907.11692.
 */
export const roberta: Architecture = {
  name: "roberta",
  recognises: (config) => config["model_type"] === "roberta",
  build(net, { config: given, where }) {
    const config = checkSchema(encoderSchema, given, where);
    const { hidden_size: width, vocab_size: vocabulary, pad_token_id: pad } = config;
    const longest = config.max_position_embeddings - pad - 1;
    if (longest < 1) {
      throw new RangeError(
        `${where}: max_position_embeddings is ${config.max_position_embeddings}; expected more than pad_token_id + 1 = ${pad + 1}, where positions begin`,
      );
    }
    const prefix = "roberta.";
    const size = headSize(width, config.num_attention_heads, { where, rotary: false });
    const hidden = postNormEncoder(net, { prefix, config, size, positions: countedFrom(net, pad) });
    return {
      logits: maskedLanguageHead(net, hidden, {
        dense: "lm_head.dense",
        norm: "lm_head.layer_norm",
        decoder: "lm_head.decoder",
        tied: wordTable(prefix),
        bias: ["lm_head.bias", "lm_head.decoder.bias"],
        width,
        vocabulary,
        eps: config.layer_norm_eps,
      }),
      width: vocabulary,
      longest,
      mask: "tokenizer",
      padding: pad,
      process: "absorbing",
      noise: { name: "linear" },
      mayHaveMore: true,
    };
  },
};

/** pad + number of tokens so far that are no padding, and pad itself at padding: int64 [batch, length]. */
function countedFrom({ graph, tokens }: Net, pad: number): Value {
  const padding = graph.node("Equal", [tokens, graph.constant("int64", pad)]);
  const one = graph.node("Cast", [graph.node("Not", [padding])], { attributes: { to: { int: 7 } } });
  const count = graph.node("CumSum", [one, graph.constant("int64", 1)]);
  return graph.node("Add", [graph.node("Mul", [count, one]), graph.constant("int64", pad)]);
}
