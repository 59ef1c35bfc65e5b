import * as z from "zod/mini";
import { makePart, type NamedPart } from "../make-part.ts";
import type { Noise } from "../noise/noise.ts";
import { makeProcess, noises } from "../parts.ts";
import type { Process } from "../processes/process.ts";

/** A process as files name it: its name, or its name beside its parameters. */
export type ProcessDescription = string | NamedPart;

/** A noise as files and plans describe it: its name beside its parameters. */
export type NoiseDescription = NamedPart;

const named: z.ZodMiniType<NamedPart> = z.intersection(
  z.object({ name: z.string("a name") }),
  z.record(z.string(), z.union([z.number(), z.string()], "a number")),
) as unknown as z.ZodMiniType<NamedPart>;

export const processSchema: z.ZodMiniType<ProcessDescription> = z.union(
  [z.string(), named],
  "a name, or a name with numbers",
);

export const noiseSchema: z.ZodMiniType<NoiseDescription> = named;

/**
 * The process a file describes, over V clean tokens.
 *
 * @throws RangeError if it is not known or a parameter is out of range
 */
export function processFrom(
  description: ProcessDescription,
  { vocabulary }: { vocabulary: number },
): Process {
  return makeProcess(processPart(description), { vocabulary });
}

/** A process as a plan stores it. */
export function processPart(description: ProcessDescription): NamedPart {
  return typeof description === "string" ? { name: description } : description;
}

/**
 * The noise a file describes.
 *
 * @throws RangeError if it is not known or a parameter is out of range
 */
export function noiseFrom(description: NoiseDescription): Noise {
  return makePart("noise", noises, description);
}
