/** Checkpoints with what the published reference code returns for them; fixtures/ckpt/README.md describes each. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

/** Small checkpoints, one of each kind. */
export const fixtures: string = fileURLToPath(new URL("fixtures/ckpt/", import.meta.url));

/** The checkpoints to be tested: the fixtures, or others of these kinds in the folder that FEWSTEP_CKPT names. */
export const checkpoints: string = process.env["FEWSTEP_CKPT"] ?? fixtures;

/** Names of the checkpoint folders. */
export const checkpointNames: readonly string[] = readdirSync(checkpoints).filter((name) =>
  existsSync(join(checkpoints, name, "golden.json")),
);

/** [batch, length, vocab] numbers, flat. */
export interface Expected {
  readonly shape: readonly [number, number, number];
  readonly data: readonly number[];
}

export interface GoldenCase {
  readonly name?: string;
  readonly inputs: {
    readonly tokens: readonly (readonly number[])[];
    readonly sigma?: readonly number[];
    /** Noise levels too, whatever the name. */
    readonly timesteps?: readonly number[];
    readonly attention_mask?: readonly (readonly number[])[];
  };
  readonly expected: {
    readonly raw: Expected;
    readonly post: {
      readonly subs_log_probs?: Expected;
      readonly log_probs?: Expected;
      readonly shifted_logits?: Expected;
      readonly analytic_probs?: Expected & { readonly dsigma: readonly number[] };
      readonly ancestral_posterior?: Expected & { readonly t: readonly number[]; readonly step: number };
    };
  };
}

export interface Golden extends GoldenCase {
  readonly family: string;
  readonly mask_index: number | null;
  readonly parameters: number;
  readonly cases: readonly GoldenCase[];
  readonly checks: { readonly suggested_atol: number };
}

/** What the reference returned for a checkpoint of a folder. */
export function goldenOf(name: string, folder: string): Golden {
  return JSON.parse(readFileSync(join(folder, name, "golden.json"), "utf8")) as Golden;
}

/** A folder for what a test writes, which goes with the test file. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "fewstep-import-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A copy of a fixture whose config.json is changed; undefined removes a field. */
export function changedCopy(place: string, name: string, changes: Record<string, unknown> = {}): string {
  const folder = mkdtempSync(join(place, `${name}-`));
  cpSync(join(fixtures, name), folder, {
    recursive: true,
    filter: (path) => !path.endsWith("golden.json"),
  });
  const path = join(folder, "config.json");
  const config = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify({ ...config, ...changes }));
  return folder;
}
