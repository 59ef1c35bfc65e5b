import { oneLine } from "../one-line.ts";
import type { State } from "../sample.ts";
import { inbox } from "./inbox.ts";
import type { Answer, Request, Task } from "./messages.ts";

/** What is used of a worker; a browser's `Worker` fits. */
export interface WorkerLike {
  postMessage(message: unknown): void;
  addEventListener(
    type: "message" | "error" | "messageerror",
    listener: (event: { readonly data?: unknown; readonly message?: string }) => void,
  ): void;
  terminate(): void;
}

/** Options of a task. */
export interface CallOptions {
  readonly onProgress?: ((value: never) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Tasks that a worker does for the page. */
export interface Calls {
  /** Does a task that has one result. */
  ask<Result>(task: Task, options?: CallOptions): Promise<Result>;
  /** Does a task that yields states; leaving the loop stops it. */
  states(task: Task, options?: Pick<CallOptions, "signal">): AsyncGenerator<State, void, undefined>;
  /** Fails everything that is waited for, and whatever is asked later. */
  end(reason: { readonly name: string; readonly message: string }): void;
}

/** Numbers tasks, sends them, and hands each answer to who waits for it. */
export function calls(worker: WorkerLike): Calls {
  const open = new Map<number, (answer: Answer) => void>();
  let ended: Error | undefined;
  let heard = false;
  let last = 0;

  worker.addEventListener("message", ({ data }) => {
    heard = true;
    const answer = data as Answer;
    open.get(answer.id)?.(answer);
  });
  worker.addEventListener("error", ({ message }) => {
    const reason = `connect: the worker failed${message ? `: ${oneLine(message)}` : ""}; check that its file is served and calls serve()`;
    fail({ name: "Error", message: reason });
    if (!heard) ended = new Error(reason); // It never began; after an answer it may go on.
  });
  worker.addEventListener("messageerror", () =>
    fail({
      name: "Error",
      message:
        "connect: a message cannot be read; use the same version of fewstep on the page and in the worker",
    }),
  );

  function fail(reason: { readonly name: string; readonly message: string }): void {
    for (const [id, told] of [...open]) told({ id, kind: "failed", ...reason });
  }

  /** Sends a task; its answers go to `told`, the last of them when nobody waits for it any more. */
  function start(task: Task, told: (answer: Answer) => void): number {
    if (ended) throw ended;
    const id = ++last;
    open.set(id, (answer) => {
      if (answer.kind === "done" || answer.kind === "failed") open.delete(id);
      told(answer);
    });
    try {
      send({ id, ...task });
    } catch (cause) {
      open.delete(id);
      throw new TypeError(`${task.kind}: what was given cannot be sent to the worker: ${oneLine(cause)}`, {
        cause,
      });
    }
    return id;
  }

  function send(request: Request): void {
    worker.postMessage(request);
  }

  /** The answer is not waited for any more. */
  function leave(id: number): void {
    if (open.delete(id)) send({ id, kind: "stop" });
  }

  return {
    async ask<Result>(task: Task, { onProgress, signal }: CallOptions = {}) {
      signal?.throwIfAborted();
      return new Promise<Result>((resolve, reject) => {
        const stop = () => {
          leave(id);
          reject(signal?.reason);
        };
        const id = start(task, (answer) => {
          if (answer.kind === "progress") return onProgress?.(answer.value as never);
          signal?.removeEventListener("abort", stop);
          if (answer.kind === "done") resolve(answer.result as Result);
          else if (answer.kind === "failed") reject(errorOf(answer));
        });
        signal?.addEventListener("abort", stop);
      });
    },
    async *states(task, { signal } = {}) {
      signal?.throwIfAborted();
      const answers = inbox<Answer>();
      const stop = () => answers.fail(signal?.reason);
      const id = start(task, answers.put);
      signal?.addEventListener("abort", stop);
      try {
        while (true) {
          const answer = await answers.take();
          if (answer.kind === "failed") throw errorOf(answer);
          if (answer.kind !== "state") return;
          yield answer.state;
          signal?.throwIfAborted();
          if (open.has(id)) send({ id, kind: "more" });
        }
      } finally {
        signal?.removeEventListener("abort", stop);
        leave(id);
      }
    },
    end(reason) {
      ended = errorOf(reason);
      fail(reason);
    },
  };
}

/** An error as it was thrown in the worker. */
function errorOf({ name, message }: { name: string; message: string }): Error {
  const error = name === "RangeError" ? new RangeError(message) : new Error(message);
  error.name = name;
  return error;
}
