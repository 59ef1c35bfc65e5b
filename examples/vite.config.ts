import { fileURLToPath } from "node:url";
import type { UserConfig } from "vite";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What worker-page.html is built with. Only the aliases are of this repository: elsewhere fewstep is installed. */
const config: UserConfig = {
  root: at("./"),
  base: "./",
  resolve: {
    alias: { "fewstep/web/worker": at("../src/web/worker.ts"), "fewstep/web": at("../src/web/index.ts") },
  },
  worker: { format: "es" }, // The worker imports the runtime when it needs it.
  build: { target: "es2022", rolldownOptions: { input: at("./worker-page.html") } },
};

// biome-ignore lint/style/noDefaultExport: Vite reads the default export.
export default config;
