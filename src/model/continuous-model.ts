import type { Denoiser } from "../continuous/denoisers/denoiser.ts";
import { type GaussianMixture, gaussianMixture } from "../continuous/denoisers/gaussian-mixture.ts";
import { guided } from "../continuous/denoisers/guided.ts";
import { namedNoise } from "../continuous/named-noise.ts";
import type { Noise } from "../continuous/noise/noise.ts";
import {
  type ContinuousManifest,
  dimensionOf,
  type PixelsDescription,
  parseContinuousManifest,
} from "./continuous-manifest.ts";
import type { NoiseDescription } from "./corruption.ts";
import { type Files, readJsonOf } from "./files.ts";
import { canonicalMixture, mixtureLimits, parseMixture } from "./mixture-file.ts";
import { parseVectors } from "./vectors.ts";

/** A continuous model ready to sample from, and what is known of it. */
export interface ContinuousModel {
  readonly name: string;
  readonly description: string;
  readonly denoiser: Denoiser;
  readonly noise: Noise;
  /** The noise as plans store it. */
  readonly noiseDescription: NoiseDescription;
  /** D, the numbers of a sample. */
  readonly dimension: number;
  /** Sizes of a sample, the last axis fastest. */
  readonly shape: readonly number[];
  /** SHA-256: of the bytes of an .onnx file, of the canonical JSON of a mixture. */
  readonly fingerprint: string;
  /** Where samples are grey images. */
  readonly pixels?: PixelsDescription;
  /** Whether the denoiser's predictions are exact, so that all error of a sample is the sampler's. */
  readonly exact: boolean;
  /** The law of data, where it is known. */
  readonly mixture?: GaussianMixture;
  /** The classes there are, 0 .. classes - 1: the components of a mixture, or what a network was trained with. */
  readonly classes?: number;
  readonly manifest: ContinuousManifest;
  /** The model of one class. @throws RangeError if it has no such class */
  conditional(label: number): Denoiser;
  /** Data the model was not trained on, [n, D], if it comes with any. */
  heldOut(): Promise<Float64Array | undefined>;
  /** Frees what the runtime holds; the denoiser is then of no more use. */
  dispose(): Promise<void>;
}

/** What a platform does for a continuous model: it reads files, and runs networks. */
export interface ContinuousSource {
  readonly files: Files;
  /** SHA-256 of a text in UTF-8, 64 hexadecimal digits. */
  fingerprint(text: string): Promise<string>;
  /** @throws Error in one sentence if the file is another one, or no network as described */
  openNetwork(manifest: NetworkDescription): Promise<OpenContinuousNetwork>;
}

/** The manifest of a network. */
export type NetworkDescription = Extract<ContinuousManifest, { readonly kind: "onnx" }>;

/** A network in a runtime. */
export interface OpenContinuousNetwork {
  /** Its denoiser; of one class where it has classes and a label is given. */
  denoiser(label?: number): Denoiser;
  /** SHA-256 of the file's bytes. */
  readonly fingerprint: string;
  dispose(): Promise<void>;
}

/** Reads and checks a continuous model's manifest. @throws Error with one sentence naming the file and the field */
export async function readContinuousManifestOf(files: Files): Promise<ContinuousManifest> {
  const name = "manifest.json";
  return parseContinuousManifest(await readJsonOf(files, name, { limit: 2 ** 20 }), files.where(name));
}

/**
 * The model that a manifest describes.
 *
 * @throws Error with one sentence if a file is damaged or disagrees with the manifest
 */
export async function continuousModelOf(
  manifest: ContinuousManifest,
  source: ContinuousSource,
): Promise<ContinuousModel> {
  const { name, description, shape, noise, heldOut, pixels } = manifest;
  const { files } = source;
  const known = {
    name,
    description,
    manifest,
    noise: namedNoise(noise),
    noiseDescription: noise,
    dimension: dimensionOf(shape),
    shape,
    ...(pixels ? { pixels } : {}),
    heldOut: async () =>
      heldOut === undefined
        ? undefined
        : parseVectors(await files.bytes(heldOut, { caller: "heldOut" }), {
            shape,
            path: files.where(heldOut),
          }),
  };
  if (manifest.kind === "gaussian-mixture") return { ...known, ...(await mixtureParts(manifest, source)) };
  const network = await source.openNetwork(manifest);
  const { classes } = manifest;
  return {
    ...known,
    denoiser: network.denoiser(),
    exact: false,
    fingerprint: network.fingerprint,
    ...(classes ? { classes: classes.count } : {}),
    conditional: (label) => network.denoiser(checkLabel(label, { name, classes: classes?.count })),
    dispose: network.dispose,
  };
}

/**
 * The same model guided towards a class: eps_u + scale (eps_c - eps_u), two model calls a prediction; with scale 1 that
 * class alone, one call. Guided by another scale an exact model samples no law that is known, but its predictions stay
 * exact.
 *
 * @throws RangeError if it has no such class
 */
export function guidedTowards(
  model: ContinuousModel,
  { label, scale = 1 }: { label: number; scale?: number },
): ContinuousModel {
  const { mixture, heldOut: _, ...others } = model;
  const conditional = model.conditional(label);
  const heldOut = async () => undefined; // Of all classes, and so no measure of one.
  if (scale !== 1) {
    const denoiser = guided({ unconditional: model.denoiser, conditional, scale });
    return { ...others, heldOut, denoiser };
  }
  return {
    ...others,
    heldOut,
    denoiser: conditional,
    ...(mixture ? { mixture: component(mixture, label) } : {}),
  };
}

/**
 * The same mixture under another noise: predictions are exact under all of them. A network knows only the noise it was
 * trained on.
 *
 * @throws RangeError if the model is no mixture, or the noise is not known
 */
export function underNoise(model: ContinuousModel, noise: NoiseDescription): ContinuousModel {
  if (!model.exact) {
    throw new RangeError(
      `model "${model.name}" is a network trained on ${model.noise.name} noise; only mixtures run under another noise`,
    );
  }
  return { ...model, noise: namedNoise(noise), noiseDescription: noise };
}

async function mixtureParts(
  { file, sha256, shape, name }: ContinuousManifest,
  { files, fingerprint }: ContinuousSource,
) {
  const checked = sha256 === undefined ? {} : { sha256 };
  const json = await readJsonOf(files, file, { limit: mixtureLimits.bytes, ...checked });
  const mixture = parseMixture(json, { path: files.where(file), dimension: dimensionOf(shape) });
  const classes = mixture.deviations.length;
  return {
    denoiser: mixture,
    exact: true,
    mixture,
    classes,
    fingerprint: await fingerprint(canonicalMixture(mixture)),
    conditional: (label: number) => component(mixture, checkLabel(label, { name, classes })),
    dispose: async () => {},
  };
}

/** One Gaussian of a mixture. */
function component({ means, deviations, dimension }: GaussianMixture, k: number): GaussianMixture {
  return gaussianMixture({
    weights: [1],
    means: [means.subarray(k * dimension, (k + 1) * dimension)],
    deviations: [deviations[k]!],
  });
}

function checkLabel(label: number, { name, classes }: { name: string; classes: number | undefined }): number {
  if (classes === undefined) throw new RangeError(`model "${name}" has no classes; leave the label out`);
  if (Number.isInteger(label) && label >= 0 && label < classes) return label;
  throw new RangeError(
    `label = ${label}; expected a class of "${name}", a whole number from 0 to ${classes - 1}`,
  );
}
