/** A small model on a hub of this machine, and caches it is fetched into. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type FetchedCheckpoint,
  type FetchOptions,
  fetchCheckpoint,
} from "../src/import/hub/fetch-checkpoint.ts";
import { hubFrom, type Patience } from "../src/import/hub/hub.ts";
import { fixtures, scratch } from "./checkpoints.ts";
import { COMMIT, type HubServer } from "./hub-server.ts";

export const place: string = scratch();
export const WEIGHTS = "model.safetensors";
export const quick: Patience = { tries: 4, delay: 1, idle: 2000 };

export const config: Buffer = readFileSync(join(fixtures, "duo", "config.json"));
export const weights: Buffer = readFileSync(join(fixtures, "duo", WEIGHTS));

/** A model as hubs have them: what an import needs among what it does not. */
export function model(): Record<string, Buffer> {
  return {
    ".gitattributes": Buffer.from("*.safetensors filter=lfs\n"),
    "README.md": Buffer.from("---\nlicense: mit\n---\n"),
    "config.json": config,
    "tokenizer_config.json": Buffer.from("{}"),
    "merges.txt": Buffer.alloc(0),
    [WEIGHTS]: weights,
    "pytorch_model.bin": Buffer.from("a pickle"),
    "onnx/model.onnx": Buffer.from("an export"),
    "model.fp16.safetensors": weights,
  };
}

export const wanted: readonly string[] = ["config.json", "tokenizer_config.json", "merges.txt", WEIGHTS];

export interface Wishes extends Partial<Omit<FetchOptions, "hub">> {
  readonly token?: string;
  readonly patience?: Patience;
}

/** Fetches the server's model into a new cache, or the one that is named. */
export function fetched(
  server: HubServer,
  { token, patience = quick, ...options }: Wishes = {},
): Promise<FetchedCheckpoint> {
  const environment = { HF_ENDPOINT: server.endpoint, ...(token ? { HF_TOKEN: token } : {}) };
  const cache = mkdtempSync(join(place, "cache-"));
  return fetchCheckpoint(server.id, { hub: hubFrom(environment, patience), cache, ...options });
}

/** The folder of the checkpoint in a cache, and its parts. */
export function kept(cache: string): { folder: string; names: string[]; parts: string[] } {
  const folder = join(cache, "hub", "org--name", COMMIT);
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return { folder, names, parts: names.filter((name) => name.endsWith(".part")) };
}

/** A cache with a part of the weights. */
export function begun(part: Uint8Array, name = `${WEIGHTS}.part`): { cache: string; folder: string } {
  const cache = mkdtempSync(join(place, "cache-"));
  const { folder } = kept(cache);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), part);
  return { cache, folder };
}

/** The sentence that refuses it. */
export async function problem(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => assert.fail("it was not refused"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof Error, String(error));
  assert.match(error.message, /^[^\n]{20,1000}[^.\n]$/);
  assert.doesNotMatch(error.message, /undefined|\[object|NaN|fetch failed/);
  return error.message;
}

/** An answer for the store only. */
export function storeOnly(answer: HubServer["instead"]): HubServer["instead"] {
  return (asked, response, count) => asked.at === "store" && answer(asked, response, count);
}
