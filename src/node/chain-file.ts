import { type ChainFile, chainLimits, parseChain } from "../model/chain-file.ts";
import { readJson } from "./read-json.ts";

/**
 * Reads a chain file, as `parseChain` describes it; one above 64 MiB is refused.
 *
 * @throws Error with one sentence naming the file and what is wrong in it
 */
export async function readChainFile(path: string): Promise<ChainFile> {
  return parseChain(await readJson(path, { limit: chainLimits.bytes }), path);
}
