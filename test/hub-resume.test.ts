/** Fetching from a hub whose connections break, whose files change, and that sends what it does not list. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  begun,
  config,
  fetched,
  kept,
  model,
  place,
  problem,
  quick,
  storeOnly,
  WEIGHTS,
  wanted,
  weights,
} from "./hub-fetches.ts";
import { etagOf, gitHash, hubServer, sendFile, sendJson } from "./hub-server.ts";

describe("what was begun is gone on with", () => {
  it("from where it stopped", async () => {
    const server = await hubServer(model());
    const { cache } = begun(weights.subarray(0, 300_000));
    const { folder } = await fetched(server, { cache });
    assert.deepEqual(readFileSync(join(folder, WEIGHTS)), weights);
    const [asked] = server.asked.filter(({ at }) => at === "store");
    assert.equal(asked!.headers.range, "bytes=300000-");
    assert.deepEqual(kept(cache).parts, []);
  });

  it("without a request where only the name is missing, and anew where there is too much", async () => {
    const server = await hubServer(model());
    await fetched(server, { cache: begun(weights).cache });
    assert.ok(!server.fetched().includes(WEIGHTS));
    const { folder } = await fetched(server, { cache: begun(Buffer.concat([weights, weights])).cache });
    const ranges = server.asked.filter(({ at }) => at === "store").map(({ headers }) => headers.range);
    assert.deepEqual(ranges, [undefined]);
    assert.deepEqual(readFileSync(join(folder, WEIGHTS)), weights);
  });

  it("wherever and however often the connection breaks", async () => {
    const server = await hubServer(model());
    const cuts = fc.array(fc.integer({ min: 1, max: weights.length - 1 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(cuts, async (cuts) => {
        const breaks = [...cuts];
        const before = server.asked.length;
        server.files = { "config.json": config, [WEIGHTS]: weights };
        server.instead = storeOnly(({ headers }, response) => {
          const from = Number(/\d+/.exec(headers.range ?? "0")![0]);
          const cut = breaks.shift();
          if (cut === undefined) return false;
          response.writeHead(from === 0 ? 200 : 206, {
            etag: etagOf(weights),
            "content-length": weights.length - from,
            "content-range": `bytes ${from}-${weights.length - 1}/${weights.length}`,
          });
          response.write(weights.subarray(from, Math.max(from, cut)), () => response.destroy());
          return true;
        });
        const { folder } = await fetched(server);
        assert.deepEqual(readFileSync(join(folder, WEIGHTS)), weights);
        const asked = server.asked.slice(before).filter(({ at }) => at === "store");
        assert.equal(asked.length, cuts.length + 1);
        for (const { headers } of asked) {
          assert.equal(headers["if-range"], headers.range === undefined ? undefined : etagOf(weights));
        }
      }),
      { numRuns: 15, seed: 1 },
    );
  });

  it("anew where the server does not know Range", async () => {
    const server = await hubServer(model());
    server.instead = storeOnly(({ headers }, response) => {
      sendFile(weights, { ...headers, range: undefined }, response);
      return true;
    });
    const { cache } = begun(Buffer.alloc(1000, 7));
    const { folder } = await fetched(server, { cache });
    assert.deepEqual(readFileSync(join(folder, WEIGHTS)), weights);
  });

  it("anew where the server says that there is no more (416), or sends another piece", async () => {
    for (const status of [416, 206]) {
      const server = await hubServer(model());
      server.instead = storeOnly(({ headers }, response) => {
        if (headers.range === undefined) return false;
        const place = `bytes 0-${weights.length - 1}/${weights.length}`;
        response.writeHead(status, { "content-range": place }).end(status === 206 ? weights : undefined);
        return true;
      });
      const { folder } = await fetched(server, { cache: begun(weights.subarray(0, 9)).cache });
      assert.deepEqual(readFileSync(join(folder, WEIGHTS)), weights);
    }
  });

  it("anew where the file became another one in between", async () => {
    const server = await hubServer(model());
    const old = Buffer.from(weights).fill(1, 1000);
    server.instead = storeOnly((_, response, count) => {
      if (count > 1) return false;
      response.writeHead(200, { etag: etagOf(old), "content-length": old.length });
      response.write(old.subarray(0, 5000), () => response.destroy());
      return true;
    });
    const { folder } = await fetched(server);
    assert.deepEqual(readFileSync(join(folder, WEIGHTS)), weights);
  });

  it("after a server that is too busy, or that stops to send", async () => {
    const server = await hubServer(model());
    server.instead = ({ file }, response, count) => {
      if (file !== "tokenizer_config.json" && file !== "") return false;
      if (count === 1) sendJson(response.setHeader("retry-after", "0.01"), 429, {});
      else if (count === 2) sendJson(response, 503, {});
      else if (count === 3 && file !== "") response.writeHead(200, { "content-length": 2 }).write("{");
      else return false;
      return true;
    };
    const began = Date.now();
    const { folder } = await fetched(server, { patience: { ...quick, idle: 200 } });
    assert.equal(readFileSync(join(folder, "tokenizer_config.json"), "utf8"), "{}");
    assert.ok(Date.now() - began < 3000);
  });

  it("where an answer ends early without a break, or is slow and never silent", async () => {
    const server = await hubServer(model());
    server.instead = storeOnly((_, response, count) => {
      if (count > 1) return false;
      response.writeHead(200, { etag: etagOf(weights) }).end(weights.subarray(0, 1000));
      return true;
    });
    const { folder } = await fetched(server);
    assert.deepEqual(readFileSync(join(folder, WEIGHTS)), weights);
    assert.equal(server.asked.at(-1)!.headers.range, "bytes=1000-");

    server.instead = storeOnly((_, response) => {
      response.writeHead(200, { "content-length": weights.length });
      const pieces = [0, 1, 2, 3, 4].map((at) => weights.subarray(at * 150_000, (at + 1) * 150_000));
      const next = (): void => {
        const piece = pieces.shift();
        if (piece) response.write(piece, () => setTimeout(next, 100));
        else response.end();
      };
      next();
      return true;
    });
    const before = server.fetched().length;
    await fetched(server, { patience: { ...quick, idle: 300 } });
    assert.equal(
      server
        .fetched()
        .slice(before)
        .filter((name) => name === WEIGHTS).length,
      1,
    );
  });

  it("when a signal stopped it", async () => {
    const server = await hubServer(model());
    const stop = new AbortController();
    server.instead = storeOnly((_, response) => {
      response.writeHead(200, { etag: etagOf(weights), "content-length": weights.length });
      response.write(weights.subarray(0, 200_000));
      return true;
    });
    const cache = mkdtempSync(join(place, "cache-"));
    const onProgress = ({ done }: { done: number }): void => {
      if (done >= 200_000) stop.abort(new Error("enough"));
    };
    await assert.rejects(fetched(server, { cache, onProgress, signal: stop.signal }), /^Error: enough$/);
    assert.deepEqual(kept(cache).parts, [`${WEIGHTS}.part`]);
    assert.ok(!kept(cache).names.includes(WEIGHTS));
    server.instead = () => false;
    const { folder } = await fetched(server, { cache });
    assert.equal(server.asked.at(-1)!.headers.range, "bytes=200000-");
    assert.deepEqual(readFileSync(join(folder, WEIGHTS)), weights);
    await assert.rejects(fetched(server, { cache, signal: stop.signal }), /^Error: enough$/);
    const later = new AbortController();
    server.instead = (_, response) => {
      sendJson(response, 503, {});
      setTimeout(() => later.abort(new Error("enough")), 50);
      return true;
    };
    const patience = { ...quick, delay: 10_000 };
    await assert.rejects(fetched(server, { signal: later.signal, patience }), /^Error: enough$/);
  });

  it("when the process that fetched it is gone, and not while it is there", async () => {
    const server = await hubServer(model());
    const machine = hostname().replace(/\W/g, "_").slice(0, 40);
    const left = weights.subarray(0, 100_000);
    // Numbers of processes end at 2^22 on Linux.
    const gone = begun(left, `${WEIGHTS}.${machine}-99999999-0123abcd.part`);
    await fetched(server, gone);
    assert.equal(server.asked.at(-1)!.headers.range, "bytes=100000-");
    assert.deepEqual(kept(gone.cache).parts, []);
    for (const other of [`${machine}-1`, `elsewhere-99999999`]) {
      const busy = begun(left, `${WEIGHTS}.${other}-0123abcd.part`);
      await fetched(server, busy);
      assert.equal(server.asked.at(-1)!.headers.range, undefined);
      assert.deepEqual(kept(busy.cache).parts, [`${WEIGHTS}.${other}-0123abcd.part`]);
    }
  });

  it("with several at once, none in the other's way", async () => {
    const server = await hubServer(model());
    const { cache } = begun(weights.subarray(0, 50_000));
    const all = await Promise.all(Array.from({ length: 4 }, () => fetched(server, { cache })));
    for (const { folder } of all) assert.deepEqual(readFileSync(join(folder, WEIGHTS)), weights);
    assert.deepEqual(kept(cache).names, [...wanted].sort());
  });
});

describe("what is not what the listing says is deleted", () => {
  const wrong: [string, string, (bytes: Buffer) => Buffer, RegExp][] = [
    [
      "a large file",
      WEIGHTS,
      (bytes) => Buffer.from(bytes).fill(0, 9, 10),
      /with the checksum [0-9a-f]{64}; the hub's listing says/,
    ],
    [
      "a small file",
      "config.json",
      (bytes) => Buffer.from(`${bytes}`.replace("{", " ")),
      /git checksum [0-9a-f]{40}; the hub/,
    ],
    [
      "one that is longer",
      WEIGHTS,
      (bytes) => Buffer.concat([bytes, bytes]),
      /comes with 1216352 bytes; the hub's listing says 608176/,
    ],
    ["one that is shorter", WEIGHTS, (bytes) => bytes.subarray(1), /comes with 608175 bytes/],
  ];
  for (const [title, name, change, sentence] of wrong) {
    it(title, async () => {
      const server = await hubServer(model());
      const bytes = change(server.files[name]!);
      server.instead = ({ file, at }, response) => {
        if (file !== name || at !== (server.isLarge(name) ? "store" : "hub")) return false;
        sendFile(bytes, {}, response);
        return true;
      };
      const cache = mkdtempSync(join(place, "cache-"));
      assert.match(await problem(fetched(server, { cache })), sentence);
      assert.ok(!kept(cache).names.includes(name));
      assert.deepEqual(kept(cache).parts, []);
    });
  }

  it("a stream without an end", async () => {
    const server = await hubServer(model());
    server.instead = storeOnly((_, response) => {
      response.writeHead(200);
      const more = (): boolean => response.write(weights, (error) => error ?? more());
      return more() || true;
    });
    const cache = mkdtempSync(join(place, "cache-"));
    assert.match(await problem(fetched(server, { cache })), /comes with more bytes; the hub's listing says/);
    assert.deepEqual(kept(cache).parts, []);
  });

  it("what was there already and is not of this file", async () => {
    const server = await hubServer(model());
    const { cache } = begun(Buffer.alloc(1000, 7));
    assert.match(await problem(fetched(server, { cache })), /what came is deleted, so run this again/);
    assert.deepEqual(kept(cache).parts, []);
    const { folder } = await fetched(server, { cache });
    assert.deepEqual(readFileSync(join(folder, WEIGHTS)), weights);
  });

  it("the checksum of a small file is that of git", () => {
    // git hash-object on "hello\n"
    assert.equal(gitHash(Buffer.from("hello\n")), "ce013625030ba8dba906f756967f9e9ca394464a");
  });
});
