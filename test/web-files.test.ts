import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import type { LoadProgress } from "../src/web/index.ts";
import type { CachesLike } from "../src/web/worker.ts";
import { mapCaches, type Stage, type StageOptions, shippedFile, site, stage } from "./web-worker.ts";

async function withStage(options: StageOptions, use: (own: Stage) => Promise<void>): Promise<void> {
  const own = stage(options);
  try {
    await use(own);
  } finally {
    own.connection.close();
  }
}

const offline = async (): Promise<Response> => {
  throw new TypeError("fetch failed");
};
const chain = await readFile(new URL("../models/countdown/chain.json", import.meta.url));
const sha256 = createHash("sha256").update(chain).digest("hex");
const chainKey = `${site}countdown/chain.json?sha256=${sha256}`;
const exact = "abe00086934bac4be2483b1ca11f923610d6d125c2305d08e166b13d0081cb2d";

describe("fewstep/web: files", () => {
  test("are fetched with progress, piece by piece", () =>
    withStage({}, async ({ connection, fetched }) => {
      const told: LoadProgress[] = [];
      await connection.load(new URL("countdown", site), { onProgress: (progress) => told.push(progress) });
      assert.deepEqual(fetched, ["countdown/manifest.json", "countdown/chain.json"]);
      const own = told.filter(({ file }) => file === "chain.json");
      assert.ok(own.length >= 2);
      assert.deepEqual(own[0], { file: "chain.json", loaded: 0, total: chain.length });
      assert.deepEqual(own.at(-1), { file: "chain.json", loaded: chain.length, total: chain.length });
      assert.ok(own.every(({ loaded }, at) => at === 0 || loaded >= own[at - 1]!.loaded));
    }));

  test("are kept under their SHA-256, and work without a network", async () => {
    const map = new Map<string, Uint8Array<ArrayBuffer>>();
    await withStage({ caches: mapCaches(map) }, async ({ connection }) => {
      await connection.load(`${site}countdown/`);
    });
    assert.deepEqual([...map.keys()], [`${site}countdown/manifest.json`, chainKey]);
    await withStage({ caches: mapCaches(map) }, async ({ connection, fetched, freshness }) => {
      assert.equal((await connection.load(`${site}countdown`)).fingerprint, exact);
      assert.deepEqual([fetched, freshness], [["countdown/manifest.json"], ["no-cache"]]);
    });
    await withStage({ caches: mapCaches(map), answer: offline }, async ({ connection }) => {
      assert.equal((await connection.load(`${site}countdown`)).fingerprint, exact);
    });
  });

  test("data and measures are kept as well, before they are asked for", async () => {
    const map = new Map<string, Uint8Array<ArrayBuffer>>();
    // The data and the measures of the digits, around a chain instead of the network.
    const {
      sha256: _,
      small: __,
      inputs: ___,
      ...digits
    } = JSON.parse(await readFile(new URL("../models/digits/manifest.json", import.meta.url), "utf8"));
    const { vocabulary, length } = digits;
    const manifest = { ...digits, kind: "chain", file: "chain.json", timeFree: true, process: "absorbing" };
    const answer: StageOptions["answer"] = async (path) => {
      if (path.endsWith("chain.json")) return Response.json(flatChain(length, vocabulary));
      return path.endsWith("manifest.json") ? Response.json(manifest) : shippedFile(path);
    };
    const names = ["features.npy", "fresh.npy", "held-out.npy", "train.npy"];
    await withStage({ caches: mapCaches(map), answer }, async ({ connection, fetched }) => {
      const model = await connection.load(`${site}digits`);
      while (map.size < 6) await new Promise((resolve) => setTimeout(resolve, 5));
      assert.deepEqual(
        names.filter((name) => !fetched.includes(`digits/${name}`)),
        [],
      );
      await model.dispose();
    });
    await withStage({ caches: mapCaches(map), answer: offline }, async ({ connection }) => {
      const model = await connection.load(`${site}digits`);
      const values = await model.measure(new Int32Array(4 * length));
      assert.ok(values.length >= 3 && values.every(({ value }) => Number.isFinite(value)));
    });
  });

  test("a damaged copy is fetched again, once", async () => {
    const map = new Map([[chainKey, new Uint8Array([1, 2, 3])]]);
    await withStage({ caches: mapCaches(map) }, async ({ connection, fetched }) => {
      assert.equal((await connection.load(`${site}countdown`)).fingerprint, exact);
      assert.equal(fetched.filter((path) => path.endsWith("chain.json")).length, 1);
    });
    assert.deepEqual(map.get(chainKey), new Uint8Array(chain));
  });

  test("a new version takes the place of the old one", async () => {
    const old = `${site}countdown/chain.json?sha256=${"0".repeat(64)}`;
    const map = new Map([[old, new Uint8Array(3)]]);
    await withStage({ caches: mapCaches(map) }, async ({ connection }) => {
      await connection.load(`${site}countdown`);
    });
    assert.deepEqual([map.has(old), map.has(chainKey)], [false, true]);
  });

  test("a stale copy in the browser's HTTP cache is passed by", async () => {
    const answer: StageOptions["answer"] = async (path, { cache }) =>
      cache === "default" ? Response.json({ of: "before" }) : shippedFile(path);
    await withStage({ answer }, async ({ connection, freshness }) => {
      assert.equal((await connection.load(`${site}countdown`)).fingerprint, exact);
      assert.deepEqual(freshness, ["no-cache", "default", "reload"]);
    });
  });

  test("caches that are forbidden, full or broken are done without", async () => {
    const fails = async (): Promise<never> => {
      throw new DOMException("no room", "QuotaExceededError");
    };
    const full: CachesLike = { open: async () => ({ match: fails, put: fails, delete: fails }) };
    for (const caches of [{ open: fails }, full]) {
      await withStage({ caches }, async ({ connection }) => {
        assert.equal((await connection.load(`${site}countdown`)).fingerprint, exact);
      });
    }
  });

  const wrong: readonly { name: string; answer: StageOptions["answer"]; message: RegExp }[] = [
    {
      name: "another file",
      answer: async (path) => (path.endsWith("chain.json") ? Response.json({}) : shippedFile(path)),
      message: new RegExp(
        `^loadModel: ${site}countdown/chain.json has the SHA-256 [0-9a-f]{64}; the manifest says ${sha256}: the file is damaged or another one, so put the right one`,
      ),
    },
    {
      name: "a file that ends early",
      answer: async (path) => {
        const whole = await shippedFile(path);
        if (!path.endsWith("chain.json")) return whole;
        return new Response((await whole.arrayBuffer()).slice(0, 100), { headers: whole.headers });
      },
      message: /^loadModel: \S+chain\.json ended after 100 of 11628 bytes; load it again$/,
    },
    {
      name: "a manifest that is too large",
      answer: async () => new Response("{}", { headers: { "content-length": String(2 ** 31) } }),
      message: /manifest\.json has 2147483648 bytes or more; expected at most 1048576: give a smaller file$/,
    },
    {
      name: "a manifest that is too large and does not say so",
      answer: async () => new Response(" ".repeat(2 ** 20 + 1)),
      message: /manifest\.json has 1048577 bytes or more; expected at most 1048576: give a smaller file$/,
    },
    {
      name: "a page in place of the manifest",
      answer: async () => new Response("<!doctype html>"),
      message: /^loadModel: \S+manifest\.json is not JSON: .*; correct the file$/,
    },
    {
      name: "nothing",
      answer: async () => new Response("", { status: 404, statusText: "Not Found" }),
      message: /manifest\.json cannot be fetched: the server answers 404 Not Found; check the address$/,
    },
    {
      name: "no network and no copy",
      answer: offline,
      message: /manifest\.json cannot be fetched: fetch failed; check the address, the connection, and that/,
    },
  ];
  for (const { name, answer, message } of wrong) {
    test(`${name} is one sentence, and is not kept`, async () => {
      const map = new Map<string, Uint8Array<ArrayBuffer>>();
      await withStage({ caches: mapCaches(map), ...(answer ? { answer } : {}) }, async ({ connection }) => {
        await assert.rejects(connection.load(`${site}countdown`), { message });
        assert.ok([...map.keys()].every((key) => !key.includes("chain.json")));
      });
    });
  }

  test("an abort stops the fetch with its reason", async () => {
    let stopped: AbortSignal | null = null;
    const stop = new AbortController();
    const answer: StageOptions["answer"] = (_, { signal }) => {
      stopped = signal;
      stop.abort(new Error("left"));
      return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    };
    await withStage({ answer }, async ({ connection }) => {
      await assert.rejects(connection.load(`${site}countdown`, { signal: stop.signal }), /^Error: left$/);
      await assert.rejects(connection.load("nowhere"), TypeError);
      while (!stopped?.aborted) await new Promise((resolve) => setTimeout(resolve, 1));
    });
  });
});

function flatChain(length: number, vocabulary: number) {
  const flat = new Array<number>(vocabulary).fill(1 / vocabulary);
  return { initial: flat, transition: flat.map(() => flat), length };
}
