import { gelu, layerNorm, linear } from "../layers.ts";
import type { Net } from "../net.ts";
import type { Value } from "../onnx-file/graph.ts";

/** The names and sizes of a masked language model's head. */
export interface HeadOptions {
  readonly dense: string;
  /** Whether `dense` and the norm have biases. */
  readonly biases?: boolean;
  readonly norm: string;
  /** The matrix of the logits, if the file has one; else they are made with `tied`. */
  readonly decoder: string;
  readonly tied: string;
  readonly bias: readonly string[];
  readonly width: number;
  readonly vocabulary: number;
  readonly eps: number;
}

/** LN(gelu(dense x)) decoder^T + bias over rows [count, width]; the decoder is most often the table of embeddings. */
export function maskedLanguageHead(
  net: Net,
  rows: Value,
  { dense, biases = true, norm, decoder, tied, bias, width, vocabulary, eps }: HeadOptions,
): Value {
  const own = net.weights.has(`${decoder}.weight`);
  const turned = linear(net, rows, dense, { from: width, to: width, ...(biases ? {} : { bias: false }) });
  const h = layerNorm(net, gelu(net, turned), norm, { width, eps, bias: biases });
  return linear(net, h, decoder, {
    from: width,
    to: vocabulary,
    weight: own ? `${decoder}.weight` : tied,
    bias,
    coarsest: "int8",
  });
}
