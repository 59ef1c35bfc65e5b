import type { InferenceSession, InferenceSessionFactory, TensorConstructor } from "onnxruntime-common";
import type { Files } from "../model/files.ts";
import type { NetworkFile, OpenNetwork } from "../model/model.ts";
import { fedAs, type Network, networkDenoiser } from "../model/network-denoiser.ts";
import { oneLine } from "../one-line.ts";
import { onnxDenoiser } from "../onnx/onnx-denoiser.ts";
import { hasGraphicsCard, type Machine, usualThreads } from "./machine.ts";
import type { Provider } from "./messages.ts";
import { sha256 } from "./sha256.ts";

/** What is used of onnxruntime-web; each of its entrances fits. */
export interface Ort {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
  readonly env: { readonly wasm: { numThreads?: number; proxy?: boolean } };
}

/** How a network is opened. */
export interface OpenSessionOptions {
  readonly files: Files;
  readonly ort: Ort;
  /** Default: WebGPU where there is a graphics card and the model runs on it, else WebAssembly. */
  readonly provider?: Provider | undefined;
  /** Default {@link usualThreads}. */
  readonly threads?: number | undefined;
}

/** A network of 2 GB is more than WebAssembly can hold. */
const NETWORK_LIMIT = 2 ** 31;

/**
 * Opens a network in onnxruntime-web.
 *
 * Logits come back to the processor after every call on WebGPU too: a sampler draws each token from a softmax in
 * float64, and these few numbers (4 bytes each, rows x length x vocabulary of them) are what the next input depends on. All between input and
 * logits stays on the card. Outputs are never preallocated: in onnxruntime-web 1.30 they silently stay zero.
 *
 * @throws Error in one sentence if a file is another one, or no network as described
 */
export async function openSession(
  { file, sha256: expected, data }: NetworkFile,
  network: Network,
  { files, ort, provider, threads }: OpenSessionOptions,
): Promise<OpenNetwork & { readonly provider: Provider }> {
  const known = expected === undefined ? {} : { sha256: expected };
  const bytes = await files.bytes(file, { limit: NETWORK_LIMIT, ...known });
  const weights = data && (await files.bytes(data.file, { limit: NETWORK_LIMIT, sha256: data.sha256 }));
  const fingerprint = async () => expected?.toLowerCase() ?? sha256(bytes);
  const { wasm } = ort.env;
  wasm.proxy = false; // This is a worker already, and a second one would detach the arrays it is sent.
  // Set once: the runtime starts its threads with the first network.
  const isolated = (globalThis as Machine).crossOriginIsolated === true;
  wasm.numThreads = isolated ? (threads ?? usualThreads()) : 1;

  const create = async (provider: Provider) => ({
    provider,
    session: await ort.InferenceSession.create(bytes, {
      executionProviders: [provider],
      logSeverityLevel: 4, // Problems are thrown; the runtime's own log would repeat them on the console.
      ...(data && weights ? { externalData: [{ path: data.file, data: weights }] } : {}),
    }),
  });
  const refuse = (cause: unknown): never => {
    throw new Error(
      `loadModel: ${files.where(file)} cannot be opened as an ONNX model: ${oneLine(cause)}; the file is damaged or of another kind, or the runtime's own files are not served`,
      { cause },
    );
  };
  const onCard = provider === "webgpu" || (provider === undefined && (await hasGraphicsCard()));
  const card = onCard ? create("webgpu") : undefined;
  const opened = await (provider === "webgpu"
    ? card!.catch(refuse)
    : ((await card?.catch(() => undefined)) ?? create("wasm").catch(refuse)));
  const { session } = opened;
  try {
    return {
      ...opened,
      denoiser: denoiserOf(session, network, ort),
      fingerprint,
      dispose: () => session.release(),
    };
  } catch (cause) {
    await session.release();
    throw cause;
  }
}

function denoiserOf(session: InferenceSession, network: Network, { Tensor }: Ort) {
  const { vocabulary, length, name, inputs, output, maskColumn, process, noise } = network;
  const denoiser = onnxDenoiser({
    ...{ session, Tensor, vocabulary, length, name },
    ...(inputs ? { inputs: fedAs(inputs) } : {}),
    ...(output === undefined ? {} : { output }),
    ...(maskColumn === undefined ? {} : { maskColumn }),
  });
  return process && noise ? networkDenoiser(denoiser, { ...network, process, noise }) : denoiser;
}
