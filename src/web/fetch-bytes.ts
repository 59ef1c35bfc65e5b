import { oneLine } from "../one-line.ts";

/** How the browser's own HTTP cache is used. */
export type Freshness = "default" | "no-cache" | "reload";

/** What is used of `fetch`. */
export type Fetch = (
  url: string,
  options: { readonly cache: Freshness; readonly signal: AbortSignal | null },
) => Promise<Response>;

/** How a file is fetched. */
export interface FetchBytesOptions {
  /** Bytes above which it is refused. */
  readonly limit: number;
  /** What errors begin with. */
  readonly caller: string;
  readonly cache: Freshness;
  /** Told how many bytes have come, and of how many if the server says. */
  readonly told: (loaded: number, total: number | undefined) => void;
  readonly signal?: AbortSignal | undefined;
  readonly fetch?: Fetch | undefined;
}

/**
 * Fetches a file piece by piece.
 *
 * @throws Error in one sentence if it cannot be had, is larger than the limit, or ends before its Content-Length
 */
export async function fetchBytes(
  url: string,
  { limit, caller, cache, told, signal, fetch = globalThis.fetch }: FetchBytesOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const refuse = (problem: string, cause?: unknown): Error => {
    signal?.throwIfAborted();
    return new Error(`${caller}: ${url} ${problem}`, { cause });
  };
  const tooLarge = (size: number) =>
    refuse(`has ${size} bytes or more; expected at most ${limit}: give a smaller file`);

  const response = await fetch(url, { cache, signal: signal ?? null }).catch((cause: unknown) => {
    throw refuse(
      `cannot be fetched: ${oneLine(cause)}; check the address, the connection, and that the server allows this page to read it`,
      cause,
    );
  });
  if (!response.ok) {
    const status = `${response.status} ${response.statusText}`.trim();
    throw refuse(`cannot be fetched: the server answers ${status}; check the address`);
  }
  // Of a compressed body the header counts what is sent, not what it becomes.
  const plain = response.headers.get("content-encoding") === null;
  const header = response.headers.get("content-length");
  const total = plain && header !== null && /^\d+$/.test(header) ? Number(header) : undefined;
  if (total !== undefined && total > limit) {
    await response.body?.cancel();
    throw tooLarge(total);
  }
  told(0, total);

  const pieces: Uint8Array[] = [];
  let loaded = 0;
  const reader = response.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw refuse(`broke off after ${loaded} bytes: ${oneLine(cause)}; load it again`, cause);
    });
    if (done) break;
    pieces.push(value);
    loaded += value.length;
    if (loaded > limit) {
      await reader.cancel();
      throw tooLarge(loaded);
    }
    told(loaded, total);
  }
  if (total !== undefined && loaded !== total) {
    throw refuse(`ended after ${loaded} of ${total} bytes; load it again`);
  }
  const bytes = new Uint8Array(loaded);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
