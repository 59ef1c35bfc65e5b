import { chromium } from "playwright-core";
import { repository, served, builtExample } from "./site.ts";
import { join } from "node:path";
const built = await builtExample();
const s = await served({ models: join(repository, "models"), dist: join(repository, "dist"), node_modules: join(repository, "node_modules"), "": built.folder });
const b = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan", "--disable-background-networking"] });
const page = await b.newPage();
await page.goto(s.address + "driver/index.html");
await page.waitForFunction(() => "driver" in globalThis);
for (const small of [false, true]) console.log(await page.evaluate(async ({ url, small }) => {
  const { model } = await (globalThis as any).driver.load(url, { small, provider: "wasm" });
  const t = performance.now();
  await (globalThis as any).driver.sample(model, { schedule: { name: "uniform", steps: 16 }, count: 4, batch: 4, seed: 1 });
  return [small, performance.now() - t];
}, { url: s.address + "models/text", small }));
console.log(await Promise.race([new Promise(r => setTimeout(() => r("timeout"), 90000)), page.evaluate(async () => {
  const gpu = (navigator as any).gpu;
  const adapter = gpu && await gpu.requestAdapter().catch((e: Error) => e.message);
  if (!adapter) return `no adapter ${gpu}`;
  const ort = await import(location.origin + "/node_modules/onnxruntime-web/dist/ort.webgpu.min.mjs" as string);
  const out: unknown[] = [];
  const x = new ort.Tensor("int64", BigInt64Array.from({ length: 512 }, () => 37n), [2, 256]);
  for (const file of ["model.onnx", "model-int8.onnx"]) {
    const logits: Float32Array[] = [];
    for (const ep of ["webgpu", "wasm"]) {
      try {
        const session = await ort.InferenceSession.create(location.origin + "/models/text/" + file, { executionProviders: [ep] });
        const r = (await session.run({ x })).logits;
        let t = performance.now();
        const again = (await session.run({ x })).logits;
        out.push([file, ep, r.location, performance.now() - t]);
        logits.push(await again.getData());
      } catch (e) { out.push([file, ep, (e as Error).message.slice(0, 300)]); }
    }
    if (logits.length === 2) out.push(Math.max(...logits[0].map((v, i) => Math.abs(v - logits[1][i]))));
  }
  return out;
}).catch((e: Error) => e.message)]));
await b.close(); await s.close(); await built.remove();
