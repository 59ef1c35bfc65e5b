import { countSequences, type PooledMeasure } from "./measure.ts";

/**
 * The countdown rule: after x > 0 comes x - 1; after 0 anything. Rule error = breaks / all neighbouring pairs,
 *
 *   #{ d >= 1 : x[d-1] != 0 and x[d] != x[d-1] - 1 } / (D - 1), pooled over sequences.
 *
 * Every pair is tested. The published checker of this rule (Park et al. 2024, arXiv 2410.07761) starts anew
 * after each token it tests, so it sees about every second pair and reports half the error.
 */
export function ruleError(): PooledMeasure {
  return {
    name: "rule-error",
    label: "rule error",
    better: "lower",
    of(tokens, length) {
      const count = countSequences("ruleError", tokens, length, 2);
      let breaks = 0;
      for (let at = 1; at < tokens.length; at++) {
        const before = tokens[at - 1]!;
        if (at % length !== 0 && before !== 0 && tokens[at] !== before - 1) breaks++;
      }
      return breaks / (count * (length - 1));
    },
  };
}
