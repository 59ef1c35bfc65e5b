import type { Initializer } from "./onnx-file/graph.ts";
import { quoted } from "./quoted.ts";
import type { Checkpoint, StoredTensor } from "./safetensors/checkpoint.ts";
import { isFloat } from "./safetensors/safetensors.ts";

/** The weights of a checkpoint as an architecture asks for them. */
export interface Weights {
  /**
   * A weight as float32, row-major; not read before the model is written, when a NaN or an infinity in it is refused.
   *
   * @param name its name, or the names it goes by, of which the first that is there counts
   * @throws Error with one sentence if there is none, or its shape or type is not as expected
   */
  take(name: string | readonly string[], shape: readonly number[]): Initializer;
  has(name: string): boolean;
  /** Names of the tensors that nothing asked for. */
  unused(): string[];
  /** How many numbers were asked for, each tensor counted once. */
  parameters(): number;
}

/** @param options.where the checkpoint, as errors name it */
export function weights(checkpoint: Checkpoint, { where }: { where: string }): Weights {
  const used = new Set<string>();
  return {
    take(wanted, shape) {
      const names = typeof wanted === "string" ? [wanted] : wanted;
      const name = names.find((name) => checkpoint.tensors.has(name));
      if (name === undefined) {
        throw new Error(
          `${where} has no tensor ${names.map(quoted).join(" or ")}, which its config.json calls for; the checkpoint is not whole, or not of the architecture that config.json says`,
        );
      }
      const stored = checkpoint.tensors.get(name)!;
      const found = stored.entry.shape;
      if (found.length !== shape.length || found.some((size, axis) => size !== shape[axis])) {
        throw new Error(
          `${where}: tensor ${quoted(name)} has shape [${found.join(", ")}]; expected [${shape.join(", ")}] from its config.json: the two do not belong together`,
        );
      }
      used.add(name);
      return initializer(stored, where);
    },
    has: (name) => checkpoint.tensors.has(name),
    unused: () => [...checkpoint.tensors.keys()].filter((name) => !used.has(name)),
    parameters: () =>
      [...used].reduce((sum, name) => sum + elements(checkpoint.tensors.get(name)!.entry.shape), 0),
  };
}

function initializer({ name, entry, file }: StoredTensor, where: string): Initializer {
  if (!isFloat(entry)) {
    throw new Error(
      `${where}: tensor ${quoted(name)} has the type ${entry.type}; expected a weight of type F32, F16, BF16 or F64: take a checkpoint that is not quantised`,
    );
  }
  return {
    name,
    type: "float32",
    shape: entry.shape,
    bytes: 4 * elements(entry.shape),
    async *pieces() {
      for await (const floats of file.floats(entry)) {
        checkFinite(floats, `${where}: tensor ${quoted(name)}`);
        yield new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
      }
    },
  };
}

/** @throws Error at a NaN or an infinity */
function checkFinite(floats: Float32Array, where: string): void {
  for (let at = 0; at < floats.length; at++) {
    if (Number.isFinite(floats[at])) continue;
    throw new Error(`${where} holds ${floats[at]}; expected finite numbers: the checkpoint is damaged`);
  }
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
