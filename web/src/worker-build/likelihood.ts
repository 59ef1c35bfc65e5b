/** In place of the library's likelihood in the worker's build: its worker judges with no second network. */
import type { Measure } from "../../../src/measures/measure.ts";

/** @throws Error always */
export function likelihood(): Measure {
  throw new Error("This page judges samples without a second network; use the library.");
}
