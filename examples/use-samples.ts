/** React hooks: a model in a worker, and samples that appear step by step. */
import { type Connection, connect, type Job, type RemoteModel, type State } from "fewstep/web";
import { useEffect, useState } from "react";

/** What a hook has so far: nothing, a value, or why there is none. */
export interface Found<T> {
  readonly value?: T;
  readonly error?: Error;
}

/**
 * The model folder at an address, in a worker of its own.
 *
 * @param startWorker as () => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }); the same
 * function at every call
 */
export function useModel(url: string, startWorker: () => Worker): Found<RemoteModel> {
  const [found, setFound] = useState<Found<RemoteModel>>({});
  useEffect(() => {
    setFound({});
    const connection: Connection = connect(startWorker());
    let left = false;
    connection.load(url).then(
      (value) => left || setFound({ value }),
      (error: Error) => left || setFound({ error }),
    );
    return () => {
      left = true;
      connection.close();
    };
  }, [url, startWorker]);
  return found;
}

/** The latest state of a job. Another model or job stops the run and starts anew; leaving the page stops it. */
export function useSamples(model: RemoteModel | undefined, job: Job): Found<State> {
  const [found, setFound] = useState<Found<State>>({});
  const text = JSON.stringify(job); // Equal jobs are the same job, whichever object holds them.
  useEffect(() => {
    setFound({});
    if (!model) return;
    const stop = new AbortController();
    const run = async () => {
      for await (const value of model.sample(JSON.parse(text), { signal: stop.signal })) setFound({ value });
    };
    run().catch((error: Error) => stop.signal.aborted || setFound({ error }));
    return () => stop.abort();
  }, [model, text]);
  return found;
}
