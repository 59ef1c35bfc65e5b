/** What is asked of a worker's global object about the machine. */
export interface Machine {
  readonly crossOriginIsolated?: boolean;
  readonly navigator?: {
    readonly hardwareConcurrency?: number;
    readonly gpu?: { requestAdapter(): Promise<Adapter | null> };
  };
}

/** What browsers say of a graphics card; of a fallback in one place or the other. */
interface Adapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: { readonly isFallbackAdapter?: boolean };
}

/**
 * Threads of WebAssembly: half the cores, since two often share one core's arithmetic, and at most 4; without
 * cross-origin isolation there is no shared memory, and so one.
 */
export function usualThreads({ crossOriginIsolated, navigator }: Machine = globalThis as Machine): number {
  if (!crossOriginIsolated) return 1;
  return Math.max(1, Math.min(4, Math.floor((navigator?.hardwareConcurrency ?? 1) / 2)));
}

/**
 * Whether WebGPU has a graphics card to run on. One that the browser imitates in software, such as Chromium's
 * SwiftShader, does not count: it runs on the processor, and WebAssembly is there for that.
 */
export async function hasGraphicsCard({ navigator }: Machine = globalThis as Machine): Promise<boolean> {
  const adapter = await navigator?.gpu?.requestAdapter().catch(() => null);
  return adapter ? !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false) : false;
}
