import type { Draw } from "../random.ts";
import type { Memory } from "./memory.ts";

/** What a selector chooses from: the masked positions of one row in one step. */
export interface Choice {
  /** [n] ascending masked positions that are not given, n >= 1. */
  readonly masked: Int32Array;
  /** How many positions the schedule asks for, 0 <= count <= n. */
  readonly count: number;
  /** Chance with which each masked position is revealed if each decides on its own. */
  readonly chance: number;
  /** Draws for this row and step; sites are the selector's own. */
  readonly draw: Draw;
  /**
   * Predicted law of a position as the model says it, before temperature and top-p, [vocabulary], buffer reused;
   * only for selectors that read predictions.
   */
  probabilities(position: number): Float64Array;
  /** What it stored for this row in earlier steps of the run; absent: every step is as the first. */
  readonly memory?: Memory;
}

/**
 * Decides which masked positions commit in a step. Only processes with a mask have something to select, and only
 * samplers that leave the choice open ask: ancestral, remdm and psi.
 */
export interface Selector {
  readonly name: string;
  /** What it looks at: with "positions" the choice is made before the model is called. */
  readonly reads: "positions" | "predictions";
  /**
   * How many positions it commits: the scheduled count, also if absent; at least that and at least one, so that a
   * run may end early; or any number, whatever the count.
   */
  readonly commits?: "scheduled" | "at-least" | "any";
  /** The masked positions it will choose from, so that only these are predicted; absent: all. */
  among?(choice: Pick<Choice, "masked" | "count" | "memory">): Int32Array;
  /** Writes the chosen positions (distinct, any order) and returns how many there are. */
  selectInto(chosen: Int32Array, choice: Choice): number;
}
