import { entropy } from "../categorical.ts";
import { type Abort, abortable } from "../denoisers/abortable.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { predictions } from "../denoisers/predictions.ts";
import { linear } from "../noise/linear.ts";
import type { Noise } from "../noise/noise.ts";
import { philox, purposes } from "../random.ts";
import { flatIndexes, placesOf } from "../samplers/masked-positions.ts";
import { random } from "../selectors/random.ts";
import type { Selector } from "../selectors/selector.ts";
import { checkData } from "./check-data.ts";

/**
 * What is left to know about a masked token while a sequence is revealed: h(m) at some reveal counts m.
 *
 * Plain data: it is stored in plans.
 */
export interface InformationCurve {
  /** Name of the selector whose reveal order was followed. */
  readonly selector: string;
  /** D */
  readonly length: number;
  /** [levels] reveal counts, ascending from 0. */
  readonly counts: readonly number[];
  /** [levels] mean predicted entropy of a masked token, nats. */
  readonly entropy: readonly number[];
  /** [levels] its standard error over sequences. */
  readonly standardError: readonly number[];
  /** [levels] mean -log p of the token that was there, nats: equals the entropy for a calibrated model. */
  readonly crossEntropy: readonly number[];
  /** Sequences followed, and sequences sent through the model in all. */
  readonly sequences: number;
  readonly evaluations: number;
}

/** How a curve is measured. */
export interface CurveOptions {
  /** [n, length] clean sequences: real data, or the model's own samples. */
  readonly data: Int32Array;
  /** Default `random()`: the curve of Chen, Cong and Li. */
  readonly selector?: Selector;
  /** Reveal counts to measure at; default {@link curveLevels}(length). */
  readonly counts?: readonly number[];
  /** Default `linear()`: gives a model that wants one the time of a reveal count. */
  readonly noise?: Noise;
  readonly seed?: number;
  /** Sequences run together; default 8. */
  readonly batch?: number;
  /** Checked before every model call. */
  readonly signal?: Abort;
  readonly progress?: (done: { evaluations: number; total: number }) => void;
}

/** At most `levels` reveal counts from 0 up, denser at the start, where curves bend: round(D (i / levels)^1.5). */
export function curveLevels(length: number, levels = 64): number[] {
  const counts = Array.from({ length: levels }, (_, i) => Math.round(length * (i / levels) ** 1.5));
  return [...new Set(counts)].filter((count) => count < length);
}

/** Paths followed sequence by sequence: what an {@link InformationCurve} is the mean of. */
export interface RevealPaths {
  readonly selector: string;
  readonly length: number;
  readonly counts: readonly number[];
  /** [levels][sequences] mean predicted entropy of a masked token, nats. */
  readonly entropy: readonly Float64Array[];
  /** [levels][sequences] mean -log p of the token that was there, nats. */
  readonly crossEntropy: readonly Float64Array[];
  /** [levels][sequences] summed entropy of the positions revealed next; at the last level of all that are left. */
  readonly spent: readonly Float64Array[];
  readonly sequences: number;
  readonly evaluations: number;
}

/**
 * Measures the information curve h(m) = E mean over masked d of H(p^d(. | m tokens revealed)): the mean of
 * {@link revealPaths} over sequences, with its standard error.
 */
export async function informationCurve(denoiser: Denoiser, options: CurveOptions): Promise<InformationCurve> {
  return curveOf(await revealPaths(denoiser, options));
}

/** The curve that paths make. */
export function curveOf({
  entropy: entropies,
  crossEntropy,
  spent: _,
  ...paths
}: RevealPaths): InformationCurve {
  return {
    ...paths,
    entropy: entropies.map(mean),
    standardError: entropies.map((values) => Math.sqrt(variance(values) / paths.sequences)),
    crossEntropy: crossEntropy.map(mean),
  };
}

/**
 * Reveals each sequence along one path: from one level to the next the selector picks which masked positions
 * come next and the data says what they are. With `random` the masks of a path are nested, which makes the
 * curve smooth; with any other selector the curve is that of the states this selector reaches.
 *
 * Model calls: levels x ceil(n / batch); evaluations: levels x n.
 */
export async function revealPaths(denoiser: Denoiser, options: CurveOptions): Promise<RevealPaths> {
  const { length, vocabulary } = denoiser;
  const { data, noise = linear(), seed = 0, batch = 8 } = options;
  const given = options.selector ?? random();
  // `independent` leaves the number to chance; at a given number its sets are those of `random`.
  const selector = given.commits === "any" ? random() : given;
  if (given.commits === "at-least") {
    throw new RangeError(
      `informationCurve: the selector ${given.name} decides itself how many positions it commits; the curve is measured at given numbers, so use another`,
    );
  }
  const counts = options.counts ?? curveLevels(length);
  const sequences = checkData("informationCurve", data, denoiser);
  const randomness = philox(seed);
  const mask = vocabulary;
  const model = abortable(denoiser, options.signal);
  const total = counts.length * sequences;
  // Per level and sequence, so that the standard error is over sequences.
  const entropies = counts.map(() => new Float64Array(sequences));
  const crossEntropies = counts.map(() => new Float64Array(sequences));
  const spent = counts.map(() => new Float64Array(sequences));
  const own = new Float64Array(length);
  const chosen = new Int32Array(length);
  let evaluations = 0;
  for (let first = 0; first < sequences; first += batch) {
    const size = Math.min(batch, sequences - first);
    const tokens = new Int32Array(size * length).fill(mask);
    const memories = Array.from({ length: size }, () => new Map<string, Float64Array>());
    for (let level = 0; level < counts.length; level++) {
      const count = counts[level]!;
      const share = count / length;
      const time = new Float64Array(size).fill(noise.timeAt(share));
      const open = memories.map((_, row) =>
        placesOf(mask, tokens.subarray(row * length, (row + 1) * length)),
      );
      const wanted = flatIndexes(open, length);
      const logits = await model.predict({ tokens, batch: size, time, wanted });
      const p = predictions(logits, { length, vocabulary });
      const further = (counts[level + 1] ?? count) - count;
      for (let row = 0; row < size; row++) {
        const masked = open[row]!;
        let sumEntropy = 0;
        let sumCross = 0;
        for (const position of masked) {
          const law = p.row(row, position);
          own[position] = entropy(law);
          sumEntropy += own[position]!;
          sumCross -= Math.log(Math.max(law[data[(first + row) * length + position]!]!, Number.MIN_VALUE));
        }
        entropies[level]![first + row] = sumEntropy / masked.length;
        crossEntropies[level]![first + row] = sumCross / masked.length;
        const revealed = selector.selectInto(chosen, {
          masked,
          count: further,
          chance: further / masked.length,
          draw: randomness.at(first + row, level, purposes.select),
          probabilities: (position) => p.row(row, position),
          memory: memories[row]!,
        });
        let sumSpent = 0;
        for (let i = 0; i < revealed; i++) {
          const position = chosen[i]!;
          sumSpent += own[position]!;
          tokens[row * length + position] = data[(first + row) * length + position]!;
        }
        spent[level]![first + row] = level === counts.length - 1 ? sumEntropy : sumSpent;
      }
      logits.release?.();
      evaluations += size;
      options.progress?.({ evaluations, total });
    }
  }
  return {
    selector: selector.name,
    length,
    counts,
    entropy: entropies,
    crossEntropy: crossEntropies,
    spent,
    sequences,
    evaluations,
  };
}

/** [D] the curve at every reveal count, linear between measured ones and level after the last. */
export function fullCurve({ counts, entropy: values, length }: InformationCurve): Float64Array {
  return levelled({ counts, values, length });
}

/** [length] values given at some ascending counts from 0 on: linear between them, level after the last. */
export function levelled({
  counts,
  values,
  length,
}: {
  counts: readonly number[];
  values: readonly number[];
  length: number;
}): Float64Array {
  const full = new Float64Array(length);
  let level = 0;
  for (let m = 0; m < length; m++) {
    while (level + 1 < counts.length && counts[level + 1]! <= m) level++;
    const next = Math.min(level + 1, counts.length - 1);
    const width = counts[next]! - counts[level]!;
    const share = width > 0 ? (m - counts[level]!) / width : 0;
    full[m] = values[level]! * (1 - share) + values[next]! * share;
  }
  return full;
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: Float64Array): number {
  if (values.length < 2) return 0;
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}
