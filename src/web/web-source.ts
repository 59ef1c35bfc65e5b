import { type Files, readJsonOf } from "../model/files.ts";
import type { Manifest } from "../model/manifest.ts";
import type { ModelSource, NetworkFile, OpenNetwork } from "../model/model.ts";
import type { Network } from "../model/network-denoiser.ts";
import { tokenizerCodec } from "../model/tokenizer.ts";
import { fields } from "../model/tokenizer-file.ts";
import { sha256 } from "./sha256.ts";

/** The files below an address, and networks as the caller opens them. */
export function webSource(
  files: Files,
  openNetwork: (file: NetworkFile, network: Network) => Promise<OpenNetwork>,
): ModelSource {
  return {
    files,
    fingerprint: sha256,
    openNetwork,
    async openTokenizer(name, manifest) {
      const [file, config] = await Promise.all([
        readJsonOf(files, name),
        readJsonOf(files, configBeside(name)).catch(() => ({})), // Not every tokenizer has one.
      ]);
      return tokenizerCodec(file, fields(config), { ...manifest, where: files.where(name) });
    },
  };
}

/** Reads every file that a model needs beside its network, so that the cache has it. Problems are met when it is used. */
export async function keepData(files: Files, manifest: Manifest): Promise<void> {
  const { heldOut, fresh, tokenizer, measures = [] } = manifest;
  const names = [heldOut, fresh, tokenizer, tokenizer && configBeside(tokenizer)];
  for (const measure of measures) {
    for (const key of ["reference", "words", "common", "features"] as const) {
      const name = (measure as Partial<Record<typeof key, string>>)[key];
      if (name !== "chain") names.push(name);
    }
  }
  const wanted = new Set(names.filter((name) => name !== undefined));
  await Promise.allSettled(Array.from(wanted, (name) => files.bytes(name)));
}

function configBeside(tokenizer: string): string {
  return tokenizer.replace(/[^/]*$/, "tokenizer_config.json");
}
