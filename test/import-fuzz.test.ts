/** Real checkpoints whose config or index says anything, and models whose second file is damaged. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { importFolder } from "../src/import/import-folder.ts";
import { loadModel } from "../src/node/index.ts";
import { changedCopy, fixtures, scratch } from "./checkpoints.ts";
import { refusal } from "./refused-import.ts";

const place = scratch();
const WEIGHTS = "model.safetensors";

describe("a real config with other values", () => {
  const deep = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`) as unknown;
  const value = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        -1,
        0,
        1,
        2,
        3,
        63,
        64,
        65,
        2 ** 31,
        2 ** 40,
        2 ** 53 - 1,
        1e300,
        0.5,
        1e-30,
      ),
    },
    { weight: 2, arbitrary: fc.constantFrom(null, true, false, "", "absolute", "gelu", [], {}, deep) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  );
  for (const name of readdirSync(fixtures).filter((name) => !name.includes("."))) {
    it(name, async () => {
      const folder = changedCopy(place, name);
      const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Record<string, unknown>;
      const places = leaves(config);
      const began = Date.now();
      let accepted = 0;
      await fc.assert(
        fc.asyncProperty(fc.nat(places.length - 1), value, async (which, value) => {
          const changed = structuredClone(config);
          const steps = [...places[which]!];
          const last = steps.pop()!;
          const inner = steps.reduce((at, key) => at[key] as Record<string, unknown>, changed);
          inner[last] = value;
          writeFileSync(join(folder, "config.json"), text(changed));
          if ((await refusal(folder, /bert|esm/.test(name) ? 5 : undefined)) === undefined) accepted++;
        }),
        { numRuns: 40, seed: 17 },
      );
      assert.ok(accepted < 40, "nothing was refused");
      assert.ok(Date.now() - began < 60_000);
    });
  }

  it("nested deeper than the stack", async () => {
    const folder = changedCopy(place, "bert");
    const path = join(folder, "config.json");
    const config = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    for (const [field, sentence] of [
      ["model_type", /the architecture a value nested too deep to show is not known/],
      ["hidden_size", /hidden_size is a value nested too deep to show; expected a whole number/],
    ] as const) {
      writeFileSync(path, text({ ...config, [field]: deep }));
      assert.match((await refusal(folder, 5))!, sentence);
    }
  });

  /** JSON of a value with one part that is nested deeper than the stack of JSON.stringify. */
  function text(value: unknown): string {
    const nested = "nested deep, not really";
    const replaced = JSON.stringify(value, (_, part) => (part === deep ? nested : part));
    return replaced.replace(JSON.stringify(nested), `${"[".repeat(100_000)}${"]".repeat(100_000)}`);
  }

  /** The way to every value that is no object. */
  function leaves(value: Record<string, unknown>, way: string[] = []): string[][] {
    return Object.entries(value).flatMap(([key, inner]) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? leaves(inner as Record<string, unknown>, [...way, key])
        : [[...way, key]],
    );
  }
});

describe("a real index with other names", () => {
  const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  const folder = changedCopy(place, "modernbert");
  rmSync(join(folder, WEIGHTS));
  const genuine = readFileSync(join(fixtures, "modernbert", WEIGHTS));
  const header = genuine.subarray(8, 8 + Number(genuine.readBigUInt64LE(0))).toString("utf8");
  const names = Object.keys(JSON.parse(header)).filter((name) => name !== "__metadata__");
  for (const shard of shards) writeFileSync(join(folder, shard), genuine);
  writeFileSync(join(folder, "secret.safetensors"), genuine.subarray(0, 50));
  const good = Object.fromEntries(names.map((name, at) => [name, shards[at % 2]!]));

  it("goes through unharmed, as a control", async () => {
    writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: good }));
    assert.equal(await refusal(folder, 96), undefined);
  });

  it("one tensor is anywhere", async () => {
    const names = fc.constantFrom(...Object.keys(good), "__proto__", "constructor", "none");
    const shard = fc.oneof(
      fc.constantFrom(
        "../model.safetensors",
        "/etc/passwd",
        "C:\\x.safetensors",
        "a/b.safetensors",
        "..",
        "",
        "missing.safetensors",
      ),
      fc.constantFrom(
        "secret.safetensors",
        "config.json",
        "model-00001-of-00002.safetensors\0",
        5,
        null,
        [],
        {},
        ["a"],
      ),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(names, shard, async (name, shard) => {
        const map = new Map<string, unknown>([...Object.entries(good), [name, shard]]);
        const body = [...map]
          .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
          .join(",");
        writeFileSync(join(folder, "model.safetensors.index.json"), `{"weight_map":{${body}}}`);
        // What is called __proto__ is no tensor of any network; where it lies does not matter.
        const message = await refusal(folder, 96);
        assert.ok(message !== undefined || name === "__proto__", `${name}: ${JSON.stringify(shard)}`);
      }),
      { numRuns: 80, seed: 18 },
    );
  });

  it("the map is anything", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), async (value) => {
        writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: value }));
        assert.ok((await refusal(folder, 96)) !== undefined);
      }),
      { numRuns: 30, seed: 19 },
    );
  });
});

describe("weights beside the graph", () => {
  it("are checked like the graph", async () => {
    const out = join(mkdtempSync(join(place, "out-")), "model");
    const { manifest } = await importFolder(join(fixtures, "duo"), { out, inlineLimit: 0 });
    assert.equal(manifest.data?.file, "model.onnx.data");
    await (await loadModel(out, { threads: 1 })).dispose();
    const path = join(out, "model.onnx.data");
    const bytes = readFileSync(path);
    const refused = async (change: Buffer | undefined): Promise<string> => {
      if (change) writeFileSync(path, change);
      else rmSync(path);
      const error = await loadModel(out, { threads: 1 }).then(
        () => assert.fail("it was loaded"),
        (error: Error) => error,
      );
      assert.match(error.message, /^loadModel: [^\n]{20,1000}$/);
      return error.message;
    };
    const damaged = Buffer.from(bytes);
    damaged[damaged.length - 1]! ^= 1;
    assert.match(
      await refused(damaged),
      /model\.onnx\.data has the SHA-256 [0-9a-f]{64}; the manifest says [0-9a-f]{64}/,
    );
    assert.match(await refused(bytes.subarray(1)), /has the SHA-256/);
    assert.match(await refused(undefined), /cannot read .*model\.onnx\.data: there is no such file/);
    writeFileSync(path, bytes);
    await (await loadModel(out, { threads: 1 })).dispose();
    const inside = join(mkdtempSync(join(place, "out-")), "model");
    assert.equal((await importFolder(join(fixtures, "duo"), { out: inside })).manifest.data, undefined);
  });
});
