export { type FromTransformersOptions, fromTransformers, type MaskedModel } from "./from-transformers.ts";
export { decode, template } from "./text.ts";
export type { Tokenizer } from "./tokenizer.ts";
