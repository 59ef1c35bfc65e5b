import { goldenSection } from "../../optimize/golden-section.ts";

/** Finds a ratio whose loss is small. @param step from 0 */
export type RatioSearch = (loss: (ratio: number) => Promise<number>, step: number) => Promise<number>;

/** What a smaller loss must gain, as a share. */
const ROUNDING = 1e-9;

/**
 * The least loss on an even grid, and then by golden section between the neighbours of the grid's best. Ratio 1 is tried
 * first, and kept where nothing is better by more than rounding. Where an end of the grid is best, the grid goes
 * on beyond it, for at most its own length.
 *
 * @param options.range default [0.3, 2] @param options.points of the grid, at least 2, default 18
 * @param options.tolerance width at which golden section stops, default 1e-5
 */
export function leastRatio({
  range: [low, high] = [0.3, 2],
  points = 18,
  tolerance = 1e-5,
}: {
  range?: readonly [number, number];
  points?: number;
  tolerance?: number;
} = {}): RatioSearch {
  if (!(Number.isInteger(points) && points >= 2 && low < high && tolerance > 0)) {
    throw new RangeError(
      `leastRatio: ${points} points on [${low}, ${high}], tolerance ${tolerance}; expected at least 2 points, a range that rises and a positive tolerance`,
    );
  }
  const spacing = (high - low) / (points - 1);
  return async (loss) => {
    const plain = await loss(1);
    const best = { ratio: 1, value: plain };
    const attempt = async (ratio: number): Promise<number> => {
      const value = await loss(ratio);
      if (value < best.value) Object.assign(best, { ratio, value });
      return value;
    };
    let [first, last] = [0, points - 1];
    for (let i = first; i <= last; i++) await attempt(low + i * spacing);
    while (best.ratio === low + last * spacing && last < 2 * (points - 1))
      await attempt(low + ++last * spacing);
    while (best.ratio === low + first * spacing && first > 1 - points) await attempt(low + --first * spacing);
    const { ratio } = best;
    await goldenSection(attempt, [ratio - spacing, ratio + spacing], { tolerance, maxIterations: 100 });
    return best.value < plain * (1 - ROUNDING) ? best.ratio : 1;
  };
}
