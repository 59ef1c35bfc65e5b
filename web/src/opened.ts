import { fullCurve, type InformationCurve } from "../../src/optimize/information-curve.ts";
import type { Connection, RemoteModel } from "../../src/web/index.ts";
import { modelEntry } from "./catalog.ts";
import { type Facts, factsOf } from "./facts.ts";
import { measuredOf } from "./measured.ts";
import type { Settings, Weights } from "./settings.ts";

/** A loaded model with all that the page knows of it. */
export interface Opened {
  readonly remote: RemoteModel;
  readonly facts: Facts;
  /** Information curves by the order they were measured along. */
  readonly curves: Map<string, InformationCurve>;
  /** [halves] first halves of real sequences. */
  readonly openings: readonly (readonly number[])[];
  readonly weights: Weights;
}

/** Loads a model that ships beside the page. @throws Error in one sentence if a file is missing or damaged */
export async function openModel(
  connection: Connection,
  { model: name, weights }: Pick<Settings, "model" | "weights">,
  options: { readonly onProgress: (share: number | undefined) => void; readonly signal: AbortSignal },
): Promise<Opened> {
  const { signal } = options;
  const [remote, { curves, openings }] = await Promise.all([
    connection.load(new URL(`models/${name}/`, document.baseURI), {
      signal,
      // Exact models have one file.
      ...(weights === "small" && modelEntry(name).network ? { small: true } : {}),
      onProgress: ({ loaded, total }) => options.onProgress(total ? loaded / total : undefined),
    }),
    measuredOf(name, signal),
  ]);
  return {
    remote,
    facts: factsOf(remote.manifest),
    curves: new Map(Object.entries(curves)),
    openings,
    weights,
  };
}

const heights = new WeakMap<InformationCurve, Float64Array>();

/**
 * The curve of an order at every reveal count, or of the random order where its own was not measured.
 *
 * @returns [length] nats, and the order whose curve it is
 */
export function curveFor(
  { curves }: Opened,
  order: string,
): { heights: Float64Array; order: string } | undefined {
  const whose = curves.has(order) ? order : "random";
  const curve = curves.get(whose);
  if (!curve) return undefined;
  if (!heights.has(curve)) heights.set(curve, fullCurve(curve));
  return { heights: heights.get(curve)!, order: whose };
}
