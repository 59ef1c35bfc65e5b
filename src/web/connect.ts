import { calls, type WorkerLike } from "./calls.ts";
import type { Loaded, LoadProgress, Provider, Task } from "./messages.ts";
import { type RemoteModel, remoteModel } from "./remote-model.ts";

/** How a model is loaded. */
export interface LoadOptions {
  /** Default: WebGPU where there is a graphics card and the model runs on it, else WebAssembly. */
  readonly provider?: Provider;
  /**
   * Threads of WebAssembly; default half the cores and at most 4. More than one only on pages that are
   * cross-origin isolated, and as the first network of the worker has it.
   */
  readonly threads?: number;
  /** The same model in fewer bytes, where the folder has it. */
  readonly small?: boolean;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
}

/** A worker that holds models and runs jobs. */
export interface Connection {
  /**
   * Loads the model folder at an address. Files are kept in the browser's cache and checked by SHA-256.
   *
   * @param url the folder; relative ones are below the page's address
   * @throws Error with one sentence if a file is missing, damaged or of another kind
   */
  load(url: string | URL, options?: LoadOptions): Promise<RemoteModel>;
  /** Ends the worker; what is still waited for fails. */
  close(): void;
}

/**
 * Speaks with a worker whose file calls `serve` of `fewstep/web/worker`.
 *
 * @param worker `new Worker(new URL("./worker.js", import.meta.url), { type: "module" })`
 */
export function connect(worker: WorkerLike): Connection {
  const own = calls(worker);
  return {
    async load(url, { onProgress, signal, ...options } = {}) {
      const base = (globalThis as { location?: { href: string } }).location?.href;
      const task: Task = { kind: "load", url: new URL(url, base).href, ...options };
      return remoteModel(await own.ask<Loaded>(task, { onProgress, signal }), own);
    },
    close() {
      const message = "connect: the connection was closed; connect to a new worker";
      own.end({ name: "AbortError", message });
      worker.terminate();
    },
  };
}
