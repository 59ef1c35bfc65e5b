import { quoted } from "../quoted.ts";

/** How long a hub that does not answer is waited for. */
export interface Patience {
  /** How often in a row a request may fail, unless a good piece of a file arrived in between. */
  readonly tries: number;
  /** Milliseconds before the second try; each further wait is twice as long. */
  readonly delay: number;
  /** Milliseconds without a byte after which a connection counts as broken. */
  readonly idle: number;
}

/** A server of checkpoints in the public file layout of the Hugging Face hub. */
export interface Hub {
  /** Where its paths begin, without a slash at the end. */
  readonly endpoint: string;
  /** Sent to the endpoint's own origin and to no other. */
  readonly token?: string;
  readonly patience: Patience;
}

const PUBLIC_ENDPOINT = "https://huggingface.co";

/** Five tries over 15 seconds. */
const usual: Patience = { tries: 5, delay: 1000, idle: 60_000 };

/**
 * The hub that the environment names: HF_ENDPOINT, by default the public one, and HF_TOKEN for models that not
 * everyone may read.
 *
 * @throws RangeError unless the endpoint is an https address (http is for localhost), and the token can be sent
 */
export function hubFrom(
  environment: Readonly<Record<string, string | undefined>>,
  patience: Patience = usual,
): Hub {
  const endpoint = (environment["HF_ENDPOINT"]?.trim() || PUBLIC_ENDPOINT).replace(/\/+$/, "");
  const token = environment["HF_TOKEN"]?.trim() || undefined;
  if (!isAddress(endpoint)) {
    throw new RangeError(
      `HF_ENDPOINT is ${quoted(endpoint)}; expected an address such as ${PUBLIC_ENDPOINT}, with https unless it is on this machine`,
    );
  }
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new RangeError("HF_TOKEN has a character that no token has; copy the token again");
  }
  return { endpoint, patience, ...(token === undefined ? {} : { token }) };
}

function isAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (
    isPrivateWay(url) && url.username === "" && url.password === "" && url.search === "" && url.hash === ""
  );
}

/** Whether nobody on the way can read or change what comes from an address: https, or this machine. */
export function isPrivateWay(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && isLocal(url));
}

/** Whether an address is on this machine. */
export function isLocal({ hostname }: URL): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
