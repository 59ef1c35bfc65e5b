import { connect, type Job, type LoadOptions, type RemoteModel } from "../../../src/web/index.ts";

/** What a test has done in the page. */
export interface Driver {
  load(url: string, options?: LoadOptions): Promise<{ model: RemoteModel; told: number }>;
  /** The tokens of every row, and how many states came. */
  sample(model: RemoteModel, job: Job): Promise<{ tokens: number[]; states: number }>;
  /** Durations of tasks of the main thread above 50 ms since the page was opened, in ms. */
  readonly longTasks: number[];
}

const connection = connect(
  new Worker(new URL("../../../examples/worker.ts", import.meta.url), { type: "module" }),
);
const longTasks: number[] = [];
new PerformanceObserver((list) => {
  longTasks.push(...list.getEntries().map(({ duration }) => duration));
}).observe({ type: "longtask" });

const driver: Driver = {
  longTasks,
  async load(url, options = {}) {
    let told = 0;
    const model = await connection.load(url, {
      ...options,
      onProgress: () => {
        told++;
      },
    });
    return { model, told };
  },
  async sample(model, job) {
    const tokens: number[] = [];
    let states = 0;
    for await (const state of model.sample(job)) {
      states++;
      if (state.t === 0) tokens.push(...state.tokens);
    }
    return { tokens, states };
  },
};
(globalThis as unknown as { driver: Driver }).driver = driver;
