import { type Measure, measureValue } from "../measures/measure.ts";

/**
 * The one number that a search for plans makes smaller: the geometric mean of the measures that say how far samples
 * are from the data, so that a tenth off any of them counts alike.
 *
 *     score = exp( mean over measures with better "lower" of log(value + 1 / tokens) )
 *
 * The small term keeps a value of 0 on few sequences from deciding alone. Measures that less diverse samples would
 * improve (a likelihood, a share of real words) are left out: a search would find their modes. Where nothing is
 * left, the first measure that says which way is better decides, as 1 - value where higher is better.
 *
 * @throws RangeError if no measure says which way is better
 */
export function planScore(measures: readonly Measure[]): {
  /** Names of the measures it is made of. */
  readonly of: readonly string[];
  score(tokens: Int32Array, length: number): Promise<number>;
} {
  const distances = measures.filter(({ better, modeSeeking }) => better === "lower" && !modeSeeking);
  const first = measures.find(({ better }) => better !== "neither");
  if (!first) {
    throw new RangeError(
      "planScore: no measure of this model says which samples are better; add one to the manifest's measures",
    );
  }
  if (distances.length === 0) {
    return {
      of: [first.name],
      async score(tokens, length) {
        const value = await measureValue(first, tokens, length);
        return first.better === "lower" ? value : 1 - value;
      },
    };
  }
  return {
    of: distances.map(({ name }) => name),
    async score(tokens, length) {
      let sum = 0;
      for (const measure of distances) {
        sum += Math.log((await measureValue(measure, tokens, length)) + 1 / tokens.length);
      }
      return Math.exp(sum / distances.length);
    },
  };
}
