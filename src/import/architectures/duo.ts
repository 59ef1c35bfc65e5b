import { z } from "zod";
import { checkSchema } from "../../node/check-schema.ts";
import { type Architecture, headSize, only, whole } from "../architecture.ts";
import { dit } from "./dit.ts";

const schema = z.object({
  vocab_size: whole,
  model_length: whole,
  hidden_dim: whole,
  cond_dim: whole,
  n_blocks: whole,
  n_heads: whole,
  causal: only(false),
  cfg: only(false),
  time_conditioning: only(true),
});

/**
 * DUO and UDLM: logits of the clean token under uniform noise. Both are trained with the plug-in posterior, for
 * which a network predicts a token from the others.
 */
function uniformState(type: string): Architecture {
  return {
    name: type,
    recognises: (config) => config["model_type"] === type,
    build(net, { config, where }) {
      const read = checkSchema(schema, config, where);
      return {
        ...dit(net, {
          prefix: "backbone.",
          vocabulary: read.vocab_size,
          width: read.hidden_dim,
          heads: read.n_heads,
          size: headSize(read.hidden_dim, read.n_heads, { where }),
          blocks: read.n_blocks,
          condition: read.cond_dim,
          sigma: net.graph.input("sigma", "float32", ["batch"]),
        }),
        width: read.vocab_size,
        longest: read.model_length,
        process: "uniform",
        noise: { name: "linear", eps: 1e-3 },
        sigma: true,
        returns: "leave-one-out-logits",
      };
    },
  };
}

/** Source: Sahoo et al. 2025, arXiv 2506.10892. */
export const duo: Architecture = uniformState("duo");

/** Source: Schiff et al. 2024, arXiv 2412.10193. */
export const udlm: Architecture = uniformState("udlm");
