import { makePart } from "../make-part.ts";
import { type Model, modelOf, readManifestOf } from "../model/model.ts";
import { searchData } from "../model/model-measures.ts";
import { oneLine } from "../one-line.ts";
import { curveLevels, informationCurve } from "../optimize/information-curve.ts";
import { selectors } from "../parts.ts";
import type { Fetch } from "./fetch-bytes.ts";
import { fetchedFiles } from "./fetched-files.ts";
import { interruptible } from "./interruptible.ts";
import { jobOptions, jobStates } from "./job.ts";
import { type CachesLike, keptFiles } from "./kept-files.ts";
import { type Measurer, measurer } from "./measurer.ts";
import {
  AHEAD,
  type Answer,
  type Loaded,
  type Provider,
  type Request,
  type Task,
  type Update,
} from "./messages.ts";
import { type Ort, openSession } from "./open-session.ts";
import { pathNats } from "./path-nats.ts";
import { readPlan } from "./read-plan.ts";
import { keepData, webSource } from "./web-source.ts";

/** What is used of a worker's global object; one end of a `MessageChannel` fits as well. */
export interface ScopeLike {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
}

/** What the application gives its worker. */
export interface ServeOptions {
  /**
   * The onnxruntime-web that networks run on, or what imports it, so that it is fetched with the first network only;
   * set its `env.wasm.wasmPaths` to where you serve its files. Chains need none.
   */
  readonly ort?: Ort | (() => Promise<Ort>);
  /** Default: the worker. */
  readonly scope?: ScopeLike;
  /** Default: the browser's. */
  readonly caches?: CachesLike;
  readonly fetch?: Fetch;
}

/** A model and what it runs on. */
interface Held {
  readonly model: Model;
  readonly provider: Provider | "exact";
  readonly measures: Measurer;
}

/** What a task may use. */
interface Desk {
  readonly signal: AbortSignal;
  readonly answer: (update: Update) => void;
  /** Resolves when the reader is not too far behind. */
  readonly room: () => Promise<void>;
}

/**
 * Answers `connect`: holds models, runs jobs, and never more than a step without looking for messages. Call it at
 * once in the worker's file: what is sent before is lost.
 */
export function serve({ ort, scope, caches, fetch }: ServeOptions = {}): void {
  const own = globalThis as unknown as ScopeLike & { caches?: CachesLike };
  const page = scope ?? own;
  const kept = keptFiles(caches ?? storage(own));
  const models = new Map<number, Held>();
  const open = new Map<number, { task: Task; stop: AbortController; more: () => void }>();
  let last = 0;
  let imported: Promise<Ort> | undefined;
  const runtime = async (): Promise<Ort> => {
    if (!ort) throw new Error("loadModel: this worker has no runtime for networks; give serve({ ort }) one");
    if (typeof ort !== "function") return ort;
    imported ??= ort().catch((cause: unknown) => {
      imported = undefined; // It may be there when it is asked for again.
      throw new Error(
        `loadModel: the runtime for networks cannot be fetched: ${oneLine(cause)}; check the connection, and that serve({ ort }) names files that are served`,
        { cause },
      );
    });
    return imported;
  };

  page.addEventListener("message", ({ data }) => {
    const request = data as Request;
    const running = open.get(request.id);
    if (request.kind === "more") running?.more();
    else if (request.kind === "stop") running?.stop.abort();
    else void take(request);
  });

  async function take({ id, ...rest }: Task & { readonly id: number }): Promise<void> {
    const task = rest as Task;
    const stop = new AbortController();
    const credit = credits(AHEAD);
    open.set(id, { task, stop, more: credit.more });
    stop.signal.addEventListener("abort", credit.more);
    try {
      const desk: Desk = {
        signal: stop.signal,
        answer: (update) => page.postMessage({ id, ...update } satisfies Answer),
        room: credit.room,
      };
      page.postMessage({ id, kind: "done", result: await run(task, desk) } satisfies Answer);
    } catch (error) {
      const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
      page.postMessage({ id, kind: "failed", name, message } satisfies Answer);
    } finally {
      open.delete(id);
    }
  }

  async function run(task: Task, desk: Desk): Promise<unknown> {
    switch (task.kind) {
      case "load":
        return load(task, desk);
      case "sample":
        return runJob(held(task.model).model, task, desk);
      case "curve":
        return curve(held(task.model).model, task, desk);
      case "measure":
        return held(task.model).measures.values(task.tokens, task.names);
      case "decode":
        return (await held(task.model).model.text()).decode(task.tokens);
      case "template": {
        const { model } = held(task.model);
        return (await model.text()).template(task.text, { length: model.denoiser.length });
      }
      case "nats": {
        const { model } = held(task.model);
        return pathNats(model, task, interruptible(model.denoiser, desk.signal));
      }
      case "plan":
        return readPlan(task.text, { where: task.where, model: held(task.model).model });
      case "dispose": {
        const { model } = held(task.model);
        models.delete(task.model);
        for (const other of open.values()) {
          const ended = other.task !== task && "model" in other.task && other.task.model === task.model;
          if (ended) other.stop.abort(disposedOf());
        }
        return model.dispose();
      }
    }
  }

  function held(id: number): Held {
    const found = models.get(id);
    if (found) return found;
    throw disposedOf();
  }

  async function load(
    { url, provider, threads, small }: Extract<Task, { kind: "load" }>,
    { signal, answer }: Desk,
  ): Promise<Loaded> {
    if (threads !== undefined && (!Number.isInteger(threads) || threads < 1)) {
      throw new RangeError(`loadModel: threads = ${threads}; expected a whole number >= 1`);
    }
    let loading = true;
    const files = fetchedFiles({
      ...{ url, kept, signal },
      ...(fetch ? { fetch } : {}),
      onProgress: (value) => loading && answer({ kind: "progress", value }),
    });
    const manifest = await readManifestOf(files);
    let used: Held["provider"] = "exact";
    const source = webSource(files, async (file, network) => {
      const opened = await openSession(file, network, { files, ort: await runtime(), provider, threads });
      used = opened.provider;
      return opened;
    });
    const model = await modelOf(manifest, source, small === undefined ? {} : { small });
    loading = false;
    if (signal.aborted) await model.dispose();
    signal.throwIfAborted();
    models.set(++last, { model, provider: used, measures: measurer(model) });
    if (await kept.there()) void keepData(files, manifest);
    return { model: last, manifest, fingerprint: model.fingerprint, provider: used };
  }
}

/** Why tasks of a model end that is there no more. */
function disposedOf(): Error {
  return new Error("RemoteModel: the model was disposed of; load it again");
}

async function runJob(
  model: Model,
  { job }: Extract<Task, { kind: "sample" }>,
  { signal, answer, room }: Desk,
): Promise<void> {
  const denoiser = interruptible(model.denoiser, signal);
  for await (const state of jobStates(denoiser, job, { ...jobOptions(job, model), signal })) {
    await room();
    signal.throwIfAborted();
    answer({ kind: "state", state });
  }
}

async function curve(
  model: Model,
  { selector, sequences = 16, levels = 32, seed = 0 }: Extract<Task, { kind: "curve" }>,
  { signal, answer }: Desk,
) {
  const denoiser = interruptible(model.denoiser, signal);
  const { noise } = model;
  const { tokens } = await searchData({ ...model, denoiser }, { count: sequences, seed });
  return informationCurve(denoiser, {
    ...{ data: tokens, noise, seed, counts: curveLevels(denoiser.length, levels) },
    ...(selector ? { selector: makePart("selector", selectors, selector) } : {}),
    progress: ({ evaluations, total }) => answer({ kind: "progress", value: evaluations / total }),
  });
}

/** How far a run may be ahead of who reads it. */
function credits(ahead: number): { more: () => void; room: () => Promise<void> } {
  let left = ahead;
  let wake = () => {};
  return {
    more() {
      left++;
      wake();
    },
    async room() {
      while (left <= 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      left--;
    },
  };
}

/** The browser's caches; asking for them may throw where they are forbidden. */
function storage(scope: { caches?: CachesLike }): CachesLike | undefined {
  try {
    return scope.caches;
  } catch {
    return undefined;
  }
}
