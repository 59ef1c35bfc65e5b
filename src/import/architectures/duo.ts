import { z } from "zod";
import { checkSchema } from "../../model/check-schema.ts";
import { type Architecture, only } from "../architecture.ts";
import { configuredDit, ditFields } from "./configured-dit.ts";

const schema = z.object({
  ...ditFields,
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
        ...configuredDit(net, read, { where, sigma: net.graph.input("sigma", "float32", ["batch"]) }),
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
