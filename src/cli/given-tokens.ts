import { readFile } from "node:fs/promises";
import { InvalidArgumentError } from "commander";
import type { Manifest } from "../model/manifest.ts";
import type { Model } from "../model/model.ts";
import type { TextCodec } from "../model/text-codec.ts";
import { fileProblem } from "../node/file-problem.ts";
import { readManifest } from "../node/manifest.ts";
import { manifestText } from "../node/model.ts";
import { modelFolder } from "../node/model-folder.ts";

/** Options that say what a run is given, and how long its sequences are. */
export interface GivenOptions {
  readonly given?: string;
  readonly givenFile?: string;
  readonly prompt?: string;
  readonly answer?: number;
  readonly length?: number;
  readonly plan?: string;
}

/** What is known of what a run is given before its model is loaded. */
export interface ReadGiven {
  /** D; absent for the model's usual length. */
  readonly length?: number;
  /** The text of --given or --given-file, which may be a pipe and can be read once. */
  readonly template?: string;
  /** The model's text, where the length is that of one. */
  readonly text?: TextCodec;
}

/** What a run is given, and how its samples are written. */
export interface Given {
  /** [length] tokens that stay, -1 where free; absent where all is free. */
  readonly tokens?: Int32Array;
  /** Of whole sequences, or of what answers a prompt. */
  readonly text: TextCodec;
}

/**
 * Reads what a run is given, and how long its sequences are: as --length says; else as long as the text that is
 * given, where the network takes any length and no plan fixes it.
 */
export async function readGiven(reference: string, options: GivenOptions): Promise<ReadGiven> {
  const { length, prompt, answer, plan } = options;
  const template = await givenText(options);
  const read = {
    ...(length === undefined ? {} : { length }),
    ...(template === undefined ? {} : { template }),
  };
  if (length !== undefined || plan !== undefined || reference.startsWith("chain:")) return read;
  if (template === undefined && (prompt === undefined || answer === undefined)) return read;
  const folder = await modelFolder(reference);
  const manifest = await readManifest(folder);
  if (!isElastic(manifest)) return read;
  const text = await manifestText(folder, manifest);
  const whole = template ?? prompt + text.blanks(answer!);
  return { ...read, length: text.template(whole).length, text };
}

/**
 * The tokens that a run is given, from --given, --given-file, or --prompt and --answer. A network that was trained on
 * sequences between special tokens and does not see padding is given those tokens always.
 */
export async function givenTokens(
  model: Model,
  options: GivenOptions,
  { template, text: opened }: ReadGiven,
): Promise<Given> {
  const { length } = model.denoiser;
  const text = opened ?? (await model.text());
  if (template !== undefined) return { tokens: text.template(template, { length }), text };
  if (options.prompt !== undefined) return answered(model, { ...options, prompt: options.prompt }, text);
  if (text.units !== "pieces" || model.manifest?.padding === undefined) return { text };
  const around = text.template(text.blanks(1)).length - 1;
  return around === 0 || around >= length
    ? { text }
    : { tokens: text.template(text.blanks(length - around), { length }), text };
}

/** A prompt, blanks behind it, and text that leaves the prompt out. */
function answered(
  { name, denoiser: { length }, manifest }: Model,
  { prompt, answer }: GivenOptions & { readonly prompt: string },
  text: TextCodec,
): Given {
  const alone = text.template(prompt);
  const room = length - alone.length;
  const count = answer ?? room;
  if (room < 1 || count > room) {
    throw new InvalidArgumentError(
      `the prompt has ${alone.length} tokens and a sequence ${length}, so ${room < 1 ? "nothing is left for an answer" : `an answer has at most ${room} tokens, not ${count}`}; shorten the prompt${isElastic(manifest) ? " or set --length" : ""}`,
    );
  }
  if (count < room && !isElastic(manifest)) {
    throw new InvalidArgumentError(
      `--answer was set, and the sequences of "${name}" have ${length} tokens whatever the prompt; leave it out`,
    );
  }
  const tokens = text.template(prompt + text.blanks(count), { length });
  const from = tokens.findIndex((token, at) => token !== alone[at]);
  return { tokens, text: { ...text, decode: (row) => text.decode(row, { from }) } };
}

function isElastic(manifest: Manifest | undefined): boolean {
  return manifest?.longest !== undefined && manifest.tokenizer !== undefined;
}

/** The template of --given or --given-file, without the file's last line end. */
async function givenText({ given, givenFile, prompt, answer }: GivenOptions): Promise<string | undefined> {
  const set = Object.entries({ "--given": given, "--given-file": givenFile, "--prompt": prompt })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name);
  if (set.length > 1) {
    throw new InvalidArgumentError(`${set.join(" and ")} were both set; use one of them`);
  }
  if (answer !== undefined && prompt === undefined) {
    throw new InvalidArgumentError("--answer was set without --prompt; say what is to be answered");
  }
  return givenFile === undefined ? given : (await readTemplate(givenFile)).replace(/\r?\n$/, "");
}

async function readTemplate(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new Error(`--given-file: cannot read ${path}: ${fileProblem(cause)}`, { cause });
  }
}
