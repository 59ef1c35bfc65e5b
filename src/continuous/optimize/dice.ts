import { philox, purposes } from "../../random.ts";

/** Random choices in the order they are asked for. */
export interface Dice {
  /** In [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  chance(probability: number): boolean;
  /** One of a list that is not empty; with weights, in their proportion. */
  pick<Item>(items: readonly Item[], weights?: readonly number[]): Item;
}

/** The same choices for the same seed. @param seed a whole number, 0 <= seed < 2^53 */
export function dice(seed: number): Dice {
  const source = philox(seed);
  let asked = 0;
  const uniform = (): number => source.at(0, asked++, purposes.select).uniform(0);
  return {
    uniform,
    normal() {
      const radius = Math.sqrt(-2 * Math.log1p(-uniform()));
      return radius * Math.cos(2 * Math.PI * uniform());
    },
    chance: (probability) => uniform() < probability,
    pick(items, weights = items.map(() => 1)) {
      let left = uniform() * weights.reduce((a, b) => a + b, 0);
      const at = weights.findIndex((weight) => {
        left -= weight;
        return left < 0;
      });
      return items.at(at)!;
    },
  };
}
