/** In place of the library's tokenizers in the worker's build: none of its models has one. */
import type { TextCodec } from "../../../src/model/text-codec.ts";

/** @throws Error always */
export function tokenizerCodec(): Promise<TextCodec> {
  throw new Error("This page has no tokenizers; use the library for models of words.");
}
