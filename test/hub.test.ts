/** Fetching from a hub, against a server on this machine: what comes, from where, and how it is told. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { progressLine } from "../src/cli/progress.ts";
import { cacheFolder } from "../src/import/hub/cache-folder.ts";
import { fetchCheckpoint } from "../src/import/hub/fetch-checkpoint.ts";
import { hubFrom } from "../src/import/hub/hub.ts";
import { hubIdOf } from "../src/import/hub/hub-id.ts";
import { begun, fetched, model, place, problem, quick, WEIGHTS, wanted, weights } from "./hub-fetches.ts";
import { COMMIT, hubServer } from "./hub-server.ts";

describe("what is fetched", () => {
  it("is what an import needs, at the commit of the listing", async () => {
    const more = ["tokenizer.json", "special_tokens_map.json", "vocab.txt", "vocab.json"];
    const server = await hubServer({
      ...model(),
      ...Object.fromEntries(more.map((name) => [name, Buffer.from(`this is ${name}`)])),
    });
    const all = [...wanted, ...more];
    const { folder, commit, license } = await fetched(server, { revision: "refs/pr/1" });
    assert.deepEqual([commit, license], [COMMIT, "mit"]);
    assert.deepEqual(readdirSync(folder).sort(), [...all].sort());
    for (const name of all) assert.deepEqual(readFileSync(join(folder, name)), server.files[name]);
    assert.equal(server.asked[0]!.path, "/api/models/org/name/revision/refs%2Fpr%2F1?blobs=true");
    for (const { path } of server.asked.slice(1)) {
      assert.match(path, new RegExp(`^/org/name/resolve/${COMMIT}/|^/store/`));
    }
    assert.deepEqual(server.fetched().sort(), all.filter((name) => name !== "merges.txt").sort());
  });

  it("comes without the token to the store, and with it from the hub", async () => {
    const server = await hubServer(model());
    await fetched(server, { token: "hf_secret" });
    for (const { at, headers } of server.asked) {
      assert.equal(headers.authorization, at === "hub" ? "Bearer hf_secret" : undefined);
    }
    assert.ok(server.asked.some(({ at }) => at === "store"));
  });

  it("is followed to the model's new name, with the token", async () => {
    const server = await hubServer(model());
    server.instead = ({ path }, response) => {
      if (!path.includes("old/one")) return false;
      response.writeHead(307, { location: path.replace("old/one", "org/name") }).end();
      return true;
    };
    const hub = hubFrom({ HF_ENDPOINT: server.endpoint, HF_TOKEN: "t" }, quick);
    const { folder } = await fetchCheckpoint("old/one", { hub, cache: place });
    assert.match(folder, /old--one/);
    assert.ok(
      server.asked.every(({ at, headers }) => (headers.authorization === undefined) === (at === "store")),
    );
  });

  it("is the parts that the index names", async () => {
    const { [WEIGHTS]: _, ...rest } = model();
    const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    const map = { a: shards[0], b: shards[1], c: shards[0] };
    const index = Buffer.from(JSON.stringify({ weight_map: map }));
    const server = await hubServer({
      ...rest,
      "model.safetensors.index.json": index,
      [shards[0]!]: weights.subarray(0, 1000),
      [shards[1]!]: weights.subarray(1000),
    });
    const { folder } = await fetched(server);
    assert.deepEqual(readFileSync(join(folder, shards[1]!)), weights.subarray(1000));
    assert.ok(readdirSync(folder).includes("model.safetensors.index.json"));
    assert.ok(!readdirSync(folder).includes("model.fp16.safetensors"));
  });

  it("is not fetched again once it is there", async () => {
    const server = await hubServer(model());
    const cache = mkdtempSync(join(place, "cache-"));
    const first = await fetched(server, { cache });
    const before = server.asked.length;
    assert.deepEqual(await fetched(server, { cache }), first);
    assert.equal(server.asked.length, before + 1);
    writeFileSync(join(first.folder, WEIGHTS), weights.subarray(1));
    await fetched(server, { cache });
    assert.deepEqual(server.fetched().slice(-1), [WEIGHTS]);
    assert.deepEqual(readFileSync(join(first.folder, WEIGHTS)), weights);
  });

  it("is told as it comes, what was there included", async () => {
    const server = await hubServer(model());
    const { cache } = begun(weights.subarray(0, 400_000));
    const told: number[] = [];
    let total = 0;
    await fetched(server, {
      cache,
      onProgress: (bytes) => {
        told.push(bytes.done);
        total = bytes.total;
      },
    });
    assert.equal(total, weights.length + 2);
    assert.equal(told.at(-1), total);
    assert.ok(told.includes(400_002), "the part that was there counts at once");
    assert.deepEqual(
      told,
      [...told].sort((a, b) => a - b),
    );
  });

  const cards: [unknown, string | undefined][] = [
    [{ license: "apache-2.0" }, "apache-2.0"],
    [{ license: ["mit", "cc-by-4.0"] }, "mit, cc-by-4.0"],
    [{ license: "other", license_name: "llama3" }, "llama3"],
    [{ license: "two\nlines" }, undefined],
    [{ license: 5 }, undefined],
    [{}, undefined],
    [null, undefined],
    ["text", undefined],
  ];
  it("has the licence of the model's card", async () => {
    const server = await hubServer(model());
    for (const [card, license] of cards) {
      server.card = card;
      assert.equal((await fetched(server, { cache: place })).license, license, JSON.stringify(card));
    }
  });
});

describe("where it is and where it goes", () => {
  it("a path that exists is a path, ORG/NAME else an id", async () => {
    mkdirSync(join(place, "org", "name"), { recursive: true });
    const here = process.cwd();
    process.chdir(place);
    try {
      assert.equal(await hubIdOf("org/name"), undefined);
      assert.equal(await hubIdOf("hub:org/name"), "org/name");
      assert.equal(await hubIdOf("org/other"), "org/other");
      for (const id of ["facebook/esm2_t6_8M_UR50D", "a/b", "GSAI-ML/LLaDA-8B-Base", "x.y/z_1.5"]) {
        assert.equal(await hubIdOf(id), id);
      }
      for (const path of [
        "./a/b",
        "a",
        "a/b/c",
        "../b",
        "a/..",
        "/a/b",
        "a/",
        "C:\\a",
        "a--b/c",
        "a/b?c",
        "",
      ]) {
        assert.equal(await hubIdOf(path), undefined, path);
      }
      for (const text of ["hub:", "hub:name", "hub:../x", "hub:a/b/c"]) {
        await assert.rejects(hubIdOf(text), /names no model of the hub; expected hub:ORG\/NAME$/);
      }
    } finally {
      process.chdir(here);
    }
  });

  it("the hub is the one that the environment names, over https", () => {
    assert.match(hubFrom({}).endpoint, /^https:\/\/huggingface\./);
    assert.equal(hubFrom({ HF_ENDPOINT: "" }).endpoint, hubFrom({}).endpoint);
    assert.equal(
      hubFrom({ HF_ENDPOINT: "https://mirror.example/hf/" }).endpoint,
      "https://mirror.example/hf",
    );
    assert.deepEqual(hubFrom({ HF_TOKEN: " t\n" }).token, "t");
    for (const wrong of [
      "http://mirror.example",
      "mirror.example",
      "ftp://localhost",
      "https://u:p@x.example",
    ]) {
      assert.throws(
        () => hubFrom({ HF_ENDPOINT: wrong }),
        /HF_ENDPOINT is ".*"; expected an address such as https/,
      );
    }
    const secret = () => hubFrom({ HF_TOKEN: "my secret" });
    assert.throws(
      secret,
      (error: Error) => /HF_TOKEN has a char/.test(error.message) && !/secret/.test(error.message),
    );
  });

  it("the cache is where the platform keeps caches", () => {
    const home = join("/home", "me");
    assert.equal(cacheFolder({ FEWSTEP_CACHE: "/x" }), "/x");
    assert.equal(cacheFolder({}, { platform: "linux", home }), join(home, ".cache", "fewstep"));
    assert.equal(
      cacheFolder({ XDG_CACHE_HOME: "/var/c" }, { platform: "linux", home }),
      join("/var/c", "fewstep"),
    );
    assert.equal(
      cacheFolder({ XDG_CACHE_HOME: "c" }, { platform: "linux", home }),
      join(home, ".cache", "fewstep"),
    );
    assert.equal(cacheFolder({}, { platform: "darwin", home }), join(home, "Library", "Caches", "fewstep"));
    assert.equal(
      cacheFolder({ LOCALAPPDATA: "/l" }, { platform: "win32", home }),
      join("/l", "fewstep", "cache"),
    );
  });

  it("a place that cannot be written is refused in a sentence", async () => {
    const server = await hubServer(model());
    const file = join(place, "a-file");
    writeFileSync(file, "");
    assert.match(
      await problem(fetched(server, { cache: file })),
      /cannot write .*a-file.*: .*\((ENOTDIR|EEXIST)\)/,
    );
  });
});

describe("the progress line", () => {
  it("has bytes, share and rate, and does not count what was there before", (context) => {
    context.mock.timers.enable({ apis: ["Date"], now: 1e6 });
    let written = "";
    const stream = { isTTY: true, columns: 120, write: (text: string) => (written = text) };
    const line = progressLine(stream as unknown as NodeJS.WriteStream);
    line.update("fetching a/b", 0.5, { done: 1e9, total: 2e9 });
    context.mock.timers.tick(10_000);
    line.update("fetching a/b", 0.75, { done: 1.5e9, total: 2e9 });
    assert.match(written, /fetching a\/b \[#{18}-{6}\] 75 %, 1\.5 of 2\.0 GB, 50\.0 MB\/s, 10 s left$/);
  });
});
