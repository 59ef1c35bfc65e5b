import { setImmediate as nextTurn } from "node:timers/promises";

/** Milliseconds after which waiting signals get their turn. */
const PATIENCE = 50;

/** What is asked for predictions: the denoisers of both halves fit. */
interface Asked<Input, Output> {
  predict(input: Input): Output | Promise<Output>;
}

/**
 * The same denoiser, with a pause for the event loop now and then. An exact model answers at once, without a
 * pause of its own, and Ctrl-C would wait until the whole run is over.
 */
export function interruptible<Input, Output, Model extends Asked<Input, Output>>(
  denoiser: Model & Asked<Input, Output>,
): Model {
  let paused = Date.now();
  return {
    ...denoiser,
    async predict(input: Input) {
      if (Date.now() - paused >= PATIENCE) {
        await nextTurn();
        paused = Date.now();
      }
      return denoiser.predict(input);
    },
  };
}
