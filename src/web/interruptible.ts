import { throwIfAborted } from "../denoisers/abortable.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";

/**
 * The same model, which lets messages in before each call and is not called once the signal is aborted: so that a run
 * in a worker can be stopped, and several take turns.
 */
export function interruptible(model: Denoiser, signal: AbortSignal): Denoiser {
  return {
    ...model,
    async predict(input) {
      await turn();
      throwIfAborted(signal);
      return model.predict(input);
    },
  };
}

/** Resolves after the messages that have come by now. A timer would do, but browsers make it wait 4 ms. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel() as unknown as Record<"port1" | "port2", Port>;
    port2.onmessage = () => {
      port2.close();
      resolve();
    };
    port1.postMessage(undefined);
  });
}

/** What browsers and Node agree on. */
interface Port {
  onmessage: (() => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}
