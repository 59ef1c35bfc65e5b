import type { Denoiser } from "../denoisers/denoiser.ts";

/**
 * The number of clean sequences in `data`, [n, length].
 *
 * @throws RangeError named after `caller` unless there are whole sequences of clean tokens
 */
export function checkData(
  caller: string,
  data: Int32Array,
  { length, vocabulary }: Pick<Denoiser, "length" | "vocabulary">,
): number {
  if (data.length === 0 || data.length % length !== 0) {
    throw new RangeError(`${caller}: data has ${data.length} tokens; expected whole sequences of ${length}`);
  }
  const odd = data.findIndex((token) => token < 0 || token >= vocabulary);
  if (odd >= 0) {
    throw new RangeError(
      `${caller}: data[${odd}] = ${data[odd]}; expected a clean token from 0 to ${vocabulary - 1}`,
    );
  }
  return data.length / length;
}
