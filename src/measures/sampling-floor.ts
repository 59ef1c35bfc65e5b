import { countSequences, type Estimate, estimate, type Measure, measureValue } from "./measure.ts";

/**
 * What a measure says of fresh data when it sees as few sequences as the samples are: the value that perfect
 * samples would get, not 0 for a plug-in figure such as an n-gram KL.
 *
 * The mean of the measure over all disjoint sets of `count` fresh sequences, with the standard error of one
 * such set (that of the mean is smaller by the root of the number of sets); from the jackknife where the data
 * make a single set.
 *
 * @param fresh [n, length] sequences of the data law that took no part in the reference, n >= count
 * @param options.count sequences per set, >= 2
 */
export async function samplingFloor(
  measure: Measure,
  fresh: Int32Array,
  length: number,
  { count }: { count: number },
): Promise<Estimate> {
  const rows = countSequences("samplingFloor", fresh, length);
  if (!Number.isInteger(count) || count < 2 || count > rows) {
    throw new RangeError(
      `samplingFloor: count = ${count}; expected a whole number from 2 to the ${rows} fresh sequences there are`,
    );
  }
  const sets = Math.floor(rows / count);
  if (sets === 1) return estimate(measure, fresh.subarray(0, count * length), length);
  const values: number[] = [];
  for (let set = 0; set < sets; set++) {
    const own = fresh.subarray(set * count * length, (set + 1) * count * length);
    values.push(await measureValue(measure, own, length));
  }
  const value = values.reduce((sum, each) => sum + each, 0) / sets;
  const squares = values.reduce((sum, each) => sum + (each - value) ** 2, 0);
  return { value, standardError: Math.sqrt(squares / (sets - 1)), count };
}
