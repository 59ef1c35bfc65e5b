/** The worker example and a page for tests, built by Vite. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

/** The folder of the repository. */
export const repository: string = fileURLToPath(new URL("../../", import.meta.url));

/** Builds the worker example, and below driver/ a page for tests with the same worker. */
export async function builtExample(): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "fewstep-web-"));
  const configFile = join(repository, "examples/vite.config.ts");
  await build({ configFile, logLevel: "error", build: { outDir: folder, emptyOutDir: true } });
  const root = join(repository, "test/web/page");
  await build({
    ...{ configFile, logLevel: "error", root },
    build: {
      outDir: join(folder, "driver"),
      emptyOutDir: true,
      rolldownOptions: { input: join(root, "index.html") },
    },
  });
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
