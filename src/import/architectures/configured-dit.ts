import type { Built } from "../architecture.ts";
import { headSize, whole } from "../architecture.ts";
import type { Net } from "../net.ts";
import type { Value } from "../onnx-file/graph.ts";
import { dit } from "./dit.ts";

type Field = "vocab_size" | "model_length" | "hidden_dim" | "cond_dim" | "n_blocks" | "n_heads";

/** The sizes in a config.json of MDLM, DUO and UDLM, as fields of a schema. */
export const ditFields: Readonly<Record<Field, typeof whole>> = {
  vocab_size: whole,
  model_length: whole,
  hidden_dim: whole,
  cond_dim: whole,
  n_blocks: whole,
  n_heads: whole,
};

/** The network of that config over noise levels `sigma` (absent: 0), and what follows from its sizes. */
export function configuredDit(
  net: Net,
  read: Readonly<Record<Field, number>>,
  { where, sigma }: { where: string; sigma?: Value },
): Pick<Built, "logits" | "width" | "longest"> {
  const { vocab_size: vocabulary, hidden_dim: width, n_heads: heads } = read;
  return {
    logits: dit(net, {
      ...{ prefix: "backbone.", vocabulary, width, heads },
      ...(sigma === undefined ? {} : { sigma }),
      size: headSize(width, heads, { where }),
      blocks: read.n_blocks,
      condition: read.cond_dim,
    }),
    width: vocabulary,
    longest: read.model_length,
  };
}
