import { InvalidArgumentError, Option } from "commander";
import { type NamedPart, parsePart } from "../make-part.ts";
import { correctors, noises, processes, samplers, selectors } from "../parts.ts";

/** Reads "4,8,16" as whole numbers >= 1, each once. */
export function stepList(text: string): number[] {
  return [...new Set(text.split(",").map((part) => positive(part.trim())))];
}

/** Reads a whole number >= 1. */
export function positive(text: string): number {
  return atLeast(text, 1);
}

/** Reads a whole number >= 0. */
export function natural(text: string): number {
  return atLeast(text, 0);
}

/** Reads a whole number >= 2: as few sequences as have a standard error. */
export function several(text: string): number {
  return atLeast(text, 2);
}

/** Reads 0 or a whole number >= 2. */
export function noneOrSeveral(text: string): number {
  return text === "0" ? 0 : several(text);
}

/** Reads any number >= 0. */
export function nonNegative(text: string): number {
  const value = real(text);
  if (value < 0) throw new InvalidArgumentError(`"${text}" is not a number >= 0.`);
  return value;
}

/** Reads any number. */
export function real(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError(`"${text}" is not a number.`);
  return value;
}

function atLeast(text: string, least: number): number {
  if (!/^\d+$/.test(text) || Number(text) < least || !Number.isSafeInteger(Number(text))) {
    throw new InvalidArgumentError(`"${text}" is not a whole number >= ${least}.`);
  }
  return Number(text);
}

/** Reads a part, as theta-trapezoidal:theta=0.4. */
export function part(text: string): NamedPart {
  try {
    return parsePart(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

/** Reads a selector, as stratified or dilated:length=256; the text stays as it is. */
export function selectorText(text: string): string {
  const { name } = part(text);
  if (!Object.hasOwn(selectors, name)) {
    throw new InvalidArgumentError(
      `"${name}" is no selector, expected one of ${Object.keys(selectors).join(", ")}.`,
    );
  }
  return text.trim();
}

/** The options that several commands share, each described once. */
export const shared = {
  json: (): Option => new Option("--json", "print the result as JSON"),
  seed: (): Option => new Option("--seed <n>", "same seed, same result").argParser(natural).default(0),
  select: (initial?: string): Option => {
    const option = new Option(
      "--select <part>",
      `which positions commit in a step: ${Object.keys(selectors).join(", ")}`,
    ).argParser(selectorText);
    return initial === undefined ? option : option.default(initial);
  },
  steps: (initial: number[] | undefined, text = "numbers of model calls, as 4,8,16"): Option => {
    const option = new Option("--steps <list>", text).argParser(stepList);
    return initial ? option.default(initial, initial.join(",")) : option;
  },
  batch: (): Option =>
    new Option("--batch <n>", "sequences run together; changes speed, never the samples")
      .argParser(positive)
      .default(8),
  small: (): Option => new Option("--small", "the model's smaller file, where it has one"),
  threads: (): Option =>
    new Option("--threads <n>", "threads of one model call (default: all)").argParser(positive),
  sequences: (initial: number, text: string): Option =>
    new Option("--sequences <n>", text).argParser(positive).default(initial),
  levels: (): Option =>
    new Option(
      "--levels <n>",
      "points of the information curve; without a mask times that a grid is chosen from",
    )
      .argParser(positive)
      .default(40),
  prefix: (): Option =>
    new Option("--prefix <n>", "go on from n given tokens, those that the model's fresh data begin with")
      .argParser(natural)
      .default(0),
  process: (): Option =>
    new Option(
      "--process <part>",
      `for chains, how tokens are corrupted: ${Object.keys(processes).join(", ")} (default: the model's)`,
    ).argParser(part),
  /** @param also what other models take */
  noise: (also = ""): Option =>
    new Option(
      "--noise <part>",
      `for chains, how fast: ${Object.keys(noises).join(", ")}, as linear:eps=0.001${also} (default: the model's)`,
    ).argParser(part),
  sampler: (): Option =>
    new Option("--sampler <part>", `how one step is made: ${Object.keys(samplers).join(", ")}`).argParser(
      part,
    ),
  corrector: (): Option =>
    new Option(
      "--corrector <part>",
      `moves after each step: ${Object.keys(correctors).join(", ")}`,
    ).argParser(part),
};
