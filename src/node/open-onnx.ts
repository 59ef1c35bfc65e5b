import type { Denoiser } from "../denoisers/denoiser.ts";
import { fedAs, type Network, networkDenoiser } from "../model/network-denoiser.ts";
import { onnxDenoiser } from "../onnx/onnx-denoiser.ts";
import { openOnnxSession } from "./open-onnx-session.ts";

/**
 * Opens a manifest's network in onnxruntime-node, on the CPU.
 *
 * @param file path of the .onnx file
 * @param options.threads threads of one call; default all cores
 * @throws Error with one sentence if the runtime is not installed, the file is broken or the manifest is wrong
 */
export async function openOnnx(
  file: string,
  { manifest, threads }: { manifest: Network; threads?: number },
): Promise<{ denoiser: Denoiser; dispose(): Promise<void> }> {
  const { session, Tensor } = await openOnnxSession(file, { threads });
  const { vocabulary, length, name, inputs, output, maskColumn, process, noise } = manifest;
  try {
    const network = onnxDenoiser({
      session,
      Tensor,
      vocabulary,
      length,
      name,
      preallocate: true,
      ...(inputs ? { inputs: fedAs(inputs) } : {}),
      ...(output === undefined ? {} : { output }),
      ...(maskColumn === undefined ? {} : { maskColumn }),
    });
    const denoiser = process && noise ? networkDenoiser(network, { ...manifest, process, noise }) : network;
    return { denoiser, dispose: () => session.release() };
  } catch (cause) {
    await session.release();
    throw cause;
  }
}
