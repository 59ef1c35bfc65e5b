import type * as Runtime from "onnxruntime-web";
import { hasGraphicsCard, serve } from "../../src/web/worker.ts";

/** The worker of the page: models, jobs and measures. */
serve({ ort: runtime });

/** Beside the page, below the version, so that a copy that is kept is never an old one. */
const folder = new URL(/* @vite-ignore */ `../${RUNTIME}/`, import.meta.url);

declare const RUNTIME: string;

/** ONNX Runtime, from beside the page: with WebGPU where there is a graphics card, else the smaller build. */
async function runtime(): Promise<typeof Runtime> {
  const [entrance, wasm] = (await hasGraphicsCard())
    ? ["ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify"]
    : ["ort.wasm.min.mjs", "ort-wasm-simd-threaded"];
  const ort: typeof Runtime = await import(/* @vite-ignore */ new URL(entrance, folder).href);
  ort.env.wasm.wasmPaths = folder.href;
  void keep([entrance, `${wasm}.mjs`, `${wasm}.wasm`]);
  return ort;
}

/** For when there is no network: the page's service worker answers from every cache. */
async function keep(names: readonly string[]): Promise<void> {
  try {
    const cache = await caches.open("fewstep-runtime");
    for (const name of names) {
      const address = new URL(name, folder).href;
      if (!(await cache.match(address))) await cache.add(address);
    }
  } catch {
    // No room, or a page without caches: then the runtime is fetched again.
  }
}
