import type { Denoiser, Logits, Noised } from "../denoisers/denoiser.ts";
import { forEachWanted } from "../denoisers/logit-rows.ts";
import { philox, purposes } from "../random.ts";

/** How far the logits of a network are from those of the exact one, p, over the positions that were compared. */
export interface LogitsError {
  /** Root mean square of the differences. */
  readonly rootMeanSquare: number;
  /** The largest difference. */
  readonly largest: number;
  /** Mean KL(p || q) of the predicted tokens, nats a position. */
  readonly divergence: number;
  /** Share of positions with the same most likely token. */
  readonly sameMostLikely: number;
  /** How many positions were compared. */
  readonly positions: number;
}

/** The sequences that networks are compared on. */
export interface ComparedOn {
  /** The token for "masked"; absent for processes without one. */
  readonly mask?: number | undefined;
  /** A token that is never drawn: a mask that the network counts among its tokens. */
  readonly never?: number | undefined;
  /** Default 4. */
  readonly sequences?: number;
  /** Default 0. */
  readonly seed?: number;
}

/**
 * Compares two networks on random tokens of the vocabulary, one sequence at a time: half of the positions masked
 * and only these compared, where there is a mask; sequence i of n at the time (i + 1/2) / n.
 *
 * @returns also the share of the exact network's time that a call takes: the fastest of each, after one that does
 * not count
 */
export async function logitsError(
  { exact, found }: { exact: Denoiser; found: Denoiser },
  { mask, never, sequences = 4, seed = 0 }: ComparedOn = {},
): Promise<LogitsError & { readonly callTime: number }> {
  const { vocabulary, length } = exact;
  const tally = { squares: 0, numbers: 0, largest: 0, divergence: 0, same: 0, positions: 0 };
  const fastest = { exact: Number.POSITIVE_INFINITY, found: Number.POSITIVE_INFINITY };
  for (let turn = -1; turn < sequences; turn++) {
    const at = Math.max(turn, 0);
    const input = randomInput({ at, of: sequences, vocabulary, length, mask, never, seed });
    const begin = performance.now();
    const p = await exact.predict(input);
    const middle = performance.now();
    const q = await found.predict(input);
    const end = performance.now();
    if (turn >= 0) {
      fastest.exact = Math.min(fastest.exact, middle - begin);
      fastest.found = Math.min(fastest.found, end - middle);
      compareInto(tally, [p, q], input, { vocabulary, length });
    }
    p.release?.();
    q.release?.();
  }
  return {
    rootMeanSquare: Math.sqrt(tally.squares / tally.numbers),
    largest: tally.largest,
    divergence: tally.divergence / tally.positions,
    sameMostLikely: tally.same / tally.positions,
    positions: tally.positions,
    callTime: fastest.found / fastest.exact,
  };
}

function randomInput({
  at,
  of,
  vocabulary,
  length,
  mask,
  never,
  seed,
}: ComparedOn & { at: number; of: number; vocabulary: number; length: number; seed: number }): Noised {
  const draw = philox(seed).at(at, 0, purposes.data);
  const choose = philox(seed).at(at, 0, purposes.select);
  const tokens = Int32Array.from({ length }, (_, position) => {
    if (never === undefined) return draw.integer(vocabulary, position);
    const token = draw.integer(vocabulary - 1, position);
    return token < never ? token : token + 1;
  });
  const time = Float64Array.of((at + 0.5) / of);
  if (mask === undefined) return { tokens, batch: 1, time };
  const order = Array.from({ length }, (_, position) => [choose.uniform(position), position] as const);
  const chosen = order.sort(([a], [b]) => a - b).slice(0, Math.ceil(length / 2));
  const wanted = Int32Array.from(chosen, ([, position]) => position).sort();
  for (const position of wanted) tokens[position] = mask;
  return { tokens, batch: 1, time, wanted };
}

type Tally = Record<"squares" | "numbers" | "largest" | "divergence" | "same" | "positions", number>;

/** Adds the differences of the wanted rows; impossible tokens, with logits of -Infinity, are left out. */
function compareInto(
  tally: Tally,
  [p, q]: readonly [Logits, Logits],
  input: Noised,
  { vocabulary, length }: { vocabulary: number; length: number },
): void {
  const offsets: number[] = [];
  forEachWanted(q, input, length, (_, offset) => {
    offsets.push(offset);
  });
  let row = 0;
  forEachWanted(p, input, length, (_, from) => {
    const exact = p.data.subarray(from, from + vocabulary);
    const found = q.data.subarray(offsets[row]!, offsets[row]! + vocabulary);
    row++;
    const [a, b] = [totalOf(exact), totalOf(found)];
    for (let token = 0; token < vocabulary; token++) {
      const difference = exact[token]! - found[token]!;
      if (exact[token] === Number.NEGATIVE_INFINITY) continue;
      tally.squares += difference * difference;
      tally.numbers++;
      tally.largest = Math.max(tally.largest, Math.abs(difference));
      tally.divergence += Math.exp(exact[token]! - a.logTotal) * (difference - a.logTotal + b.logTotal);
    }
    tally.positions++;
    if (a.most === b.most) tally.same++;
  });
}

/** log sum e^logit, and where the largest is. */
function totalOf(logits: Float32Array | Float64Array): { logTotal: number; most: number } {
  let most = 0;
  for (let token = 1; token < logits.length; token++) if (logits[token]! > logits[most]!) most = token;
  let sum = 0;
  for (let token = 0; token < logits.length; token++) sum += Math.exp(logits[token]! - logits[most]!);
  return { logTotal: logits[most]! + Math.log(sum), most };
}
