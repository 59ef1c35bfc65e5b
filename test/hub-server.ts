/** A hub on this machine: the listing and the files of one model, the large ones on a second server. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after } from "node:test";

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** What was asked of one of the two servers. */
export interface Asked {
  readonly at: "hub" | "store";
  readonly path: string;
  /** The file's name; "" for the listing. */
  readonly file: string;
  readonly headers: IncomingMessage["headers"];
}

/** What the hub serves; tests change it at any time. */
export interface Served {
  readonly id: string;
  files: Record<string, Buffer>;
  /** Files that lie in the store and are listed with their SHA-256. */
  isLarge: (name: string) => boolean;
  card: unknown;
  /** Fields that replace those of the listing. */
  listing: Record<string, unknown>;
  /** Answers instead of the server, if it returns true. */
  instead: (asked: Asked, response: ServerResponse, count: number) => boolean;
}

export interface HubServer extends Served {
  readonly endpoint: string;
  readonly asked: Asked[];
  /** Names of the files that were asked for at the place that holds them, in order. */
  fetched(): string[];
}

/** Starts both servers; they stop with the tests of the file. */
export async function hubServer(
  files: Record<string, Buffer>,
  { id = "org/name" }: { id?: string } = {},
): Promise<HubServer> {
  const asked: Asked[] = [];
  const served: Served = {
    id,
    files,
    isLarge: (name) => name.endsWith(".safetensors"),
    card: { license: "mit" },
    listing: {},
    instead: () => false,
  };
  const handler = (at: "hub" | "store") => (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url!;
    const file = /^\/(?:org\/name|[^/]+\/[^/]+)\/resolve\/[^/]+\/(.+)$|^\/store\/(.+)\?/.exec(path);
    const entry: Asked = {
      at,
      path,
      file: decodeURIComponent(file?.[1] ?? file?.[2] ?? ""),
      headers: request.headers,
    };
    asked.push(entry);
    const count = asked.filter((other) => other.at === at && other.file === entry.file).length;
    if (served.instead(entry, response, count)) return;
    if (path.startsWith(`/api/models/${id}/revision/`)) return sendJson(response, 200, listingOf(served));
    const bytes = served.files[entry.file];
    if (!bytes || (at === "hub" && !path.startsWith(`/${id}/resolve/${COMMIT}/`))) {
      return sendJson(response, 404, { error: "not found" });
    }
    if (at === "hub" && served.isLarge(entry.file)) {
      const location = `${store}/store/${encodeURIComponent(entry.file)}?signature=s3cret`;
      response.writeHead(302, { location }).end();
      return;
    }
    sendFile(bytes, request.headers, response);
  };
  const listen = async (server: Server): Promise<string> => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    after(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const store = await listen(createServer(handler("store")));
  const endpoint = await listen(createServer(handler("hub")));
  return Object.assign(served, {
    endpoint,
    asked,
    fetched: () =>
      asked
        .filter(({ at, file }) => file !== "" && at === (served.isLarge(file) ? "store" : "hub"))
        .map(({ file }) => file),
  });
}

export function sendJson(response: ServerResponse, status: number, body: unknown, code?: string): void {
  const headers = { "content-type": "application/json", ...(code ? { "x-error-code": code } : {}) };
  response.writeHead(status, headers).end(JSON.stringify(body));
}

export function etagOf(bytes: Buffer): string {
  return `"${createHash("md5").update(bytes).digest("hex")}"`;
}

/** All of a file, or what Range asks for as long as If-Range names these bytes (RFC 9110, 13.1.5 and 14). */
export function sendFile(bytes: Buffer, headers: IncomingMessage["headers"], response: ServerResponse): void {
  const etag = etagOf(bytes);
  const range = /^bytes=(\d+)-$/.exec(headers.range ?? "");
  const same = headers["if-range"] === undefined || headers["if-range"] === etag;
  if (!range || !same) {
    response.writeHead(200, { etag, "content-length": bytes.length }).end(bytes);
    return;
  }
  const from = Number(range[1]);
  if (from >= bytes.length) {
    response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
    return;
  }
  const rest = bytes.subarray(from);
  const place = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
  response.writeHead(206, { etag, "content-range": place, "content-length": rest.length }).end(rest);
}

function listingOf({ files, isLarge, card, id, listing }: Served): unknown {
  const siblings = Object.entries(files).map(([rfilename, bytes]) => {
    const pointer = Buffer.from(`version https://git-lfs.github.com/spec/v1\nsize ${bytes.length}\n`);
    const large = isLarge(rfilename);
    return {
      rfilename,
      size: bytes.length,
      blobId: gitHash(large ? pointer : bytes),
      ...(large ? { lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: pointer.length } } : {}),
    };
  });
  return { id, modelId: id, sha: COMMIT, gated: false, cardData: card, siblings, ...listing };
}

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The name that git gives these bytes: `git hash-object`. */
export function gitHash(bytes: Buffer): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}
