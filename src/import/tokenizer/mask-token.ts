import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Fields, fields, namedToken } from "../../model/tokenizer-file.ts";
import { isThere } from "../../node/is-there.ts";
import { readJson } from "../../node/read-json.ts";

/** How tokenizers write the mask when they do not say. */
const usual = ["[MASK]", "<mask>"];

/**
 * The token that a checkpoint's tokenizer uses as the mask, as its files beside the weights say: tokenizer.json,
 * tokenizer_config.json, special_tokens_map.json or vocab.txt.
 *
 * @returns undefined if none of them says
 */
export async function maskToken(folder: string): Promise<number | undefined> {
  const [tokenizer, config, special] = await Promise.all(
    ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"].map((name) =>
      fieldsOf(join(folder, name)),
    ),
  );
  const named = [config!["mask_token"], special!["mask_token"]]
    .map(namedToken)
    .filter((text) => text !== undefined);
  for (const text of [...named, ...usual]) {
    const id = addedToken(tokenizer!["added_tokens"], text) ?? decoderToken(config!, text);
    if (id !== undefined) return id;
    const listed = fields(fields(tokenizer!["model"])["vocab"])[text];
    if (isToken(listed)) return listed;
  }
  const lines = await linesOf(join(folder, "vocab.txt"));
  for (const text of [...named, ...usual]) {
    const line = lines.indexOf(text);
    if (line >= 0) return line;
  }
  return undefined;
}

/** `added_tokens` of tokenizer.json: [{ id, content }] */
function addedToken(added: unknown, text: string): number | undefined {
  if (!Array.isArray(added)) return undefined;
  const id = added.map(fields).find(({ content }) => content === text)?.["id"];
  return isToken(id) ? id : undefined;
}

/** `added_tokens_decoder` of tokenizer_config.json: { "103": { content } } */
function decoderToken(config: Fields, text: string): number | undefined {
  const decoder = Object.entries(fields(config["added_tokens_decoder"]));
  const id = Number(decoder.find(([, entry]) => fields(entry)["content"] === text)?.[0]);
  return isToken(id) ? id : undefined;
}

function isToken(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

async function fieldsOf(path: string): Promise<Fields> {
  return (await isThere(path)) ? fields(await readJson(path)) : {};
}

async function linesOf(path: string): Promise<string[]> {
  const small = await stat(path).then(
    ({ size }) => size < 2 ** 26,
    () => false,
  );
  return small ? (await readFile(path, "utf8")).split(/\r?\n/) : [];
}
