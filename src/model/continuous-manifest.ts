import * as z from "zod/mini";
import type { PredictionKind } from "../continuous/denoisers/prediction.ts";
import { namedNoise } from "../continuous/named-noise.ts";
import { checkSchema } from "./check-schema.ts";
import { type NoiseDescription, noiseSchema } from "./corruption.ts";
import { fileName, npyName, sha256, text, whole } from "./manifest-fields.ts";
import { continuousOnly } from "./model-space.ts";

/** How the numbers of a sample are the pixels of a grey image, row by row. */
export interface PixelsDescription {
  readonly rows: number;
  readonly columns: number;
  /** The value of black. */
  readonly low: number;
  /** The value of white. */
  readonly high: number;
}

/** The classes a network was trained with, for guidance. */
export interface ClassesDescription {
  /** Name of the network's input that takes the class, a whole number [batch]. */
  readonly input: string;
  /** Classes are 0 .. count - 1. */
  readonly count: number;
  /** What the input is fed where no class is asked for. */
  readonly none: number;
}

/** What manifests of both kinds of continuous model say. */
interface Common {
  readonly format: "fewstep/model";
  readonly version: 1;
  readonly space: "continuous";
  readonly name: string;
  readonly description: string;
  readonly license: string;
  readonly file: string;
  /** SHA-256 of the file, hexadecimal; checked at load if given. */
  readonly sha256?: string;
  /** Sizes of one sample, the last axis fastest; their product is its dimension. */
  readonly shape: readonly number[];
  /** A row of the continuous `noises`, or { name: "vp-table", betas, start, end, levels }. */
  readonly noise: NoiseDescription;
  /** Data the model was not trained on, .npy of float32 [n, ...shape]. */
  readonly heldOut?: string;
  /** Where samples are images. */
  readonly pixels?: PixelsDescription;
  /** How the model was made; free-form. */
  readonly training?: Readonly<Record<string, unknown>>;
}

/** A mixture of Gaussians, whose predictions are exact; `file` is a mixture file. */
interface MixtureManifest extends Common {
  readonly kind: "gaussian-mixture";
}

/** A network; `file` is an .onnx file. */
interface NetworkManifest extends Common {
  readonly kind: "onnx";
  /** What the output is. */
  readonly prediction: PredictionKind;
  /**
   * Names of the network's inputs: x float32 [batch, ...shape], time float32 [batch]. The network's time is
   * timeScale t + timeShift, 1 and 0 unless stated: levels and -1 for one that takes the index of a "vp-table".
   */
  readonly inputs: {
    readonly x: string;
    readonly time: string;
    readonly timeScale?: number;
    readonly timeShift?: number;
  };
  /** Name of the network's output, [batch, ...shape]. */
  readonly output: string;
  readonly classes?: ClassesDescription;
}

/** What manifest.json of a continuous model's folder says. File names are relative to the folder and stay inside it. */
export type ContinuousManifest = MixtureManifest | NetworkManifest;

/** Numbers that a sample may have at most. */
const MOST = 2 ** 28;

const number = z.number("a number");
const natural = z.int("a whole number >= 0").check(z.minimum(0, "a whole number >= 0"));

const common = {
  format: z.literal("fewstep/model"),
  version: z.literal(1),
  space: z.literal("continuous"),
  name: text,
  description: text,
  license: text,
  file: fileName,
  sha256: z.exactOptional(sha256),
  shape: z
    .array(whole, "a list of sizes, such as [1, 8, 8]")
    .check(z.minLength(1, "a list of sizes, such as [1, 8, 8]")),
  noise: noiseSchema,
  heldOut: z.exactOptional(npyName),
  pixels: z.exactOptional(
    z.strictObject({ rows: whole, columns: whole, low: number, high: number }, "an object"),
  ),
  training: z.exactOptional(z.record(z.string(), z.unknown(), "an object")),
};

const manifest: z.ZodMiniType<ContinuousManifest> = z.discriminatedUnion("kind", [
  z.strictObject({ ...common, kind: z.literal("gaussian-mixture") }),
  z.strictObject({
    ...common,
    kind: z.literal("onnx"),
    prediction: z.enum(["eps", "x0", "v", "score"]),
    inputs: z.strictObject(
      { x: text, time: text, timeScale: z.exactOptional(number), timeShift: z.exactOptional(number) },
      "an object",
    ),
    output: text,
    classes: z.exactOptional(z.strictObject({ input: text, count: whole, none: natural }, "an object")),
  }),
]);

/**
 * Checks what a manifest.json of a continuous model holds.
 *
 * @param value its JSON
 * @param path the file, as errors name it
 * @throws Error with one sentence naming the file and the field that is wrong
 */
export function parseContinuousManifest(value: unknown, path: string): ContinuousManifest {
  continuousOnly(value, path);
  const read = checkSchema(manifest, value, path);
  const { shape, pixels, noise } = read;
  const dimension = dimensionOf(shape);
  const refuse = (problem: string): Error => new Error(`${path}: ${problem}`);
  if (dimension > MOST) {
    throw refuse(`shape is [${shape.join(", ")}], ${dimension} numbers; expected at most ${MOST}`);
  }
  if (pixels && (pixels.rows * pixels.columns !== dimension || !(pixels.low < pixels.high))) {
    throw refuse(
      `pixels has ${pixels.rows} rows and ${pixels.columns} columns from ${pixels.low} to ${pixels.high}; expected as many pixels as a sample has numbers, ${dimension}, and low below high`,
    );
  }
  if (read.kind === "onnx") checkClasses(read, refuse);
  try {
    namedNoise(noise);
  } catch (cause) {
    throw refuse((cause as Error).message);
  }
  return read;
}

/** D, the numbers of a sample. */
export function dimensionOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function checkClasses({ classes, inputs }: NetworkManifest, refuse: (problem: string) => Error): void {
  if (!classes) return;
  const { input, count, none } = classes;
  if (none < count) {
    throw refuse(
      `classes has ${count} classes and none is ${none}, which is one of them; expected what the network was trained on without a class, such as ${count}`,
    );
  }
  if (input === inputs.x || input === inputs.time) {
    throw refuse(`classes.input is "${input}", which inputs names too; expected another input`);
  }
}
