import type { Denoiser } from "./denoiser.ts";

/** Says whether to stop, and why; an `AbortSignal` fits. */
export interface Abort {
  readonly aborted: boolean;
  readonly reason?: unknown;
}

/**
 * The same model, which is not called any more once the signal is aborted: whatever runs it then throws the signal's
 * reason. Every function that takes a `signal` checks it so; this does it for what takes none, such as a network that
 * judges samples.
 */
export function abortable<Model extends Pick<Denoiser, "predict">>(
  model: Model,
  signal: Abort | undefined,
): Model {
  if (!signal) return model;
  return {
    ...model,
    predict(input) {
      throwIfAborted(signal);
      return model.predict(input);
    },
  };
}

/** @throws the signal's reason, if it is aborted */
export function throwIfAborted(signal: Abort | undefined): void {
  if (signal?.aborted) throw signal.reason ?? new Error("the signal was aborted");
}
