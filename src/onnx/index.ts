export type { FixedInput } from "./fixed-inputs.ts";
export { type OnnxContinuousDenoiserOptions, onnxContinuousDenoiser } from "./onnx-continuous-denoiser.ts";
export { type OnnxDenoiserOptions, onnxDenoiser } from "./onnx-denoiser.ts";
export type { OnnxSession } from "./onnx-session.ts";
