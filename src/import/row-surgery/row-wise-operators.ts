import type { OnnxNode } from "../onnx-file/onnx-model.ts";

/** Of ONNX or of ONNX Runtime: an operator of any other domain may be called as one of these and be something else. */
export function isKnown({ domain }: Pick<OnnxNode, "domain">): boolean {
  return domain === "" || domain === "ai.onnx" || domain === "com.microsoft";
}

/** Each number of the output comes from those at its place in the inputs, which may be stretched along axes of 1. */
export const elementwise: ReadonlySet<string> = new Set(
  "Add Sub Mul Div Pow Max Min Sum Mean PRelu Where Clip BiasGelu FastGelu".split(" "),
);

/** Each number of the output comes from the one at its place in the input. */
export const unary: ReadonlySet<string> = new Set(
  `Identity Cast Relu LeakyRelu Elu Selu Celu ThresholdedRelu Gelu QuickGelu Swish Mish Tanh Sigmoid HardSigmoid
  HardSwish Softplus Softsign Erf Exp Log Neg Abs Sqrt Reciprocal Sign Floor Ceil Round Sin Cos Sinh Cosh Atan`.split(
    /\s+/,
  ),
);

/** Each row of the output, along one axis, comes from that row of the first input; the shape stays. */
export const alongAxis: ReadonlySet<string> = new Set([
  "Softmax",
  "LogSoftmax",
  "LayerNormalization",
  "SimplifiedLayerNormalization",
  "RMSNormalization",
]);

/** The same for the last axis, with a second input that is added to the first. */
export const skipping: ReadonlySet<string> = new Set([
  "SkipLayerNormalization",
  "SkipSimplifiedLayerNormalization",
]);

/** Sums and the like over axes that are named; one number is left of each row. */
export const reducing: ReadonlySet<string> = new Set(
  "ReduceMean ReduceSum ReduceMax ReduceMin ReduceSumSquare ReduceL1 ReduceL2 ReduceLogSumExp".split(" "),
);

/** The output has the shape of the first input. */
export const sameShape: ReadonlySet<string> = new Set([
  ...unary,
  ...alongAxis,
  ...skipping,
  "Dropout",
  "QuantizeLinear",
  "DequantizeLinear",
]);
