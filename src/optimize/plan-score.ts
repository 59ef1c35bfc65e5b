import { type Measure, measureValue } from "../measures/measure.ts";
import { samplingFloor } from "../measures/sampling-floor.ts";

/**
 * The one number that a search for plans makes smaller: the geometric mean of the measures that say how far samples
 * are from the data, so that a tenth off any of them counts alike.
 *
 *     score = exp( mean over measures with better "lower" of log(max(value, floor) + 1 / tokens) )
 *
 * The floor is what as many fresh sequences of the data score: a measure that is down to it has nothing left to
 * say, and its noise shall not decide. The small term keeps a value of 0 from deciding alone. Measures that less diverse samples would
 * improve (a likelihood, a share of real words) are left out: a search would find their modes. Where nothing is
 * left, the first measure that says which way is better decides, as 1 - value where higher is better.
 *
 * @param options.fresh [n, length] sequences of the data for the floors, n >= 2; absent: all floors are 0
 * @throws RangeError if no measure says which way is better
 */
export function planScore(
  measures: readonly Measure[],
  { fresh }: { readonly fresh?: Int32Array | undefined } = {},
): {
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
  const floors = new Map<string, number>();
  const floorOf = async (measure: Measure, rows: number, length: number): Promise<number> => {
    const count = Math.min(rows, fresh ? fresh.length / length : 0);
    if (!fresh || count < 2) return 0;
    const key = `${measure.name} ${count}`;
    const known = floors.get(key) ?? (await samplingFloor(measure, fresh, length, { count })).value;
    floors.set(key, known);
    return Number.isNaN(known) ? 0 : known;
  };
  return {
    of: distances.map(({ name }) => name),
    async score(tokens, length) {
      let sum = 0;
      for (const measure of distances) {
        const value = await measureValue(measure, tokens, length);
        const floor = await floorOf(measure, tokens.length / length, length);
        sum += Math.log((value > floor ? value : Number.isNaN(value) ? value : floor) + 1 / tokens.length);
      }
      return Math.exp(sum / distances.length);
    },
  };
}
