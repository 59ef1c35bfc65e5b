import type { Denoiser } from "../denoisers/denoiser.ts";
import { predictions } from "../denoisers/predictions.ts";
import type { Noise } from "../noise/noise.ts";
import type { Process } from "../processes/process.ts";
import { placesOf } from "../samplers/masked-positions.ts";
import type { NoisedData } from "./coupled-noise.ts";

/** The reverse rates of noised data: [n, length, states], entry x_t of a position is 0. */
export type ReverseRates = Float64Array;

/** Guards the logarithms, as in the published code; part of the published objective. */
const FLOOR = 1e-8;

/**
 * Reverse rates R_t(x_t, y) of every position, from the model's predictions; one evaluation per sequence. With a
 * mask, clean positions have none.
 *
 * @throws RangeError where the noise's rate is infinite, as for uniform noise with `linear()` at t = 1
 */
export async function reverseRates(
  denoiser: Denoiser,
  { tokens, time }: NoisedData,
  { process, noise, batch }: { process: Process; noise: Noise; batch: number },
): Promise<ReverseRates> {
  const { length, vocabulary } = denoiser;
  const { states } = process;
  const count = time.length;
  const rates = new Float64Array(count * length * states);
  const out = new Float64Array(states);
  for (let first = 0; first < count; first += batch) {
    const size = Math.min(batch, count - first);
    const part = tokens.subarray(first * length, (first + size) * length);
    // With a mask only masked positions have rates.
    const wanted = process.mask === undefined ? undefined : placesOf(process.mask, part);
    const logits = await denoiser.predict({
      tokens: part,
      batch: size,
      time: time.subarray(first, first + size),
      ...(wanted ? { wanted } : {}),
    });
    const p = predictions(logits, { length, vocabulary });
    for (let row = 0; row < size; row++) {
      const t = time[first + row]!;
      for (let position = 0; position < length; position++) {
        const token = part[row * length + position]!;
        if (process.mask !== undefined && token !== process.mask) continue;
        process.reverseRatesInto(out, token, p.row(row, position), noise, t);
        if (!out.every(Number.isFinite)) {
          throw new RangeError(
            `reverseRates: at t = ${t} the process ${process.name} with the noise ${noise.name} has reverse rates that are not finite; expected noise whose alpha(1) is above 0, such as linear({ eps: 1e-3 })`,
          );
        }
        rates.set(out, ((first + row) * length + position) * states);
      }
    }
    logits.release?.();
  }
  return rates;
}

/**
 * The Kullback-Leibler upper bound that a split of the step [s, u] at t gains, as published:
 *
 *     K(s, t, u) = E mean_d sum_y (t - u) R_t(x_t, y) [ log(R_t(x_t, y) + 1e-8) - log(R_s(x_s, y) + 1e-8) ]
 *
 * for s > t > u, where x_s and x_t noise the same data with the same uniforms. The mean is over batches of
 * batch means, as in the published code.
 *
 * Without a mask the sum is over every y but x_t, x_s among them, whose own rate R_s is 0: where a token differs
 * at s and t the floor 1e-8 charges the way back with about 18 nats a jump. That too is as published.
 *
 * @param coarse rates at (x_s, s) @param fine rates at (x_t, t) @param span [n] t - u of every sequence
 * @param options.rows rows per batch of the outer mean @param options.length D, for the mean over positions
 * Source: Park et al. 2024, arXiv 2410.07761, theorem 3.2 and algorithm 1; the frozen-rate compensator of the
 * full path divergence is not part of it.
 */
export function klub(
  coarse: ReverseRates,
  fine: ReverseRates,
  span: ArrayLike<number>,
  { rows, length }: { rows: number; length: number },
): number {
  const count = span.length;
  const perRow = fine.length / count;
  let total = 0;
  let batches = 0;
  for (let first = 0; first < count; first += rows) {
    const size = Math.min(rows, count - first);
    let sum = 0;
    for (let row = first; row < first + size; row++) {
      let inner = 0;
      for (let at = row * perRow; at < (row + 1) * perRow; at++) {
        const rate = fine[at]!;
        if (rate !== 0) inner += rate * (Math.log(rate + FLOOR) - Math.log(coarse[at]! + FLOOR));
      }
      sum += span[row]! * inner;
    }
    total += sum / (size * length);
    batches++;
  }
  return total / batches;
}
