import type { OnnxDenoiserOptions } from "./onnx-denoiser.ts";
import {
  checkInput,
  checkInputName,
  checkOutputName,
  described,
  fits,
  type OnnxSession,
  type Shape,
} from "./onnx-session.ts";

/** What a session is expected to take and to return. */
export type Expected = Required<
  Pick<OnnxDenoiserOptions, "name" | "vocabulary" | "length" | "inputs" | "output" | "maskColumn">
>;

/**
 * Compares a session's names, and where it has metadata its types and shapes, with what is expected of it.
 *
 * @throws RangeError at the first difference
 */
export function checkSession(session: OnnxSession, expected: Expected): void {
  const { name, vocabulary, length, inputs, output } = expected;
  const model = { session, where: "onnxDenoiser", name };
  checkWhole("vocabulary", vocabulary);
  checkWhole("length", length);
  for (const [role, input] of Object.entries(inputs)) checkInputName(model, input, `inputs.${role}`);
  const unfed = session.inputNames.find((input) => !Object.values(inputs).includes(input));
  if (unfed !== undefined) {
    throw new RangeError(
      `onnxDenoiser: ${name} also takes an input "${unfed}"; expected tokens and at most a time and rows: name it as inputs.time if it is the time, as inputs.rows if it says which rows to compute, else export the model without it`,
    );
  }
  checkOutputName(model, output, "the logits");
  const advice = "correct the length, or export the model with this input";
  checkInput(model, inputs.tokens, { type: "int64", shape: ["batch", length], advice });
  if (inputs.time !== undefined)
    checkInput(model, inputs.time, { type: "float32", shape: ["batch"], advice });
  if (inputs.rows !== undefined) checkInput(model, inputs.rows, { type: "int64", shape: ["rows"], advice });
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

function checkWhole(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`onnxDenoiser: ${name} = ${value}; expected a whole number >= 1`);
  }
}
