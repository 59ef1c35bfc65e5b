import type { Noise } from "../noise/noise.ts";
import type { Process } from "../processes/process.ts";

/** Clean tokens that stand for all of them, at most: enough to see how far a process has mixed. */
const TOKENS = 16;

/** Points of the table that is inverted, for one fine time. */
const FINENESS = 4;

/**
 * Times to choose a grid from, descending from 1 to 0: even in the mean of two clocks,
 *
 *     (t + 1 - I(t) / I(0)) / 2 = 1 - i / steps,   I(t) = mutual information of an even x_0 and its x_t
 *
 * so that no gap is above 2 / steps of either. Time alone is not enough where a noise does nothing for most of
 * it (geometric), information alone where tokens are long mixed while the neighbours still tell something. For
 * absorbing noise I is proportional to alpha; it needs neither a mask nor a finite sigma(1).
 *
 * @param options.steps >= 1 @returns [steps + 1]
 */
export function fineTimes(process: Process, noise: Noise, { steps }: { steps: number }): Float64Array {
  const points = FINENESS * steps;
  const information = Float64Array.from({ length: points + 1 }, (_, i) =>
    mutualInformation(process, i === 0 ? 0 : noise.sigma(i / points)),
  );
  const first = information[0]!;
  const range = first - information[points]!;
  const clock = information.map((value, i) =>
    range > 0 ? (i / points + (first - value) / range) / 2 : i / points,
  );
  const times = new Float64Array(steps + 1);
  times[0] = 1;
  let point = points;
  for (let i = 1; i < steps; i++) {
    const goal = 1 - i / steps;
    while (clock[point - 1]! > goal) point--;
    const [low, high] = [clock[point - 1]!, clock[point]!];
    times[i] = (point - 1 + (goal - low) / (high - low)) / points;
  }
  return times;
}

/** I(x_0; x_t) in nats for x_0 even over some tokens: their mean KL(P(. | x_0) || mean law). */
function mutualInformation(process: Process, sigma: number): number {
  const { vocabulary, states } = process;
  const count = Math.min(TOKENS, vocabulary);
  const rows = Array.from({ length: count }, (_, i) => {
    const row = new Float64Array(states);
    process.transitionInto(row, Math.floor((i * vocabulary) / count), sigma);
    return row;
  });
  const mean = new Float64Array(states);
  for (const row of rows) for (let y = 0; y < states; y++) mean[y]! += row[y]! / count;
  let total = 0;
  for (const row of rows) {
    for (let y = 0; y < states; y++) if (row[y]! > 0) total += row[y]! * Math.log(row[y]! / mean[y]!);
  }
  return total / count;
}
