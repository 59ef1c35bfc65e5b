import type { Process } from "../processes/process.ts";
import { purposes } from "../random.ts";
import { flatIndexes } from "./masked-positions.ts";
import { movablePositions } from "./reverse-rates.ts";
import type { Clock } from "./revise.ts";
import type { Step } from "./sampler.ts";

/** How every position of a row is drawn anew. */
export interface Redraw {
  /** Writes the weights of x_s, [states]; default the process's mixture posterior. */
  readonly posteriorInto?: Process["posteriorInto"];
  /** Starts a row; the result draws the token of a position from its law, [states], a buffer that is reused. Default:
   * each position on its own. */
  readonly row?: (row: number) => (law: Float64Array, position: number, token: number) => number;
  /** From the step's times to those that are meant; default the same. */
  readonly clock?: Clock | undefined;
}

/**
 * A step of a process without a mask: every position that is not given gets a token drawn from its law at s. Clean
 * at s = 0, also for a noise whose sigma(0) is not 0. Only those positions are predicted.
 *
 * Model calls: 1.
 */
export async function redrawInto(step: Step, redraw: Redraw = {}): Promise<void> {
  const { length, tokens, next, process, noise, s } = step;
  const { states } = process;
  const { clock = (time) => time } = redraw;
  const posteriorInto = redraw.posteriorInto ?? process.posteriorInto.bind(process);
  const alone = (row: number) => {
    const draw = step.draw(row, purposes.token);
    return (law: Float64Array, position: number) => draw.categorical(law, states, position);
  };
  const start = redraw.row ?? alone;
  const positions = movablePositions(step);
  const wanted = flatIndexes(positions, length);
  if (wanted.length === 0) return;
  const time = clock(step.t);
  const predictions = await step.predict({ time, wanted });
  const sigmaS = s <= 0 ? 0 : noise.sigma(clock(s));
  const sigmaT = noise.sigma(time);
  const law = new Float64Array(states);
  positions.forEach((list, row) => {
    const draw = start(row);
    for (const position of list) {
      const at = row * length + position;
      const token = tokens[at]!;
      posteriorInto(law, token, predictions.row(row, position), sigmaS, sigmaT);
      next[at] = draw(law, position, token);
    }
  });
}
