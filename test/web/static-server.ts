import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** A served site. */
export interface Site {
  /** Ends with /. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Folders as the plainest of static hosts serves them, on a free port: no headers but type and length.
 *
 * @param folders by the beginning of their paths, as "/talks/fewstep/" or "/"; the first that fits is taken
 * @param options.isolated whether pages may have threads
 */
export async function staticServer(
  folders: Readonly<Record<string, string>>,
  { isolated = false }: { isolated?: boolean } = {},
): Promise<Site> {
  const isolation = isolated
    ? { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" }
    : {};
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname));
    const found = Object.entries(folders).find(([below]) => path.startsWith(below));
    try {
      if (!found) throw new Error("outside");
      const [below, folder] = found;
      const name = path.slice(below.length) || "index.html";
      const content = await readFile(join(folder, name));
      const type = types[extname(name)] ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type, "content-length": content.length, ...isolation });
      response.end(content);
    } catch {
      response.writeHead(404, { "content-type": "text/plain", ...isolation });
      response.end("not found");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return {
    address: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
