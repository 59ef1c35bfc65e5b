import type { InferenceSession } from "onnxruntime-common";

/** What is used of a session; those of onnxruntime-node and onnxruntime-web both fit. */
export type OnnxSession = Pick<InferenceSession, "inputNames" | "outputNames" | "run"> &
  Partial<Pick<InferenceSession, "inputMetadata" | "outputMetadata">>;

/** Sizes of axes; a name stands for a size that the model leaves free. */
export type Shape = readonly (number | string)[];

/** A session, and how errors speak of it. */
export interface Named {
  readonly session: OnnxSession;
  /** The function that was called. */
  readonly where: string;
  /** What the model is called. */
  readonly name: string;
}

/** @throws RangeError unless the model has the input @param role the option that names it */
export function checkInputName({ session, where, name }: Named, input: string, role: string): void {
  if (session.inputNames.includes(input)) return;
  throw new RangeError(
    `${where}: ${name} has no input "${input}"; its inputs are ${quoted(session.inputNames)}: name the right one as ${role}`,
  );
}

/** @throws RangeError unless the model has the output @param what is in it */
export function checkOutputName({ session, where, name }: Named, output: string, what: string): void {
  if (session.outputNames.includes(output)) return;
  throw new RangeError(
    `${where}: ${name} has no output "${output}"; its outputs are ${quoted(session.outputNames)}: name the one with ${what} as output`,
  );
}

/**
 * Compares the type and shape of an input, where the session knows them.
 *
 * @param expected.shape a name in it, such as the batch, must not be a number in the model
 * @param expected.advice what to correct
 * @throws RangeError at a difference
 */
export function checkInput(
  { session, where, name }: Named,
  input: string,
  { type, shape, advice }: { type: string; shape: Shape; advice: string },
): void {
  const found = described(session.inputMetadata, input);
  if (!found) return;
  const unknownShape = found.shape.length === 0;
  if (found.type !== type || !(unknownShape || fits(found.shape, shape))) {
    throw new RangeError(
      `${where}: ${name} takes "${input}" as ${found.type} [${found.shape.join(", ")}]; expected ${type} [${shape.join(", ")}]${shape.length > 1 ? " with a batch of any size" : ""}: ${advice}`,
    );
  }
}

/** What the session knows of a tensor; undefined where it knows nothing. */
export function described(
  metadata: readonly InferenceSession.ValueMetadata[] | undefined,
  name: string,
): { readonly type: string; readonly shape: Shape } | undefined {
  const found = metadata?.find((value) => value.name === name);
  return found?.isTensor ? found : undefined;
}

/** Whether dims may turn out as expected: a symbolic dim may be anything, and the batch must not be a number. */
export function fits(dims: Shape, expected: Shape): boolean {
  return dims.length === expected.length && dims.every((dim, axis) => isFree(dim) || dim === expected[axis]);
}

/** Whether a model leaves the size of an axis free. */
export function isFree(dim: number | string | undefined): boolean {
  return typeof dim === "string" || (dim !== undefined && dim < 0);
}

export function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ") || "none";
}
