import type { InferenceSession } from "onnxruntime-common";
import type { OnnxDenoiserOptions, OnnxSession } from "./onnx-denoiser.ts";

/** What a session is expected to take and to return. */
export type Expected = Required<
  Pick<OnnxDenoiserOptions, "name" | "vocabulary" | "length" | "inputs" | "output" | "maskColumn">
>;

type Shape = readonly (number | string)[];

/**
 * Compares a session's names, and where it has metadata its types and shapes, with what is expected of it.
 *
 * @throws RangeError at the first difference
 */
export function checkSession(session: OnnxSession, expected: Expected): void {
  const { name, vocabulary, length, inputs, output } = expected;
  checkWhole("vocabulary", vocabulary);
  checkWhole("length", length);
  const { inputNames, outputNames } = session;
  for (const [role, input] of Object.entries(inputs)) {
    if (!inputNames.includes(input)) {
      throw new RangeError(
        `onnxDenoiser: ${name} has no input "${input}"; its inputs are ${quoted(inputNames)}: name the right one as inputs.${role}`,
      );
    }
  }
  const unfed = inputNames.find((input) => !Object.values(inputs).includes(input));
  if (unfed !== undefined) {
    throw new RangeError(
      `onnxDenoiser: ${name} also takes an input "${unfed}"; expected tokens and at most a time and rows: name it as inputs.time if it is the time, as inputs.rows if it says which rows to compute, else export the model without it`,
    );
  }
  if (!outputNames.includes(output)) {
    throw new RangeError(
      `onnxDenoiser: ${name} has no output "${output}"; its outputs are ${quoted(outputNames)}: name the one with the logits as output`,
    );
  }
  checkInput(session, inputs.tokens, "int64", ["batch", length], name);
  if (inputs.time !== undefined) checkInput(session, inputs.time, "float32", ["batch"], name);
  if (inputs.rows !== undefined) checkInput(session, inputs.rows, "int64", ["rows"], name);
  const shape = described(session.outputMetadata, output)?.shape;
  if (!shape || shape.length === 0) return;
  const width = expected.maskColumn ? vocabulary + 1 : vocabulary;
  const due = inputs.rows === undefined ? ["batch", length, width] : ["rows", width];
  // The batch of an output is often exported wrongly and never enforced, so only the other axes count.
  if (!fits([due[0]!, ...shape.slice(1)], due)) throw refuseShape(expected, shape, due);
}

/** The error for an output whose dims are not [batch, length, width], or [rows, width] where rows are asked for. */
export function refuseShape(expected: Expected, dims: Shape, due: Shape): RangeError {
  const { name, vocabulary, length, output, maskColumn, inputs } = expected;
  const dense = dims.length === 3 && due.length === 2;
  const hint = dense
    ? `its input ${inputs.rows} is not one that chooses the rows of the output`
    : dims.length === due.length && dims.at(-1) === vocabulary + 1
      ? "correct the vocabulary, or set maskColumn if the last column is the mask's"
      : "correct the vocabulary and the length, or the model file";
  return new RangeError(
    `onnxDenoiser: ${name} returns ${output} of shape [${dims.join(", ")}]; expected [${due.join(", ")}] for length ${length} and vocabulary ${vocabulary}${maskColumn ? " with a mask column" : ""}: ${hint}`,
  );
}

function checkInput(session: OnnxSession, input: string, type: string, shape: Shape, name: string): void {
  const found = described(session.inputMetadata, input);
  if (!found) return;
  const unknownShape = found.shape.length === 0;
  if (found.type !== type || !(unknownShape || fits(found.shape, shape))) {
    throw new RangeError(
      `onnxDenoiser: ${name} takes "${input}" as ${found.type} [${found.shape.join(", ")}]; expected ${type} [${shape.join(", ")}]${shape.length > 1 ? " with a batch of any size" : ""}: correct the length, or export the model with this input`,
    );
  }
}

function described(metadata: readonly InferenceSession.ValueMetadata[] | undefined, name: string) {
  const found = metadata?.find((value) => value.name === name);
  return found?.isTensor ? found : undefined;
}

/** Whether dims may turn out as expected: a symbolic dim may be anything, and the batch must not be a number. */
function fits(dims: Shape, expected: Shape): boolean {
  return (
    dims.length === expected.length &&
    dims.every((dim, axis) => typeof dim === "string" || dim < 0 || dim === expected[axis])
  );
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ") || "none";
}

function checkWhole(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`onnxDenoiser: ${name} = ${value}; expected a whole number >= 1`);
  }
}
