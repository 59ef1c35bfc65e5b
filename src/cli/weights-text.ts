import type { WeightsCost } from "../import/weights-cost.ts";
import { shortNumber } from "./table.ts";

/** What a format of weights costs, as `fewstep import` says it. */
export function weightsLines(format: string, cost: WeightsCost | { readonly leftOut: string }): string[] {
  if ("leftOut" in cost) return [`${format} weights: ${cost.leftOut}`];
  const { size, callTime, logitsError } = cost;
  const { rootMeanSquare, largest, divergence, sameMostLikely, positions } = logitsError;
  return [
    `${format} weights: ${shortNumber(size)} of float32's bytes, ${shortNumber(callTime)} of its time for a call here`,
    `logits on ${positions} positions among random tokens: off by ${shortNumber(rootMeanSquare)} (root mean square), at most ${shortNumber(largest)}; predictions ${shortNumber(divergence)} nats from float32's, the most likely token the same at ${shortNumber(100 * sameMostLikely)} %`,
  ];
}
