import { InferenceSession } from "onnxruntime-node";
import { loadModel, type Model } from "../../src/node/index.ts";

/** How long the runtime was at work. */
export interface Stopwatch {
  /** Milliseconds inside the runtime's `run`, and how often it was called. */
  spent(): { readonly ms: number; readonly calls: number };
  reset(): void;
}

/** A model whose runtime's time is known. */
export interface TimedModel {
  readonly model: Model;
  readonly runtime: Stopwatch;
}

/**
 * Loads a model as a user would, with a stopwatch around the `run` of its session: whatever is not in there is the
 * library's own work, the filling of inputs and the conversion of outputs included.
 *
 * @param options.session options of the runtime's session beside those that `loadModel` sets
 */
export async function openTimed(
  folder: string,
  { threads, session: more = {} }: { threads: number; session?: InferenceSession.SessionOptions },
): Promise<TimedModel> {
  let ms = 0;
  let calls = 0;
  const create = InferenceSession.create;
  const open = async (path: string, options?: InferenceSession.SessionOptions): Promise<InferenceSession> => {
    const session = await create(path, { ...options, ...more });
    const run = session.run.bind(session) as (...all: unknown[]) => Promise<InferenceSession.ReturnType>;
    session.run = async (...all: unknown[]) => {
      const started = performance.now();
      try {
        return await run(...all);
      } finally {
        ms += performance.now() - started;
        calls++;
      }
    };
    return session;
  };
  InferenceSession.create = open as typeof create;
  try {
    const model = await loadModel(folder, { threads });
    return {
      model,
      runtime: {
        spent: () => ({ ms, calls }),
        reset: () => {
          ms = 0;
          calls = 0;
        },
      },
    };
  } finally {
    InferenceSession.create = create;
  }
}
