import type { Denoiser } from "../denoisers/denoiser.ts";
import { leaveOneOutModel } from "../denoisers/leave-one-out-model.ts";
import { maskAmongTokens } from "../denoisers/mask-among-tokens.ts";
import { nextTokenModel } from "../denoisers/next-token-model.ts";
import { scoreModel } from "../denoisers/score-model.ts";
import { noiseFrom, processFrom } from "./corruption.ts";
import type { Manifest } from "./manifest.ts";

/** What a manifest says of how a network is to be read. */
export type Reading = Pick<Manifest, "vocabulary" | "mask" | "returns" | "inputs" | "process" | "noise">;

/** What a manifest says of a network: how it is called, and how it is read. */
export type Network = Pick<Manifest, "name" | "vocabulary" | "length" | "inputs" | "output" | "maskColumn"> &
  Partial<Reading>;

/** The inputs as `onnxDenoiser` fills them: a noise level comes in place of the time. */
export function fedAs({ tokens, time, sigma, rows }: NonNullable<Network["inputs"]>): {
  tokens: string;
  time?: string;
  rows?: string;
} {
  const level = time ?? sigma;
  return { tokens, ...(level === undefined ? {} : { time: level }), ...(rows === undefined ? {} : { rows }) };
}

/**
 * The denoiser that a network is, once its mask, its time and its rows are read as the manifest says: conversions
 * are made here, once, and samplers know nothing of them.
 *
 * @param network what the network takes and returns as it is; its `time` is whatever the network wants
 * @throws RangeError if the process or the noise does not allow the conversion
 */
export function networkDenoiser(network: Denoiser, manifest: Reading): Denoiser {
  const { vocabulary, mask, returns = "logits", inputs } = manifest;
  const noise = noiseFrom(manifest.noise);
  let read = network;
  if (inputs?.sigma !== undefined) {
    const levelled = read;
    read = {
      ...levelled,
      predict: (input) => levelled.predict({ ...input, time: input.time.map((t) => noise.sigma(t)) }),
    };
  }
  if (mask !== undefined) read = maskAmongTokens(read, { mask });
  if (returns === "next-logits") return nextTokenModel(read);
  if (returns === "logits") return read;
  const process = processFrom(manifest.process, { vocabulary });
  return returns === "log-scores"
    ? scoreModel(read, { process, noise })
    : leaveOneOutModel(read, { process, noise });
}
