/** In place of the library's text of tokens in the worker's build: the page itself turns tokens into text. */
import type { TextCodec } from "../../../src/model/text-codec.ts";

/** @throws Error always */
export function plainCodec(): TextCodec {
  throw new Error("The worker of this page writes no text; the page does.");
}
