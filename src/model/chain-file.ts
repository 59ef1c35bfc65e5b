import type { ChainOptions } from "../denoisers/markov-chain.ts";
import { checkAlphabet } from "./text.ts";

/** A Markov chain as a file holds it. */
export interface ChainFile {
  readonly chain: ChainOptions;
  /** V, the number of tokens. */
  readonly vocabulary: number;
  /** The character of each token, if the file says. */
  readonly alphabet?: string;
}

/** What a chain file may have at most. */
export const chainLimits: { readonly [Name in "bytes" | "transition" | "length" | "messages"]: number } = {
  bytes: 2 ** 26,
  transition: 4e6,
  length: 1e5,
  messages: 2e7,
};

/**
 * Checks {"initial": [V^k], "transition": [[V], ... V^k rows], "length": D, "alphabet"?}: a chain of order k.
 *
 * Refused are V^k V > 4e6, D > 1e5, and D V^k > 2e7 (memory of the posterior).
 *
 * @param file JSON of the file
 * @param path the file, as errors name it
 * @throws Error with one sentence naming the file and what is wrong in it
 */
export function parseChain(file: unknown, path: string): ChainFile {
  const refuse = (problem: string): Error => new Error(`${path}: ${problem}`);
  if (!isRecord(file)) throw refuse(`expected an object with "initial", "transition" and "length"`);
  const { initial, transition, length, alphabet } = file;
  if (!Array.isArray(initial) || initial.length === 0) {
    throw refuse(`initial is ${kindOf(initial)}; expected a list of V^k probabilities`);
  }
  if (!Array.isArray(transition) || !Array.isArray(transition[0]) || transition[0].length === 0) {
    throw refuse(`transition is ${kindOf(transition)}; expected a list of V^k lists of V probabilities`);
  }
  const contexts = initial.length;
  const vocabulary = transition[0].length;
  const order = Math.max(1, vocabulary > 1 ? Math.round(Math.log(contexts) / Math.log(vocabulary)) : 1);
  if (vocabulary ** order !== contexts) {
    throw refuse(
      `initial has ${contexts} entries and the first row of transition ${vocabulary}; expected V^k and V`,
    );
  }
  if (transition.length !== contexts) {
    throw refuse(`transition has ${transition.length} rows; expected ${contexts}, one per entry of initial`);
  }
  if (contexts * vocabulary > chainLimits.transition) {
    throw refuse(
      `transition has ${contexts * vocabulary} entries; expected at most ${chainLimits.transition}`,
    );
  }
  if (!Number.isInteger(length) || (length as number) < order || (length as number) > chainLimits.length) {
    throw refuse(
      `length is ${JSON.stringify(length)}; expected a whole number from ${order} to ${chainLimits.length}`,
    );
  }
  if ((length as number) * contexts > chainLimits.messages) {
    throw refuse(
      `length ${length} times ${contexts} contexts exceeds ${chainLimits.messages}; use a shorter length or a lower order`,
    );
  }
  const flat = new Float64Array(contexts * vocabulary);
  for (let row = 0; row < contexts; row++) {
    flat.set(readLaw(transition[row], vocabulary, `transition[${row}]`, refuse), row * vocabulary);
  }
  if (alphabet !== undefined) {
    if (typeof alphabet !== "string") throw refuse(`alphabet is ${kindOf(alphabet)}; expected text`);
    checkAlphabet(alphabet, vocabulary, path);
  }
  const law = readLaw(initial, contexts, "initial", refuse);
  return {
    chain: { initial: law, transition: flat, length: length as number },
    vocabulary,
    ...(alphabet === undefined ? {} : { alphabet }),
  };
}

/**
 * A chain's canonical JSON, {"initial":[...],"transition":[[...],...],"length":D}: equal for equal laws, however
 * their file is laid out. Its SHA-256 is the chain's fingerprint.
 */
export function canonicalChain({ initial, transition, length }: ChainOptions): string {
  const vocabulary = transition.length / initial.length;
  const law = Array.from(transition);
  const rows = Array.from({ length: initial.length }, (_, row) =>
    law.slice(row * vocabulary, (row + 1) * vocabulary),
  );
  return `{"initial":${JSON.stringify(Array.from(initial))},"transition":${JSON.stringify(rows)},"length":${length}}`;
}

/** Probabilities: `size` finite numbers >= 0 that sum to 1 within 1e-6. */
function readLaw(
  list: unknown,
  size: number,
  name: string,
  refuse: (problem: string) => Error,
): Float64Array<ArrayBuffer> {
  if (!Array.isArray(list) || list.length !== size) {
    throw refuse(`${name} is ${kindOf(list)}; expected a list of ${size} probabilities`);
  }
  const law = new Float64Array(size);
  let total = 0;
  for (let at = 0; at < size; at++) {
    const value: unknown = list[at];
    if (typeof value !== "number" || !(value >= 0 && value < Number.POSITIVE_INFINITY)) {
      throw refuse(`${name}[${at}] is ${JSON.stringify(value)}; expected a number >= 0`);
    }
    law[at] = value;
    total += value;
  }
  if (!(Math.abs(total - 1) <= 1e-6)) {
    throw refuse(`${name} sums to ${total}; expected probabilities that sum to 1`);
  }
  return law;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return isRecord(value) ? "an object" : JSON.stringify(value).slice(0, 60);
}
