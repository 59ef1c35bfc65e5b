import { availableParallelism } from "node:os";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { fedAs, type Network, networkDenoiser } from "../model/network-denoiser.ts";
import { onnxDenoiser } from "../onnx/onnx-denoiser.ts";

/**
 * Opens a manifest's network in onnxruntime-node, on the CPU.
 *
 * @param file path of the .onnx file
 * @param options.threads threads of one call; default all cores
 * @throws Error with one sentence if the runtime is not installed, the file is broken or the manifest is wrong
 */
export async function openOnnx(
  file: string,
  { manifest, threads = availableParallelism() }: { manifest: Network; threads?: number },
): Promise<{ denoiser: Denoiser; dispose(): Promise<void> }> {
  const { InferenceSession, Tensor } = await runtime();
  const { vocabulary, length, name, inputs, output, maskColumn, process, noise } = manifest;
  const session = await InferenceSession.create(file, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    logSeverityLevel: 4, // Problems are thrown; the runtime's own log would repeat them on stderr.
  }).catch((cause: unknown) => {
    const reason = (cause as Error).message
      .replace(/^Load model from .* failed:\s*/, "")
      .replace(/\s+/g, " ")
      .replace(/\.$/, "");
    throw new Error(
      `loadModel: ${file} cannot be opened as an ONNX model: ${reason}; the file is damaged or of another kind`,
      { cause },
    );
  });
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

async function runtime() {
  try {
    return await import("onnxruntime-node");
  } catch (cause) {
    const missing = (cause as { code?: unknown }).code === "ERR_MODULE_NOT_FOUND";
    throw new Error(
      missing
        ? "loadModel: ONNX models need the package onnxruntime-node, which is not installed; run: npm install onnxruntime-node"
        : `loadModel: onnxruntime-node cannot be started: ${(cause as Error).message.replace(/\s+/g, " ")}; reinstall it with: npm install onnxruntime-node`,
      { cause },
    );
  }
}
