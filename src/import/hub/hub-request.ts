import { oneLine } from "../../one-line.ts";
import { quoted } from "../quoted.ts";
import { type Hub, isLocal, isPrivateWay } from "./hub.ts";
import { passingError } from "./patience.ts";

/** What a server answered. Either its body is read to the end, or it is cancelled. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  body(): AsyncIterable<Uint8Array>;
  cancel(): Promise<void>;
}

const MOST_REDIRECTS = 8;

/**
 * Asks for an address and follows redirects. The token goes to the hub's own origin and is left out as soon as a
 * redirect leads elsewhere, as to the servers that keep large files.
 *
 * @throws Error with one sentence: a `PassingError` if there is no connection, or it breaks, or nothing comes for
 * `idle` milliseconds; the signal's reason if it aborts
 */
export async function request(
  address: string,
  { hub, headers = {}, signal }: { hub: Hub; headers?: Record<string, string>; signal?: AbortSignal },
): Promise<Reply> {
  let url = new URL(address);
  const home = new URL(hub.endpoint);
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const isHome = url.origin === home.origin;
    const reply = await ask(url, {
      headers: {
        "user-agent": "fewstep",
        "accept-encoding": "identity",
        ...headers,
        ...(isHome && hub.token !== undefined ? { authorization: `Bearer ${hub.token}` } : {}),
      },
      idle: hub.patience.idle,
      ...(signal ? { signal } : {}),
    });
    if (![301, 302, 303, 307, 308].includes(reply.status)) return reply;
    await reply.cancel();
    url = redirected(reply.headers.get("location"), { from: url, home });
  }
  throw new Error(`${home.origin} redirects ${MOST_REDIRECTS + 1} times in a row; check HF_ENDPOINT`);
}

function redirected(location: string | null, { from, home }: { from: URL; home: URL }): URL {
  if (location !== null && URL.canParse(location, from.href)) {
    const url = new URL(location, from);
    // From the network to this machine is no way for a file to go.
    if (isPrivateWay(url) && (!isLocal(url) || isLocal(home))) return url;
  }
  throw new Error(
    `${from.origin} redirects to ${quoted(location)}; expected an https address: do not trust this server, and check HF_ENDPOINT`,
  );
}

async function ask(
  url: URL,
  { headers, idle, signal }: { headers: Record<string, string>; idle: number; signal?: AbortSignal },
): Promise<Reply> {
  signal?.throwIfAborted();
  const stop = new AbortController();
  const forward = (): void => stop.abort(signal!.reason);
  signal?.addEventListener("abort", forward, { once: true });
  let silence: NodeJS.Timeout | undefined;
  const heard = (): void => {
    clearTimeout(silence);
    silence = setTimeout(() => stop.abort(new Error(`nothing came for ${idle / 1000} s`)), idle);
  };
  const over = (): void => {
    clearTimeout(silence);
    signal?.removeEventListener("abort", forward);
  };
  const failed = (cause: unknown): unknown => {
    over();
    return signal?.aborted ? signal.reason : connectionProblem(cause, url);
  };
  heard();
  try {
    const response = await fetch(url, { headers, redirect: "manual", signal: stop.signal });
    return {
      status: response.status,
      headers: response.headers,
      async *body() {
        try {
          for await (const piece of response.body ?? []) {
            heard();
            yield piece;
          }
        } catch (cause) {
          throw failed(cause);
        } finally {
          over();
        }
      },
      async cancel() {
        over();
        await response.body?.cancel().catch(() => {});
      },
    };
  } catch (cause) {
    throw failed(cause);
  }
}

const meanings: Readonly<Record<string, string>> = {
  ENOTFOUND: "there is no server of this name",
  EAI_AGAIN: "the server's name cannot be looked up",
  ECONNREFUSED: "the server refuses the connection",
  ENETUNREACH: "there is no network",
};

/** The sentence for what `fetch` or the reading of its body threw. */
function connectionProblem(error: unknown, { origin }: URL): Error {
  const innermost = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = String((innermost as { code?: unknown }).code ?? "");
  const reason = meanings[code] ?? (oneLine(innermost) || "the connection broke");
  const sentence = `cannot fetch from ${origin}: ${reason}${code === "" ? "" : ` (${code})`}; check the connection and HF_ENDPOINT, then run this again`;
  return /CERT|TLS|SIGNATURE/.test(code)
    ? new Error(sentence, { cause: error })
    : passingError(sentence, { cause: error });
}
