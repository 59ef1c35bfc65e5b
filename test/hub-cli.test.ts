/** `fewstep import ORG/NAME` as a user runs it, kills it and runs it again. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { kept, model, place, storeOnly, WEIGHTS, wanted, weights } from "./hub-fetches.ts";
import { COMMIT, etagOf, type HubServer, hubServer } from "./hub-server.ts";
import { json, refused, start, succeed, together } from "./run-cli.ts";

describe("on the command line", together, () => {
  /** A shell that gives the command its environment. */
  const under = (server: HubServer, more = ""): string =>
    `HF_ENDPOINT=${server.endpoint} FEWSTEP_CACHE=cache HF_TOKEN=secret ${more} exec "$@"`;
  const command = ["import", "org/name", "--out", "model"];

  it("a hub id becomes a model folder that says where it comes from", async () => {
    const server = await hubServer(model());
    const folder = mkdtempSync(join(place, "cli-"));
    const { child, ended } = start([...command, "--json"], { folder, shell: under(server) });
    const { code, stdout, stderr } = await ended;
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
    assert.equal(child.exitCode, 0);
    const { manifest } = JSON.parse(stdout);
    assert.deepEqual(
      [manifest.name, manifest.license, manifest.training.source],
      ["name", "mit", `org/name@${COMMIT}`],
    );
    assert.deepEqual(kept(join(folder, "cache")).names, [...wanted].sort());
    await json(["sample", "./model", "--steps", "2", "--count", "1"], folder);
    const again = ["import", "hub:org/name", "--out", "other", "--cache", "cache", "--license", "own"];
    const ran = await start(again, { folder, shell: under(server, "FEWSTEP_CACHE=nowhere") }).ended;
    assert.equal(ran.code, 0, ran.stderr);
    assert.equal(ran.stderr, "fetching org/name ...\nwriting the weights ...\n");
    assert.equal(server.fetched().filter((name) => name === WEIGHTS).length, 1);
    const written = JSON.parse(readFileSync(join(folder, "other", "manifest.json"), "utf8"));
    assert.equal(written.license, "own");
    assert.ok(!existsSync(join(folder, "nowhere")));
  });

  it("killed in the middle, it goes on where it was", async () => {
    const server = await hubServer(model());
    server.instead = storeOnly((_, response) => {
      response.writeHead(200, { etag: etagOf(weights), "content-length": weights.length });
      response.write(weights.subarray(0, 300_000));
      return true;
    });
    const folder = mkdtempSync(join(place, "cli-"));
    const cache = join(folder, "cache");
    const isUnderWay = (times: number): boolean => {
      const bytes = kept(cache).parts.map((name) => statSync(join(kept(cache).folder, name)).size);
      const asked = server.asked.filter(({ at }) => at === "store").length;
      return asked === times && bytes.length === 1 && bytes[0]! >= 300_000;
    };
    for (const [at, signal] of (["SIGKILL", "SIGINT"] as const).entries()) {
      const { child, ended } = start(command, { folder, shell: under(server) });
      const limit = Date.now() + 30_000;
      while (!isUnderWay(at + 1) && Date.now() < limit) await wait(20);
      child.kill(signal);
      const { code, stderr } = await ended;
      assert.equal(code, signal === "SIGINT" ? 130 : null, stderr);
      assert.equal(kept(cache).parts.length, 1);
      assert.deepEqual(readdirSync(folder), ["cache"]);
      // From now on, where it goes on it is answered with silence.
      server.instead = storeOnly(() => true);
    }
    server.instead = () => false;
    const ran = await start(command, { folder, shell: under(server) }).ended;
    assert.equal(ran.code, 0, ran.stderr);
    const ranges = server.asked.filter(({ at }) => at === "store").map(({ headers }) => headers.range);
    assert.deepEqual(ranges, [undefined, "bytes=300000-", "bytes=300000-"]);
  });

  it("two at once", async () => {
    const server = await hubServer(model());
    const folder = mkdtempSync(join(place, "cli-"));
    const both = await Promise.all(
      ["a", "b"].map(
        (out) => start(["import", "org/name", "--out", out], { folder, shell: under(server) }).ended,
      ),
    );
    for (const { code, stderr } of both) assert.equal(code, 0, stderr);
    assert.deepEqual(
      readFileSync(join(folder, "a", "model.onnx")),
      readFileSync(join(folder, "b", "model.onnx")),
    );
    assert.deepEqual(kept(join(folder, "cache")).parts, []);
  });

  it("a full disk leaves what is there, and nothing that looks whole", async () => {
    const server = await hubServer(model());
    const folder = mkdtempSync(join(place, "cli-"));
    mkdirSync(join(folder, "cache"));
    await refused(command, {
      folder,
      shell: `ulimit -f 500; ${under(server)}`,
      sentence:
        /cannot write .*model\.safetensors\..*part: the file would be larger than is allowed; .*\(EFBIG\)/,
    });
    const { names, parts } = kept(join(folder, "cache"));
    assert.deepEqual(parts, [`${WEIGHTS}.part`]);
    assert.ok(!names.includes(WEIGHTS));
  });

  it("what cannot be is said at once", async () => {
    const server = await hubServer(model());
    const folder = mkdtempSync(join(place, "cli-"));
    mkdirSync(join(folder, "taken", "inner"), { recursive: true });
    const shell = under(server);
    await refused(["import", "org/name", "--out", "taken"], {
      folder,
      shell,
      sentence: /the folder is not empty/,
    });
    await refused(["import", "taken", "--out", "m", "--revision", "x"], {
      folder,
      shell,
      sentence: /--revision is for models of the hub, and taken is a path/,
    });
    await refused(["import", "hub:taken", "--out", "m"], {
      folder,
      shell,
      sentence: /names no model of the hub/,
    });
    assert.equal(server.asked.length, 0);
    await refused(["import", "org/nam", "--out", "m"], {
      folder,
      shell,
      sentence: /has no model org\/nam, .* or the path if a folder is meant/,
    });
    assert.match(
      await succeed(["import", "--help"], folder),
      /--revision <name>[\s\S]*--cache <folder>[\s\S]*HF_TOKEN/,
    );
  });
});
