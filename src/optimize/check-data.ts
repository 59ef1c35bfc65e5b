import type { Denoiser } from "../denoisers/denoiser.ts";
import { checkClean } from "../measures/check-clean.ts";

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
  checkClean(caller, data, { vocabulary, name: "data" });
  return data.length / length;
}
