/** The worker of worker-page.ts: models and runs live here, so that the page never freezes. */
import { serve } from "fewstep/web/worker";

serve({
  // Fetched with the first network; a bundler puts the runtime's .wasm file beside the page.
  async ort() {
    const [ort, wasm] = await Promise.all([
      import("onnxruntime-web/wasm"),
      import("onnxruntime-web/ort-wasm-simd-threaded.wasm?url"),
    ]);
    ort.env.wasm.wasmPaths = { wasm: wasm.default };
    return ort;
  },
});
