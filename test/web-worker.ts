/** A worker of `fewstep/web` in this process: the two ends of a MessageChannel, files of a folder, a Map as cache. */
import { readFile } from "node:fs/promises";
import { MessageChannel } from "node:worker_threads";
import type { Fetch } from "../src/web/fetch-bytes.ts";
import { type Connection, connect, type WorkerLike } from "../src/web/index.ts";
import { type CachesLike, type Ort, type ScopeLike, serve } from "../src/web/worker.ts";

/** Where the fake server says it is. */
export const site = "https://models.example/";

/** A worker in this process, and what a test may look at. */
export interface WorkerHere {
  readonly worker: WorkerLike;
  /** Paths below the site that were fetched, in order. */
  readonly fetched: string[];
  /** How the browser's HTTP cache was to be used for each of them. */
  readonly freshness: string[];
  /** Kinds of the messages that the page sent, and of those that it got. */
  readonly sent: string[];
  readonly got: string[];
}

/** A worker with a page that is connected to it. */
export interface Stage extends WorkerHere {
  readonly connection: Connection;
}

/** What a test may change. */
export interface StageOptions {
  readonly ort?: Ort | (() => Promise<Ort>);
  readonly caches?: CachesLike;
  /** What the server answers; default the files of models/. */
  readonly answer?: (path: string, options: Parameters<Fetch>[1]) => Promise<Response>;
}

/** Connects a page to a worker. Close the connection, else the process does not end. */
export function stage(options: StageOptions = {}): Stage {
  const here = workerHere(options);
  return { ...here, connection: connect(here.worker) };
}

/** A worker that serves. Terminate it, else the process does not end. */
export function workerHere({ ort, caches, answer = shippedFile }: StageOptions = {}): WorkerHere {
  const { port1, port2 } = new MessageChannel();
  const fetched: string[] = [];
  const freshness: string[] = [];
  const sent: string[] = [];
  const got: string[] = [];
  serve({
    ...(ort ? { ort } : {}),
    ...(caches ? { caches } : {}),
    scope: listening(port2) as ScopeLike,
    fetch: async (url, options) => {
      options.signal?.throwIfAborted();
      const path = url.slice(site.length);
      fetched.push(path);
      freshness.push(options.cache);
      return answer(path, options);
    },
  });
  port1.on("message", ({ kind }) => got.push(kind));
  const page = listening(port1);
  const worker: WorkerLike = {
    ...page,
    postMessage(message) {
      sent.push((message as { kind: string }).kind);
      page.postMessage(message);
    },
    terminate: () => port1.close(),
  };
  return { worker, fetched, freshness, sent, got };
}

/** A file of models/ as a server sends it. */
export async function shippedFile(path: string): Promise<Response> {
  const bytes = await readFile(new URL(`../models/${path}`, import.meta.url)).catch(() => undefined);
  if (!bytes) return new Response("", { status: 404, statusText: "Not Found" });
  return new Response(bytes, { headers: { "content-length": String(bytes.length) } });
}

/** The Cache API over a map, which a test may look into. */
export function mapCaches(map: Map<string, Uint8Array<ArrayBuffer>> = new Map()): CachesLike {
  return {
    open: async () => ({
      match: async (key) => {
        const found = map.get(key);
        return found && new Response(found);
      },
      put: async (key, response) => {
        map.set(key, new Uint8Array(await response.arrayBuffer()));
      },
      async delete(key, { ignoreSearch = false } = {}) {
        const same = (each: string) => (ignoreSearch ? each.split("?")[0] === key : each === key);
        return [...map.keys()].filter(same).map((each) => map.delete(each)).length > 0;
      },
    }),
  };
}

/** One end of a channel as browsers have it. */
function listening(port: MessageChannel["port1"]): Omit<WorkerLike, "terminate"> {
  return {
    postMessage: (message) => port.postMessage(message),
    addEventListener(type, listener) {
      if (type === "message") port.on("message", (data) => listener({ data }));
    },
  };
}
