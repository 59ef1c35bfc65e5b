import { type Abort, abortable } from "../denoisers/abortable.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { predictions } from "../denoisers/predictions.ts";
import { type Draw, philox, purposes, type Randomness } from "../random.ts";
import { checkClean } from "./check-clean.ts";
import { countSequences, type Estimate } from "./measure.ts";

/** How the expectation over masks is taken. */
export interface NelboOptions {
  /** Default 0. */
  readonly seed?: number;
  /** Masks per sequence, at reveal counts spread evenly over 0 .. D - 1; default 8. */
  readonly levels?: number;
  /** Sequences run together; default 8. Changes speed, never the value. */
  readonly batch?: number;
  /** Replaces the counter-based source; the seed is then not used. */
  readonly randomness?: Randomness;
  /** Checked before every model call. */
  readonly signal?: Abort;
}

/**
 * The negative ELBO that an absorbing, time-free model gives to sequences, in nats per token.
 *
 * For such a model the continuous-time bound, the integral over t of -alpha'(t) / (1 - alpha(t)) times the
 * summed cross-entropy of the masked tokens, does not depend on the noise: it is the average over all orders of
 * revealing one token after another,
 *
 *   NELBO / D = (1/D) sum over m = 0 .. D-1 of h(m),   h(m) = E_S mean over d not in S of -log p^d(x^d | x_S),
 *
 * S a uniformly random set of m revealed positions. (With m tokens shown the next one to come is uniform among
 * the masked: hence the mean, and no further weight D / (D - m).) So with m uniform on {0, ..., D-1} and S
 * uniform given m, the mean over the masked tokens is an unbiased estimate for every sequence. An exact
 * posterior makes it -log p(x) / D, whose mean over data is the entropy per token.
 *
 * m is drawn by systematic sampling: one offset u uniform on {0, ..., D-1} for all, and sequence i of n at level
 * j of L takes m = (u + floor((j n + i) D / (n L))) mod D. Every m is uniform by itself, and together they
 * cover the range evenly. The standard error is that over sequences, as if their m were independent: slightly
 * too large. A token of probability 0 makes the value Infinity.
 *
 * Model calls: levels x ceil(n / batch), each on `batch` sequences.
 *
 * @param tokens [n, length] clean sequences, n >= 2 for a standard error (NaN for one)
 * @throws RangeError if the denoiser wants a time, or a token is not clean
 * Source: the bound, Sahoo et al. 2024, arXiv 2406.07524; as an average over orders, Hoogeboom et al. 2021,
 * arXiv 2110.02037, and Ou et al. 2024, arXiv 2406.03736.
 */
export async function nelbo(
  denoiser: Denoiser,
  tokens: Int32Array,
  options: NelboOptions = {},
): Promise<Estimate> {
  const { seed = 0, levels = 8, batch = 8, randomness = philox(seed) } = options;
  const { length, vocabulary } = denoiser;
  const count = checkInput(denoiser, tokens, { levels, batch });
  const model = abortable(denoiser, options.signal);
  const offset = randomness.at(0, 0, purposes.corrupt).integer(length, 0);
  const perSequence = new Float64Array(count);
  for (let first = 0; first < count; first += batch) {
    const size = Math.min(batch, count - first);
    const clean = tokens.subarray(first * length, (first + size) * length);
    for (let level = 0; level < levels; level++) {
      const noised = clean.slice();
      const masked: Int32Array[] = [];
      for (let row = 0; row < size; row++) {
        const place = Math.floor(((level * count + first + row) * length) / (count * levels));
        const revealed = (offset + place) % length;
        const draw = randomness.at(first + row, 1 + level, purposes.corrupt);
        const hidden = randomSubset(draw, length, length - revealed);
        for (const position of hidden) noised[row * length + position] = vocabulary;
        masked.push(hidden);
      }
      const logits = await model.predict({
        tokens: noised,
        batch: size,
        time: Float64Array.from(masked, (hidden) => hidden.length / length),
        wanted: Int32Array.from(masked.flatMap((hidden, row) => Array.from(hidden, (d) => row * length + d))),
      });
      const p = predictions(logits, { length, vocabulary });
      masked.forEach((hidden, row) => {
        let sum = 0;
        for (const position of hidden) {
          sum -= Math.log(p.row(row, position)[clean[row * length + position]!]!);
        }
        perSequence[first + row]! += sum / hidden.length / levels;
      });
    }
  }
  const value = perSequence.reduce((sum, each) => sum + each, 0) / count;
  const squares = perSequence.reduce((sum, each) => sum + (each - value) ** 2, 0);
  return { value, standardError: Math.sqrt(squares / (count - 1) / count), count };
}

/** `size` distinct positions below `length`, ascending, every set equally likely (the head of a shuffle). */
function randomSubset(draw: Draw, length: number, size: number): Int32Array {
  const positions = Int32Array.from({ length }, (_, position) => position);
  for (let at = 0; at < size; at++) {
    const other = at + draw.integer(length - at, at);
    const kept = positions[other]!;
    positions[other] = positions[at]!;
    positions[at] = kept;
  }
  return positions.slice(0, size).sort();
}

function checkInput(
  { timeFree, length, vocabulary }: Denoiser,
  tokens: Int32Array,
  sizes: { levels: number; batch: number },
): number {
  if (!timeFree) {
    throw new RangeError(
      "nelbo: the model's prediction depends on the time; expected a time-free absorbing model",
    );
  }
  for (const [name, value] of Object.entries(sizes)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`nelbo: ${name} = ${value}; expected a whole number >= 1`);
    }
  }
  checkClean("nelbo", tokens, { vocabulary });
  return countSequences("nelbo", tokens, length);
}
