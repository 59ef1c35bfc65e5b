import type { Manifest } from "../../src/model/manifest.ts";
import { plainCodec, type TextCodec } from "../../src/model/text-codec.ts";
import { exponential } from "../../src/noise/exponential.ts";
import { linear } from "../../src/noise/linear.ts";
import type { Noise } from "../../src/noise/noise.ts";

/** What the page has to know of a model, from its manifest. */
export interface Facts {
  readonly name: string;
  readonly length: number;
  readonly vocabulary: number;
  /** The mask's token, one above the clean ones; absent where the process has none. */
  readonly mask: number | undefined;
  readonly noise: Noise;
  readonly tokens: Manifest["tokens"];
  readonly alphabet: string | undefined;
  /** True where after x > 0 comes x - 1. */
  readonly countsDown: boolean;
  readonly text: TextCodec;
}

/** @throws RangeError if the page cannot draw the schedules of the model's noise */
export function factsOf(manifest: Manifest): Facts {
  const { name, length, vocabulary, tokens, alphabet, process, measures = [] } = manifest;
  const processName = typeof process === "string" ? process : process.name;
  return {
    name,
    length,
    vocabulary,
    mask: processName === "absorbing" ? vocabulary : undefined,
    noise: noiseOf(manifest.noise),
    tokens,
    alphabet,
    countsDown: measures.some(({ kind }) => kind === "rule-error"),
    text: plainCodec({ alphabet, vocabulary }),
  };
}

/** The two noises of the models that ship; the library's table would bring all of them into the page. */
function noiseOf({ name, ...numbers }: Manifest["noise"]): Noise {
  if (name === "linear") return linear(numbers);
  if (name === "exponential") return exponential(numbers as { base?: number; exponential?: number });
  throw new RangeError(
    `The page knows linear and exponential noise, and this model has ${name} noise; use the library.`,
  );
}

/** A token as a reader knows it. */
export function tokenName(token: number, { mask, alphabet, tokens, vocabulary }: Facts): string {
  if (token === mask) return "still masked";
  if (tokens?.kind === "grey") return `brightness ${token} of ${vocabulary - 1}`;
  if (alphabet === undefined) return String(token);
  const character = [...alphabet][token] ?? "?";
  return character === " " ? "space" : `“${character}”`;
}
