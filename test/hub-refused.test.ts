/** Hubs that say no, and servers that are none: one sentence each. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readdirSync, truncateSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fetchCheckpoint } from "../src/import/hub/fetch-checkpoint.ts";
import { hubFrom } from "../src/import/hub/hub.ts";
import { begun, config, fetched, model, place, problem, quick, WEIGHTS } from "./hub-fetches.ts";
import { gitHash, hubServer, sendJson } from "./hub-server.ts";

describe("a hub that says no", () => {
  const answers: [string, number, string | undefined, string | undefined, RegExp][] = [
    [
      "gated, nobody asks",
      401,
      "GatedRepo",
      undefined,
      /accept the model's terms on http.*\/org\/name, and set HF_TOKEN/,
    ],
    [
      "gated, somebody asks",
      403,
      "GatedRepo",
      "t",
      /accept the model's terms on .*, and set HF_TOKEN to an access token of that/,
    ],
    ["a bad token", 401, undefined, "t", /does not let this HF_TOKEN read org\/name \(401\)/],
    [
      "not found, nobody asks",
      401,
      "RepoNotFound",
      undefined,
      /has no model org\/name, or it is private; check the spelling, or/,
    ],
    ["not found", 404, undefined, "t", /has no model org\/name, or it is private/],
    [
      "no revision",
      404,
      "RevisionNotFound",
      undefined,
      /has no revision "main"; expected a branch, a tag or a commit/,
    ],
    [
      "too often",
      429,
      undefined,
      undefined,
      /answers 429 for the listing of org\/name, as it was asked too often/,
    ],
    ["broken", 502, undefined, undefined, /answers 502 for the listing of org\/name; run this again later/],
    ["legal reasons", 451, undefined, undefined, /answers 451 for the listing/],
    ["no content", 204, undefined, undefined, /answers 204 for the listing/],
  ];
  for (const [title, status, code, token, sentence] of answers) {
    it(title, async () => {
      const server = await hubServer(model());
      server.instead = (_, response) => {
        sendJson(response, status, { error: "no" }, code);
        return true;
      };
      const cache = mkdtempSync(join(place, "cache-"));
      assert.match(await problem(fetched(server, { cache, ...(token ? { token } : {}) })), sentence);
      assert.equal(server.asked.length, status === 429 || status === 502 ? quick.tries : 1);
      assert.deepEqual(readdirSync(cache), []);
    });
  }

  it("says no to a file", async () => {
    const server = await hubServer(model());
    for (const [status, sentence] of [
      [403, /does not let everyone read/],
      [404, /lists tokenizer_config\.json and does not have it/],
    ] as const) {
      server.instead = ({ file }, response) => {
        if (file !== "tokenizer_config.json") return false;
        sendJson(response, status, {});
        return true;
      };
      assert.match(await problem(fetched(server)), sentence);
    }
  });

  const listings: [string, Record<string, unknown>, RegExp][] = [
    [
      "another commit",
      { sha: "../../x" },
      /the hub's listing of org\/name: sha is .*; expected 40 hexadecimal digits/,
    ],
    [
      "a way out",
      { siblings: [{ rfilename: "../config.json" }] },
      /siblings\.0\.rfilename is "\.\.\/config\.json"; expected a name without/,
    ],
    [
      "a path from the root",
      { siblings: [{ rfilename: "/etc/passwd" }] },
      /"\/etc\/passwd"; expected a name without/,
    ],
    ["no files", { siblings: undefined }, /siblings is missing; expected a list of files/],
    [
      "an empty model",
      { siblings: [] },
      /org\/name has no weights at 0123456789ab, and no model\.safetensors/,
    ],
    [
      "a pickle",
      { siblings: [{ rfilename: "config.json" }, { rfilename: "pytorch_model.bin" }] },
      /has pytorch_model\.bin at .* a pickled checkpoint is a program.*convert it to safetensors/,
    ],
    [
      "other weights",
      { siblings: [{ rfilename: "unet.safetensors" }] },
      /has unet\.safetensors at .*take a model that has it/,
    ],
    [
      "no config",
      { siblings: [{ rfilename: WEIGHTS }] },
      /org\/name has no config\.json; take a model that has it/,
    ],
    [
      "no checksums",
      { siblings: [{ rfilename: WEIGHTS }, { rfilename: "config.json" }] },
      /does not say size and checksum of config\.json/,
    ],
    [
      "more than any disk",
      {
        siblings: [
          { rfilename: "config.json", size: config.length, blobId: gitHash(config) },
          { rfilename: WEIGHTS, size: 0, lfs: { size: 2 ** 52, sha256: "0".repeat(64) } },
        ],
      },
      /4503599\.6 GB are to come, and the disk has [\d.]+ GB free; free some space or .*--cache/,
    ],
  ];
  for (const [title, listing, sentence] of listings) {
    it(`lists ${title}`, async () => {
      const server = await hubServer(model());
      server.listing = listing;
      const cache = mkdtempSync(join(place, "cache-"));
      assert.match(await problem(fetched(server, { cache })), sentence);
      assert.ok(!server.fetched().includes(WEIGHTS));
    });
  }

  it("lists more than the disk has, most of which is there", {
    skip: process.platform === "win32",
  }, async () => {
    const server = await hubServer(model());
    const size = 2 ** 42;
    server.listing = {
      siblings: [
        { rfilename: "config.json", size: config.length, blobId: gitHash(config) },
        { rfilename: WEIGHTS, size, lfs: { size, sha256: "0".repeat(64) } },
      ],
    };
    const { cache, folder } = begun(new Uint8Array(0));
    truncateSync(join(folder, `${WEIGHTS}.part`), size - 1000); // A file of holes, that takes no space.
    const stop = new AbortController();
    const onProgress = (): void => stop.abort(new Error("it goes on"));
    await assert.rejects(fetched(server, { cache, onProgress, signal: stop.signal }), /^Error: it goes on$/);
  });

  it("is none", async () => {
    const server = await hubServer(model());
    for (const [text, sentence] of [
      ["<html>Please log in</html>", /is not JSON; http.* is no hub, so check HF_ENDPOINT/],
      ["[]", /listing of org\/name: the whole file is \[\]/],
      [`"${"x".repeat(2 ** 25)}"`, /longer than 33554432 bytes/],
    ] as const) {
      server.instead = (_, response) => {
        response.end(text);
        return true;
      };
      assert.match(await problem(fetched(server)), sentence);
    }
  });

  it("cannot be reached", async () => {
    const server = await hubServer(model());
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    const hub = hubFrom({ HF_ENDPOINT: `http://127.0.0.1:${port}` }, quick);
    assert.match(
      await problem(fetchCheckpoint("org/name", { hub, cache: place })),
      /cannot fetch from http:\S*: the server refuses the connection \(ECONNREFUSED\); check the connection/,
    );
    server.instead = (_, response) => {
      response.destroy();
      return true;
    };
    assert.match(await problem(fetched(server)), /cannot fetch from http.*; check the connection/);
    assert.equal(server.asked.length, quick.tries);
    server.instead = () => true;
    const patience = { ...quick, tries: 2, idle: 50 };
    assert.match(await problem(fetched(server, { patience })), /nothing came for 0\.05 s/);
  });

  it("sends elsewhere, where nothing is safe, or nowhere", async () => {
    const server = await hubServer(model());
    for (const [location, sentence] of [
      [
        "http://example.com/model.safetensors",
        /redirects to "http:\/\/example\.com.*expected an https address/,
      ],
      ["file:///etc/passwd", /redirects to "file:\/\/\/etc\/passwd"; expected an https/],
      [undefined, /redirects to null; expected/],
      ["?again", /redirects 9 times in a row/],
    ] as const) {
      server.instead = (_, response) => {
        response.writeHead(302, location === undefined ? {} : { location }).end();
        return true;
      };
      assert.match(await problem(fetched(server, { token: "t" })), sentence);
    }
  });

  it("has an index that leads out of the folder, or to files that it does not have", async () => {
    for (const [shard, sentence] of [
      ["../../secret.safetensors", /weight_map puts tensor "a" into "\.\.\/\.\..*of the same folder/],
      ["model-1.safetensors", /org\/name has no model-1\.safetensors; take a model that has it/],
    ] as const) {
      const index = Buffer.from(JSON.stringify({ weight_map: { a: shard } }));
      const server = await hubServer({ "config.json": config, "model.safetensors.index.json": index });
      assert.match(await problem(fetched(server)), sentence);
    }
  });

  it("has a model that cannot be imported, which is seen before the weights come", async () => {
    const server = await hubServer({ ...model(), "config.json": Buffer.from('{"model_type":"gpt2"}') });
    assert.match(
      await problem(fetched(server)),
      /config\.json of org\/name: the architecture "gpt2" is not known/,
    );
    assert.deepEqual(server.fetched(), ["config.json"]);
  });
});
