/** What is used of a browser's `Cache`. */
export interface CacheLike {
  match(request: string): Promise<Response | undefined>;
  put(request: string, response: Response): Promise<void>;
  delete(request: string, options?: { ignoreSearch?: boolean }): Promise<boolean>;
}

/** What is used of a browser's `caches`. */
export interface CachesLike {
  open(name: string): Promise<CacheLike>;
}

/** Copies of files by their address and, where it is known, their SHA-256. Never throws: without a cache it is empty. */
export interface KeptFiles {
  /** Whether there is a cache at all. */
  there(): Promise<boolean>;
  get(url: string, sha256?: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** In place of every other copy of the same address. */
  put(url: string, bytes: Uint8Array<ArrayBuffer>, sha256?: string): Promise<void>;
  drop(url: string, sha256?: string): Promise<void>;
}

const CACHE = "fewstep-models";

/**
 * Files in the browser's Cache API. There is none in private windows of some browsers and on pages without https,
 * and it may refuse what is too large: then nothing is kept.
 */
export function keptFiles(caches: CachesLike | undefined): KeptFiles {
  let opened: Promise<CacheLike | undefined> | undefined;
  const cache = () => {
    opened ??= (async () => caches?.open(CACHE))().catch(() => undefined);
    return opened;
  };
  async function attempt<T>(use: (cache: CacheLike) => Promise<T>): Promise<T | undefined> {
    const found = await cache();
    return found && use(found).catch(() => undefined);
  }
  return {
    there: async () => (await cache()) !== undefined,
    get: (url, sha256) =>
      attempt(async (cache) => {
        const response = await cache.match(keyOf(url, sha256));
        return response && new Uint8Array(await response.arrayBuffer());
      }),
    async put(url, bytes, sha256) {
      await attempt(async (cache) => {
        await cache.delete(url, { ignoreSearch: true });
        await cache.put(keyOf(url, sha256), new Response(bytes));
      });
    },
    async drop(url, sha256) {
      await attempt((cache) => cache.delete(keyOf(url, sha256)));
    },
  };
}

/** The address with the SHA-256 as its query. */
function keyOf(url: string, sha256: string | undefined): string {
  if (sha256 === undefined) return url;
  const key = new URL(url);
  key.searchParams.set("sha256", sha256.toLowerCase());
  return key.href;
}
