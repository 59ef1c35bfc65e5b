import { z } from "zod";
import type { Manifest } from "../model/manifest.ts";
import type { Net } from "./net.ts";
import type { Value } from "./onnx-file/graph.ts";

/** A kind of checkpoint that can be imported. */
export interface Architecture {
  readonly name: string;
  /** Whether a config.json, an object, is of this kind. */
  recognises(config: Readonly<Record<string, unknown>>): boolean;
  /**
   * Builds the network that the config describes.
   *
   * @param where config.json, as errors name it
   * @throws Error with one sentence if the config has a value that is not covered, or the weights do not fit it
   */
  build(net: Net, options: { config: unknown; where: string }): Built;
}

/** A network that was built. */
export interface Built {
  /** Of the rows that are asked for, [count, width]. */
  readonly logits: Value;
  /** Numbers in a row of logits. */
  readonly width: number;
  /** The longest sequence the network takes or was made for. */
  readonly longest: number;
  /** The token for "masked"; "tokenizer": not in the config; absent for processes without one. */
  readonly mask?: number | "tokenizer";
  /** The token that the attention does not see, if there is one. */
  readonly padding?: number;
  readonly process: "absorbing" | "uniform";
  readonly noise: Manifest["noise"];
  /** True if the graph has the input "sigma", float32 [batch], for the noise level sigma(t) of each sequence. */
  readonly sigma?: boolean;
  readonly returns?: Manifest["returns"];
  /** True where published files hold tensors of other tasks, which are left out. */
  readonly mayHaveMore?: boolean;
}

/** A size in a config. */
export const whole: z.ZodType<number> = z.int("a whole number >= 1").min(1, "a whole number >= 1");

/** A token in a config. */
export const token: z.ZodType<number> = z.int("a token").min(0, "a token");

/** A number above 0 in a config: an epsilon, a base of frequencies. */
export const positive: z.ZodType<number> = z.number("a number > 0").gt(0, "a number > 0");

/** A field whose other values would need another network: it may be absent, or must be this. */
export function only<const Literal extends string | boolean | null>(
  value: Literal,
): z.ZodOptional<z.ZodLiteral<Literal>> {
  return z.literal(value).optional();
}

/** Far above any head: tables of this size are made before the weights are looked at. */
const MOST_CHANNELS = 2 ** 16;

/**
 * Channels of a head.
 *
 * @throws RangeError unless the heads share the width evenly, and with rotary embeddings in pairs
 */
export function headSize(
  width: number,
  heads: number,
  { where, rotary = true }: { where: string; rotary?: boolean },
): number {
  const size = width / heads;
  if (size <= MOST_CHANNELS && Number.isInteger(size) && !(rotary && size % 2 === 1)) return size;
  throw new RangeError(
    `${where}: a hidden size of ${width} and ${heads} heads give ${Number(size.toFixed(2))} channels a head; expected ${rotary ? "an even" : "a whole"} number${size > MOST_CHANNELS ? ` up to ${MOST_CHANNELS}` : ""}`,
  );
}
