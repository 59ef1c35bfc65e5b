import { parsePart } from "../../src/make-part.ts";
import type { Measured } from "../../src/measures/measured.ts";
import type { RemoteModel } from "../../src/web/index.ts";
import type { Settings } from "./settings.ts";

/** What is known of the loss along the path that an order's own steps take. */
export interface OwnPaths {
  of(settings: Settings, order: string, steps: readonly number[]): Measured | "measuring" | "not measured";
  /** Has the worker measure it, once. Exact models are quick, so they look at more sequences. */
  measure(remote: RemoteModel, settings: Settings, order: string, steps: readonly number[]): Promise<void>;
}

/** @param onChange told when a measurement begins or ends */
export function ownPaths(onChange: () => void): OwnPaths {
  const known = new Map<string, Measured | "measuring">();
  return {
    of: (settings, order, steps) => known.get(keyOf(settings, order, steps)) ?? "not measured",
    async measure(remote, settings, order, steps) {
      const key = keyOf(settings, order, steps);
      if (known.has(key)) return;
      known.set(key, "measuring");
      onChange();
      const sequences = remote.provider === "exact" ? 64 : 16;
      try {
        known.set(key, await remote.nats(steps, { selector: parsePart(order), sequences }));
      } catch {
        known.delete(key); // The model was left.
      }
      onChange();
    },
  };
}

function keyOf({ model, weights }: Settings, order: string, steps: readonly number[]): string {
  return [model, weights, order, ...steps].join(" ");
}
