/** The worker example and a page for tests, built by Vite and served beside other folders. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

/** The folder of the repository. */
export const repository: string = fileURLToPath(new URL("../../", import.meta.url));
const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".json": "application/json",
};

/** A served site. */
export interface Site {
  readonly address: string;
  /** Paths that were asked for. */
  readonly asked: string[];
  close(): Promise<void>;
}

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

/**
 * Serves folders under paths, on a free port.
 *
 * @param folders by the first part of the path; "" is the rest
 * @param isolated whether pages may have threads
 */
export async function served(folders: Readonly<Record<string, string>>, isolated = false): Promise<Site> {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    asked.push(pathname);
    const [, first = "", ...rest] = normalize(decodeURIComponent(pathname)).split("/");
    const inside = Object.hasOwn(folders, first)
      ? join(folders[first]!, ...rest)
      : join(folders[""] ?? ".", first, ...rest);
    const bytes = await readFile(inside).catch(() => undefined);
    const isolation = isolated
      ? { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" }
      : {};
    if (!bytes) return response.writeHead(404, isolation).end();
    const type = types[extname(inside)] ?? "application/octet-stream";
    return response
      .writeHead(200, { "content-type": type, "content-length": bytes.length, ...isolation })
      .end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
