import * as z from "zod/mini";
import { type GaussianMixture, gaussianMixture } from "../continuous/denoisers/gaussian-mixture.ts";
import { checkSchema } from "./check-schema.ts";

/** What a mixture file may have at most: bytes, and components times dimension. */
export const mixtureLimits: { readonly bytes: number; readonly numbers: number } = {
  bytes: 2 ** 26,
  numbers: 1e6,
};

const list = z.array(z.number("a finite number"), "a list of numbers");
const mixtureSchema = z.strictObject({
  weights: list,
  means: z.array(list, "a list of lists of numbers"),
  deviations: list,
});

/**
 * Checks {"weights": [K], "means": [K lists of D], "deviations": [K]}: a mixture of K Gaussians in D dimensions with
 * positive weights, which need not sum to 1, and positive deviations.
 *
 * @param file JSON of the file
 * @param path the file, as errors name it
 * @throws Error with one sentence naming the file and what is wrong in it
 */
export function parseMixture(
  file: unknown,
  { path, dimension }: { path: string; dimension: number },
): GaussianMixture {
  const read = checkSchema(mixtureSchema, file, path);
  const { means } = read;
  const other = means.findIndex((mean) => mean.length !== dimension);
  if (other >= 0) {
    throw new Error(
      `${path}: means.${other} has ${means[other]!.length} numbers; the manifest's shape has ${dimension}: correct the one that is wrong`,
    );
  }
  if (means.length * dimension > mixtureLimits.numbers) {
    throw new Error(
      `${path}: ${means.length} components in ${dimension} dimensions; expected at most ${mixtureLimits.numbers} numbers`,
    );
  }
  try {
    return gaussianMixture(read);
  } catch (cause) {
    throw new Error(`${path}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * A mixture's canonical JSON, {"weights":[...],"means":[[...],...],"deviations":[...]}, its weights summing to 1: equal
 * for equal laws, however their file is laid out. Its SHA-256 is the mixture's fingerprint.
 */
export function canonicalMixture({ weights, means, deviations, dimension }: GaussianMixture): string {
  const rows = Array.from(deviations, (_, k) =>
    Array.from(means.subarray(k * dimension, (k + 1) * dimension)),
  );
  return JSON.stringify({ weights: Array.from(weights), means: rows, deviations: Array.from(deviations) });
}
