import { availableParallelism } from "node:os";
import type { InferenceSession, TensorConstructor } from "onnxruntime-common";

/** A session of onnxruntime-node, and the tensors to feed it with. */
export interface OpenSession {
  readonly session: InferenceSession;
  readonly Tensor: TensorConstructor;
}

/**
 * Opens an .onnx file in onnxruntime-node, on the CPU.
 *
 * @param options.threads threads of one call; default all cores
 * @throws Error with one sentence if the runtime is not installed or the file is broken
 */
export async function openOnnxSession(
  file: string,
  { threads = availableParallelism() }: { threads?: number | undefined } = {},
): Promise<OpenSession> {
  const { InferenceSession, Tensor } = await runtime();
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
  return { session, Tensor };
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
