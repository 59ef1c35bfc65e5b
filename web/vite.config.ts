import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin, UserConfig } from "vite";
import { colourVariables } from "../src/report/colours.ts";
import { REVEAL_SHADES } from "../src/report/reveal-shade.ts";
import { onlyOffered } from "./only-offered.ts";
import { models } from "./src/catalog.ts";

const root = fileURLToPath(new URL("./", import.meta.url));
const shipped = fileURLToPath(new URL("../models/", import.meta.url));
const runtime = fileURLToPath(new URL("../node_modules/onnxruntime-web/dist/", import.meta.url));
const library = fileURLToPath(new URL("../src/", import.meta.url));
const built = fileURLToPath(new URL("../out/web/site/", import.meta.url));

/** The builds of the runtime that the worker chooses from: with a graphics card and without. */
const builds: readonly string[] = [
  "ort.wasm.min.mjs",
  "ort-wasm-simd-threaded.mjs",
  "ort-wasm-simd-threaded.wasm",
  "ort.webgpu.min.mjs",
  "ort-wasm-simd-threaded.asyncify.mjs",
  "ort-wasm-simd-threaded.asyncify.wasm",
];

/** Where the page finds it. */
const runtimeFolder = `runtime/${JSON.parse(readFileSync(join(runtime, "../package.json"), "utf8")).version}`;

/** Files of a model that no measure and no denoiser of the page reads. */
const left: readonly string[] = ["judge.onnx"];

/** The colours of the report, as variables of the page, and a class for each step of its scale. */
function colours(): Plugin {
  const shades = Array.from({ length: REVEAL_SHADES }, (_, i) => `.r${i}{color:var(--reveal-${i})}`).join("");
  const tints = "--edge:#868e99;--tint:#0000000f;";
  const dark = "--edge:#79818d;--tint:#ffffff1c;";
  const style = `:root{${colourVariables("light")}${tints}}@media (prefers-color-scheme:dark){:root{${colourVariables("dark")}${dark}}}${shades}`;
  return {
    name: "colours",
    transformIndexHtml: () => [{ tag: "style", children: style, injectTo: "head-prepend" }],
  };
}

/** Modules of the library that the worker's build has in smaller form, without what the page does not offer. */
const smaller: Readonly<Record<string, string>> = {
  "denoisers/leave-one-out-model.ts": "readings.ts",
  "denoisers/mask-among-tokens.ts": "readings.ts",
  "denoisers/next-token-model.ts": "readings.ts",
  "denoisers/score-model.ts": "readings.ts",
  "model/tokenizer.ts": "tokenizer.ts",
  "model/text-codec.ts": "text-codec.ts",
  "measures/likelihood.ts": "likelihood.ts",
};

function smallerModules(): Plugin {
  return {
    name: "smaller-modules",
    enforce: "pre",
    async resolveId(source, importer) {
      const name = source.split("/").at(-1);
      if (!importer || !Object.keys(smaller).some((each) => each.split("/").at(-1) === name)) return null;
      const found = await this.resolve(source, importer, { skipSelf: true });
      const own = found?.id.startsWith(library) ? smaller[found.id.slice(library.length)] : undefined;
      return own === undefined ? found : join(root, "src/worker-build", own);
    },
  };
}

/** Leaves out of the library's table of parts what the page does not offer, so that it is not sent to the reader. */
function fewerParts(): Plugin {
  return {
    name: "fewer-parts",
    enforce: "pre",
    transform(code, id) {
      return id === `${library}parts.ts` ? onlyOffered(code) : null;
    },
  };
}

/** What the page fetches while it runs: model folders, their measured curves, and the runtime's wasm files. */
function served(): Plugin {
  return {
    name: "served",
    apply: "build",
    async closeBundle() {
      for (const { name } of models) {
        await cp(join(shipped, name), join(built, "models", name), {
          recursive: true,
          filter: (path) => !left.some((each) => path.endsWith(each)),
        });
      }
      for (const name of builds) await cp(join(runtime, name), join(built, runtimeFolder, name));
      await cp(join(root, "measured"), join(built, "measured"), { recursive: true });
    },
  };
}

/**
 * The service worker, with the names of the files that the page cannot do without, and a version that changes with any
 * of them.
 */
function offline(): Plugin {
  return {
    name: "offline",
    apply: "build",
    async generateBundle(_, bundle) {
      const own = Object.keys(bundle).filter((name) => /\.(js|css|html)$/.test(name));
      const measured = (await readdir(join(root, "measured"))).map((name) => `measured/${name}`);
      const hash = createHash("sha256");
      for (const each of Object.values(bundle)) hash.update("code" in each ? each.code : each.source);
      for (const name of measured) hash.update(await readFile(join(root, name)));
      const source = await readFile(join(root, "service-worker.js"), "utf8");
      this.emitFile({
        type: "asset",
        fileName: "sw.js",
        source: source
          .replace(/\/\*\*.*?\*\/\n/gs, "")
          .replace('"VERSION"', JSON.stringify(hash.digest("hex").slice(0, 12)))
          .replace('["FILES"]', JSON.stringify(["./", ...own, ...measured])),
      });
    },
  };
}

const config: UserConfig = {
  root,
  // Relative, so that the page works below any path of any host.
  base: "./",
  plugins: [colours(), served(), offline()],
  define: { RUNTIME: JSON.stringify(runtimeFolder) },
  worker: { format: "es", plugins: () => [fewerParts(), smallerModules()] },
  // With shared memory, so that WebAssembly may use threads.
  preview: {
    headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
  },
  build: { outDir: built, emptyOutDir: true, target: "es2022", modulePreload: { polyfill: false } },
};

// biome-ignore lint/style/noDefaultExport: Vite reads the default export.
export default config;
