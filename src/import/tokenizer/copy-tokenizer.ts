import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "../../model/manifest.ts";
import { tokenizerCodec } from "../../model/tokenizer.ts";
import { type Fields, fields } from "../../model/tokenizer-file.ts";
import { fileProblem } from "../../node/file-problem.ts";
import { isThere } from "../../node/is-there.ts";
import { readJson } from "../../node/read-json.ts";
import { buildTokenizer } from "./build-tokenizer.ts";

/** Bytes of a list of tokens or of merges that are read at most. */
const LIMIT = 2 ** 26;

/** A file of a model folder, ready to be written. */
export interface CopiedFile {
  readonly name: "tokenizer.json" | "tokenizer_config.json";
  readonly text: string;
}

/**
 * The tokenizer of a checkpoint folder as a model folder has it: tokenizer.json, made of the older files where it is
 * not there, and tokenizer_config.json, with what special_tokens_map.json says besides.
 *
 * @param options.vocabulary tokens of the network: the tokenizer must not have others
 * @returns undefined if the folder has no tokenizer
 * @throws Error with one sentence if a file is damaged, or of the tokenizer of another model
 */
export async function copyTokenizer(
  folder: string,
  {
    architecture,
    vocabulary,
    mask,
    padding,
  }: Pick<Manifest, "vocabulary" | "mask" | "padding"> & { readonly architecture: string },
): Promise<readonly CopiedFile[] | undefined> {
  const [special, own] = await Promise.all(
    ["special_tokens_map.json", "tokenizer_config.json"].map((name) => objectOf(join(folder, name))),
  );
  const config = { ...special, ...own };
  const published = join(folder, "tokenizer.json");
  const file = (await isThere(published))
    ? await readJson(published)
    : buildTokenizer({ ...(await olderFiles(folder)), config, architecture });
  if (file === undefined) return undefined;
  // Opened as the model folder's will be, so that one that cannot be used is refused before anything is written.
  await tokenizerCodec(file, config, {
    where: published,
    vocabulary,
    ...(mask === undefined ? {} : { mask }),
    ...(padding === undefined ? {} : { padding }),
  });
  return [
    { name: "tokenizer.json", text: `${JSON.stringify(file)}\n` },
    { name: "tokenizer_config.json", text: `${JSON.stringify(config, null, 2)}\n` },
  ];
}

/**
 * The tokenizer for a model folder: that of the folder that the caller names, else of the first place that has one.
 *
 * @param named the caller's folder; false for no tokenizer
 * @returns no files if there is none
 * @throws Error if there is none where the caller says that it is, and as `copyTokenizer` does
 */
export async function tokenizerFiles(
  named: string | false | undefined,
  { places, model }: { places: readonly string[]; model: Parameters<typeof copyTokenizer>[1] },
): Promise<readonly CopiedFile[]> {
  if (named === false) return [];
  for (const folder of named === undefined ? places : [named]) {
    const found = await copyTokenizer(folder, model);
    if (found) return found;
  }
  if (named === undefined) return [];
  throw new Error(
    `${named} has no tokenizer: expected tokenizer.json in it, or vocab.txt, or vocab.json and merges.txt`,
  );
}

/** vocab.txt, or vocab.json and merges.txt, as far as they are there. */
async function olderFiles(folder: string) {
  const lines = await linesOf(join(folder, "vocab.txt"));
  if (lines) return { lines };
  const path = join(folder, "vocab.json");
  const merges = await linesOf(join(folder, "merges.txt"));
  if (!merges || !(await isThere(path))) return {};
  const from = merges[0]?.startsWith("#version") ? 1 : 0;
  return { ids: fields(await readJson(path)) as Record<string, number>, merges: merges.slice(from) };
}

/** The lines of a text file without the empty end; undefined if it is not there. */
async function linesOf(path: string): Promise<string[] | undefined> {
  if (!(await isThere(path))) return undefined;
  try {
    const { size } = await stat(path);
    if (size > LIMIT) throw new RangeError(`it has ${size} bytes; expected at most ${LIMIT}`);
    return (await readFile(path, "utf8")).replace(/(\r?\n)+$/, "").split(/\r?\n/);
  } catch (cause) {
    throw new Error(`cannot read ${path}: ${fileProblem(cause)}`, { cause });
  }
}

async function objectOf(path: string): Promise<Fields> {
  return (await isThere(path)) ? fields(await readJson(path, { limit: 2 ** 24 })) : {};
}
