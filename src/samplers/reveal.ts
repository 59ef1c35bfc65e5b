import type { Predictions } from "../denoisers/predictions.ts";
import { purposes } from "../random.ts";
import { type Memory, rowMemory } from "../selectors/memory.ts";
import { flatIndexes } from "./masked-positions.ts";
import type { Step } from "./sampler.ts";

/** Which positions may be revealed in a step, and how many. */
export interface Reveal {
  /** Per row the masked positions, ascending. */
  readonly masked: readonly Int32Array[];
  /** [batch] how many the schedule asks for, 0 <= counts[row] <= n. */
  readonly counts: ArrayLike<number>;
  /** The chance of each if every position decides on its own. */
  readonly chance: number;
  /** The time that the model is told; default t. */
  readonly time?: number;
}

/**
 * Reveals masked positions: the step's selector says which, each becomes v ~ p^d in `step.next`.
 *
 * Model calls: 1, or 0 if nothing is to be revealed. A selector that looks at positions alone is asked before
 * the call, and then only the rows it chose are read.
 *
 * @param revealed told of every position: its flat index and the probability of the token it got
 */
export async function revealInto(
  step: Step,
  { masked, counts, chance, time = step.t }: Reveal,
  revealed?: (at: number, probability: number) => void,
): Promise<void> {
  const { length, next, process, selector } = step;
  const none = new Int32Array();
  const open = masked.map((positions, row) =>
    (selector.commits ?? "scheduled") === "scheduled" && counts[row] === 0 ? none : positions,
  );
  const chosen = new Int32Array(length);
  const memory = (row: number): Memory => rowMemory(step.memory, selector.name, row);
  const select = (row: number, probabilities: (position: number) => Float64Array): Int32Array => {
    if (open[row]!.length === 0) return none;
    const size = selector.selectInto(chosen, {
      masked: open[row]!,
      count: counts[row]!,
      chance,
      draw: step.draw(row, purposes.select),
      probabilities,
      memory: memory(row),
    });
    return chosen.slice(0, size).sort();
  };

  const early = selector.reads === "positions" ? open.map((_, row) => select(row, unread)) : undefined;
  const wanted = flatIndexes(
    early ??
      open.map(
        (masked, row) => selector.among?.({ masked, count: counts[row]!, memory: memory(row) }) ?? masked,
      ),
    length,
  );
  if (wanted.length === 0) return;
  const predictions: Predictions = await step.predict({ wanted, time });
  for (let row = 0; row < open.length; row++) {
    const positions = early ? early[row]! : select(row, (position) => predictions.unshaped(row, position));
    const draw = step.draw(row, purposes.token);
    for (const position of positions) {
      const at = row * length + position;
      const p = predictions.row(row, position);
      const token = draw.categorical(p, process.vocabulary, position);
      next[at] = token;
      revealed?.(at, p[token]!);
    }
  }
}

function unread(): never {
  throw new Error("a selector that reads positions only asked for predictions");
}
