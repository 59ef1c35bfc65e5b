import type { Tensor, TensorConstructor } from "onnxruntime-common";
import type { Denoiser, Noised } from "../continuous/denoisers/denoiser.ts";
import { type PredictionKind, predicting } from "../continuous/denoisers/prediction.ts";
import { type FixedInput, fixedInputs } from "./fixed-inputs.ts";
import { floatOutput } from "./float-output.ts";
import { inTurn } from "./in-turn.ts";
import {
  checkInput,
  checkInputName,
  checkOutputName,
  described,
  fits,
  type OnnxSession,
  type Shape,
} from "./onnx-session.ts";

/** A network of Gaussian diffusion and how its inputs and output are to be read. */
export interface OnnxContinuousDenoiserOptions {
  readonly session: OnnxSession;
  /** The `Tensor` of the runtime that made the session. */
  readonly Tensor: TensorConstructor;
  /** Sizes of one sample, such as [3, 64, 64]; samples are rows of their product, the last axis fastest. */
  readonly shape: readonly number[];
  /**
   * Names of the inputs: `x` float32 [batch, ...shape]; `time` float32 [batch], fed timeScale t + timeShift (default 1
   * and 0). A network trained at n levels, under `vpTable`, takes level t n - 1: timeScale n, timeShift -1.
   */
  readonly inputs: {
    readonly x: string;
    readonly time: string;
    readonly timeScale?: number;
    readonly timeShift?: number;
  };
  /** Name of the output, [batch, ...shape]. */
  readonly output: string;
  /** What the output predicts. */
  readonly prediction: PredictionKind;
  /** What the other inputs are fed, by their names: a class, the embedding of a text. */
  readonly fixed?: Readonly<Record<string, FixedInput>>;
  /**
   * Lets the runtime write into an array of ours instead of a new one per call. Right for onnxruntime-node only: in
   * onnxruntime-web 1.30 such an array silently stays zero. Default false.
   */
  readonly preallocate?: boolean;
  /** What errors call the model. */
  readonly name?: string;
}

const where = "onnxContinuousDenoiser";

/**
 * A denoiser of Gaussian diffusion from an ONNX session: one session run per prediction, whose output becomes eps here,
 * at the border (`predicting`). The network computes in float32, what it is fed is rounded to it; its output may be
 * float32, float64 or float16. Rows may have times of their own.
 *
 * Classifier-free guidance is `guided` over two of these on one session that differ in `fixed`.
 *
 * @throws RangeError if the session's inputs and output are not as described, at once where the session has metadata,
 * else at the first call
 */
export function onnxContinuousDenoiser(options: OnnxContinuousDenoiserOptions): Denoiser {
  const { session, Tensor, shape, inputs, output, preallocate = false, name = "the model" } = options;
  const { timeScale = 1, timeShift = 0 } = inputs;
  const { prediction, fixed = {} } = options;
  const model = { session, where, name };
  checkOptions({ ...options, inputs: { ...inputs, timeScale, timeShift } });
  checkSession(options, name);
  const dimension = shape.reduce((product, size) => product * size, 1);
  const constants = fixedInputs(model, { Tensor, fixed });
  const run = floatOutput({
    ...model,
    Tensor,
    output,
    preallocate,
    refuse: (dims, due) => refuseShape({ name, output }, dims, due),
  });
  let values = new Float32Array(0);
  let times = new Float32Array(0);

  async function predict({ x, batch, time }: Noised): Promise<Float64Array> {
    if (values.length < x.length) values = new Float32Array(x.length);
    if (times.length < batch) times = new Float32Array(batch);
    values.set(x);
    for (let row = 0; row < batch; row++) times[row] = timeScale * time[row]! + timeShift;
    const due = [batch, ...shape];
    const fed: Record<string, Tensor> = {
      ...constants(batch),
      [inputs.x]: new Tensor("float32", values.subarray(0, x.length), due),
      [inputs.time]: new Tensor("float32", times.subarray(0, batch), [batch]),
    };
    const { data, release } = await run(fed, due, (reason) => {
      const told = Object.keys(fixed).length > 0 ? " and what is fixed" : "";
      return `on ${batch} samples of [${shape.join(", ")}] at time ${times[0]}: ${reason}; check that the model takes this shape and time${told}`;
    });
    const predicted = Float64Array.from(data);
    release?.();
    return predicted;
  }

  return predicting(prediction, { dimension, predict: inTurn(session, predict) });
}

function checkOptions({ shape, inputs, prediction }: OnnxContinuousDenoiserOptions): void {
  if (shape.length === 0 || !shape.every((size) => Number.isInteger(size) && size >= 1)) {
    throw new RangeError(
      `${where}: shape = [${shape.join(", ")}]; expected the sizes of one sample without the batch, whole numbers >= 1`,
    );
  }
  for (const role of ["timeScale", "timeShift"] as const) {
    if (!Number.isFinite(inputs[role])) {
      throw new RangeError(`${where}: inputs.${role} = ${inputs[role]}; expected a finite number`);
    }
  }
  if (!["eps", "x0", "v", "score"].includes(prediction)) {
    throw new RangeError(`${where}: prediction = "${prediction}"; expected "eps", "x0", "v" or "score"`);
  }
}

/** @throws RangeError at the first difference between a session and what is expected of it */
function checkSession(
  { session, shape, inputs, output, fixed = {} }: OnnxContinuousDenoiserOptions,
  name: string,
): void {
  const model = { session, where, name };
  for (const role of ["x", "time"] as const) checkInputName(model, inputs[role], `inputs.${role}`);
  const given = Object.keys(fixed);
  for (const input of given) {
    if (input === inputs.x || input === inputs.time) {
      throw new RangeError(
        `${where}: fixed["${input}"] is an input of ${name} that changes from call to call; expected others`,
      );
    }
    checkInputName(model, input, "a key of fixed");
  }
  const unfed = session.inputNames.find((each) => ![inputs.x, inputs.time, ...given].includes(each));
  if (unfed !== undefined) {
    throw new RangeError(
      `${where}: ${name} also takes an input "${unfed}"; expected x, a time and what is in fixed: give fixed["${unfed}"], such as a class or an embedding, or export the model without it`,
    );
  }
  checkOutputName(model, output, "the prediction");
  const advice = "correct the shape, or export the model with this input";
  checkInput(model, inputs.x, { type: "float32", shape: ["batch", ...shape], advice });
  checkInput(model, inputs.time, { type: "float32", shape: ["batch"], advice });
  const found = described(session.outputMetadata, output)?.shape;
  if (!found || found.length === 0) return;
  // The batch of an output is often exported wrongly and never enforced, so only the other axes count.
  const due = ["batch", ...shape];
  if (!fits(["batch", ...found.slice(1)], due)) throw refuseShape({ name, output }, found, due);
}

function refuseShape(
  { name, output }: { name: string; output: string },
  dims: Shape,
  due: Shape,
): RangeError {
  return new RangeError(
    `${where}: ${name} returns ${output} of shape [${dims.join(", ")}]; expected [${due.join(", ")}]: correct the shape, or name the output that predicts`,
  );
}
