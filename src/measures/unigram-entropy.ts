import { entropy } from "../categorical.ts";
import { countSequences, type PooledMeasure } from "./measure.ts";

/**
 * Entropy of the pooled token frequencies, -sum_v f_v log f_v, in nats per token. A figure of diversity:
 * samples that repeat themselves look good to a perplexity and score low here.
 */
export function unigramEntropy(): PooledMeasure {
  return {
    name: "unigram-entropy",
    label: "token entropy, nats",
    better: "neither",
    of(tokens, length) {
      countSequences("unigramEntropy", tokens, length);
      const counts = new Map<number, number>();
      for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
      return entropy(Float64Array.from(counts.values(), (count) => count / tokens.length));
    },
  };
}
