import { z } from "zod";
import { checkSchema } from "../../model/check-schema.ts";
import type { Architecture } from "../architecture.ts";
import { configuredDit, ditFields } from "./configured-dit.ts";

const schema = z.object({
  ...ditFields,
  time_conditioning: z.boolean("true or false"),
});

/**
 * MDLM: logits of the clean token; the mask is the last token. Without time conditioning the noise level is 0
 * everywhere, and all that hangs on it is constant.
 *
 * Source: Sahoo et al. 2024, arXiv 2406.07524.
 */
export const mdlm: Architecture = {
  name: "mdlm",
  recognises: (config) => config["model_type"] === "mdlm",
  build(net, { config, where }) {
    const read = checkSchema(schema, config, where);
    const conditioned = read.time_conditioning;
    return {
      ...configuredDit(net, read, {
        where,
        ...(conditioned ? { sigma: net.graph.input("sigma", "float32", ["batch"]) } : {}),
      }),
      mask: read.vocab_size - 1,
      process: "absorbing",
      noise: { name: "linear", eps: 1e-3 },
      sigma: conditioned,
    };
  },
};
