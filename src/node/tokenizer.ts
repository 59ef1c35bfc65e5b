import { dirname, join } from "node:path";
import type { TextCodec } from "../model/text-codec.ts";
import { type TokenMeaning, tokenizerCodec } from "../model/tokenizer.ts";
import { fields } from "../model/tokenizer-file.ts";
import { isThere } from "./is-there.ts";
import { readJson } from "./read-json.ts";

/**
 * Opens a tokenizer.json, and the tokenizer_config.json beside it if there is one. A blank of a template is written
 * [MASK] for every tokenizer, or as the tokenizer itself writes its mask.
 *
 * @param path the tokenizer.json
 * @throws Error with one sentence if a file cannot be read, is none of a tokenizer, or has tokens that the model
 * does not have
 */
export async function openTokenizer(path: string, meaning: TokenMeaning): Promise<TextCodec> {
  const beside = join(dirname(path), "tokenizer_config.json");
  const [file, config] = await Promise.all([
    readJson(path),
    isThere(beside).then(async (there) => (there ? fields(await readJson(beside)) : {})),
  ]);
  return tokenizerCodec(file, config, { ...meaning, where: path });
}
