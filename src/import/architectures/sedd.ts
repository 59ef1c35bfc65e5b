import { z } from "zod";
import { checkSchema } from "../../model/check-schema.ts";
import { type Architecture, headSize, positive, whole } from "../architecture.ts";
import { askedRows, asRows, type Net } from "../net.ts";
import type { Value } from "../onnx-file/graph.ts";
import { dit } from "./dit.ts";

const schema = z.object({
  tokens: whole,
  graph: z.object({ type: z.enum(["absorb", "uniform"]) }, "an object"),
  noise: z.object(
    { type: z.enum(["loglinear", "geometric"]), sigma_min: positive, sigma_max: positive },
    "an object",
  ),
  model: z.object(
    {
      hidden_size: whole,
      cond_dim: whole,
      n_blocks: whole,
      n_heads: whole,
      length: whole,
      scale_by_sigma: z.boolean("true or false"),
    },
    "an object",
  ),
});

/**
 * SEDD: log scores log(q_t(y) / q_t(x)), 0 for the token x that is there.
 *
 * Source: Lou, Meng, Ermon 2023, arXiv 2310.16834.
 */
export const sedd: Architecture = {
  name: "sedd",
  recognises: (config) => ["tokens", "graph", "model"].every((key) => Object.hasOwn(config, key)),
  build(net, { config, where }) {
    const { tokens, graph, noise, model } = checkSchema(schema, config, where);
    const absorbs = graph.type === "absorb";
    if (model.scale_by_sigma && !absorbs) {
      throw new Error(`${where}: model.scale_by_sigma is true; expected false where graph.type is uniform`);
    }
    const vocabulary = absorbs ? tokens + 1 : tokens;
    const sigma = net.graph.input("sigma", "float32", ["batch"]);
    const out = dit(net, {
      prefix: "",
      vocabulary,
      width: model.hidden_size,
      heads: model.n_heads,
      size: headSize(model.hidden_size, model.n_heads, { where }),
      blocks: model.n_blocks,
      condition: model.cond_dim,
      sigma,
    });
    return {
      logits: withoutOwn(net, model.scale_by_sigma ? scaled(net, out, { sigma, vocabulary }) : out),
      width: vocabulary,
      longest: model.length,
      ...(absorbs ? { mask: tokens } : {}),
      process: absorbs ? "absorbing" : "uniform",
      noise:
        noise.type === "loglinear"
          ? { name: "linear", eps: 1e-3 }
          : { name: "geometric", sigmaMin: noise.sigma_min, sigmaMax: noise.sigma_max },
      sigma: true,
      returns: "log-scores",
    };
  },
};

/** out - log(e^sigma - 1) - log(V - 1), where log(e^sigma - 1) = sigma/2 + log(2 sinh(sigma/2)) is exact near 0. */
function scaled(
  { graph, asked }: Net,
  out: Value,
  { sigma, vocabulary }: { sigma: Value; vocabulary: number },
): Value {
  const half = graph.node("Mul", [sigma, graph.constant("float32", 0.5)]);
  const log = graph.node("Add", [half, graph.node("Log", [graph.node("Sinh", [half])])]);
  const level = graph.node("Add", [log, graph.constant("float32", Math.LN2 + Math.log(vocabulary - 1))]);
  const levels = graph.node("Gather", [level, asked().sequences]);
  return graph.node("Sub", [out, graph.node("Unsqueeze", [levels, graph.constant("int64", [1])])]);
}

/** Entry x of each position set to 0, the log score of staying. */
function withoutOwn(net: Net, scores: Value): Value {
  const { graph, tokens } = net;
  const own = askedRows(net, asRows(net, tokens, 1));
  const zeros = graph.node("Expand", [graph.constant("float32", 0), graph.node("Shape", [own])]);
  return graph.node("ScatterElements", [scores, own, zeros], { attributes: { axis: { int: 1 } } });
}
