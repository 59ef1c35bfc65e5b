import type { InformationCurve } from "../../src/optimize/information-curve.ts";

/** What was measured of a model before the page was built. */
export interface Measured {
  /** SHA-256 of the model it was measured on. */
  readonly fingerprint: string;
  /** Information curves by the order they were measured along. */
  readonly curves: Readonly<Record<string, InformationCurve>>;
  /** First halves of real sequences, where nobody could type one. */
  readonly openings: readonly (readonly number[])[];
}

/** Fetches it; a model without any has nothing measured. */
export async function measuredOf(name: string, signal: AbortSignal): Promise<Measured> {
  const answer = await fetch(new URL(`measured/${name}.json`, document.baseURI), { signal });
  if (!answer.ok) return { fingerprint: "", curves: {}, openings: [] };
  return (await answer.json()) as Measured;
}
