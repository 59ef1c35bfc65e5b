/** Checkpoints that cannot be imported: one sentence that says why, and nothing written. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { importFolder } from "../src/import/import-folder.ts";
import { changedCopy, scratch } from "./checkpoints.ts";
import { refused, succeed, together } from "./run-cli.ts";

const place = scratch();

/** The sentence that refuses a folder; nothing may be left of the attempt. */
async function problem(folder: string, options: { mask?: number; length?: number } = {}): Promise<string> {
  const parent = mkdtempSync(join(place, "out-"));
  let message = "";
  await assert.rejects(importFolder(folder, { out: join(parent, "model"), ...options }), (error: Error) => {
    message = error.message;
    return true;
  });
  assert.match(message, /^[^\n]{20,1000}[^.\n]$/);
  assert.doesNotMatch(message, /\[object|NaN/);
  assert.deepEqual(readdirSync(parent), [], "something was written");
  return message;
}

const configs: [string, string, Record<string, unknown>, RegExp][] = [
  [
    "an unknown architecture",
    "bert",
    { model_type: "gpt2" },
    /"gpt2" is not known; expected one of sedd, mdlm/,
  ],
  ["no architecture", "bert", { model_type: undefined }, /it names no model_type; expected one of sedd/],
  [
    "a width that the shapes contradict",
    "bert",
    { hidden_size: 60 },
    /has shape \[102, 64\]; expected \[102, 60\]/,
  ],
  ["more layers than there are", "bert", { num_hidden_layers: 3 }, /no tensor "bert\.encoder\.layer\.2\./],
  ["layers beyond number", "llada", { n_layers: 1e15 }, /no tensor "model\.transformer\.blocks\.2\./],
  ["a vocabulary beyond number", "mdlm", { vocab_size: 2 ** 52 }, /expected \[4503599627370496, 64\]/],
  ["a size that is text", "duo", { hidden_dim: "64" }, /hidden_dim is "64"; expected a whole number >= 1/],
  ["a size that is missing", "sedd", { tokens: 1.5 }, /tokens is 1\.5; expected a whole number >= 1/],
  [
    "heads that do not divide the width",
    "mdlm",
    { n_heads: 5 },
    /12\.8 channels a head; expected an even number/,
  ],
  ["heads of an odd size", "esm2", { num_attention_heads: 64 }, /1 channels a head; expected an even/],
  ["key heads that do not divide", "dream", { num_key_value_heads: 3 }, /4 heads and 3 heads of keys/],
  ["another activation", "bert", { hidden_act: "relu" }, /hidden_act is "relu"; expected "gelu"/],
  ["a causal DUO", "duo", { causal: true }, /causal is true; expected false/],
  ["a UDLM with classes", "udlm", { cfg: true }, /cfg is true; expected false/],
  ["LLaDA with tied weights", "llada", { weight_tying: true }, /weight_tying is true; expected false/],
  ["LLaDA with another norm", "llada", { layer_norm_type: "low_precision" }, /expected "rms"/],
  ["LLaDA with spare rows", "llada", { vocab_size: 100 }, /vocab_size is 100 and embedding_size 104/],
  [
    "Dream with scaled positions",
    "dream",
    { rope_scaling: { factor: 2 } },
    /rope_scaling is .*expected null/,
  ],
  ["ESM without rotary positions", "esm2", { position_embedding_type: "absolute" }, /expected "rotary"/],
  ["ModernBERT without bases", "modernbert", { local_rope_theta: undefined }, /bases of the rotary/],
  ["ModernBERT with too few layer types", "modernbert", { layer_types: ["full_attention"] }, /has 1 entries/],
  [
    "RoBERTa whose padding leaves no place",
    "roberta",
    { pad_token_id: 49 },
    /expected more than pad_token_id/,
  ],
  ["an epsilon of 0", "dream", { rms_norm_eps: 0 }, /rms_norm_eps is 0; expected a number > 0/],
];

describe("a config that does not fit", () => {
  for (const [title, name, changes, sentence] of configs) {
    it(title, async () => {
      const message = await problem(changedCopy(place, name, changes), {
        ...(/bert/.test(name) && { mask: 1 }),
      });
      assert.match(message, sentence);
    });
  }

  const uniform = JSON.parse(
    readFileSync(new URL("fixtures/ckpt/sedd-uniform/config.json", import.meta.url), "utf8"),
  );

  it("SEDD's scale for a process without a mask", async () => {
    const model = { ...uniform.model, scale_by_sigma: true };
    const message = await problem(changedCopy(place, "sedd-uniform", { model }));
    assert.match(message, /scale_by_sigma is true; expected false/);
  });

  it("SEDD's noise from much to little", async () => {
    const noise = { ...uniform.noise, sigma_max: 1e-5 };
    const message = await problem(changedCopy(place, "sedd-uniform", { noise }));
    assert.match(message, /config\.json: geometric: sigmaMin = 0\.0001, sigmaMax = 0\.00001; expected 0 </);
  });

  it("no config, or none that is JSON, or a list", async () => {
    const folder = changedCopy(place, "duo");
    writeFileSync(join(folder, "config.json"), "[1, 2]");
    assert.match(await problem(folder), /names no model_type/);
    writeFileSync(join(folder, "config.json"), "{");
    assert.match(await problem(folder), /is not JSON/);
    rmSync(join(folder, "config.json"));
    assert.match(await problem(folder), /config\.json: there is no such file/);
    assert.match(await problem(join(place, "nowhere")), /there is no such file or folder/);
  });
});

describe("weights that do not fit", () => {
  /** A copy whose weights file is changed. */
  function damaged(name: string, change: (bytes: Buffer) => Uint8Array): string {
    const folder = changedCopy(place, name);
    const path = join(folder, "model.safetensors");
    writeFileSync(path, change(readFileSync(path)));
    return folder;
  }
  const renamed = (from: string, to: string) => (bytes: Buffer) =>
    Buffer.from(bytes.toString("latin1").replace(from, to), "latin1");

  it("a file cut short", async () => {
    const folder = damaged("duo", (bytes) => bytes.subarray(0, bytes.length - 1));
    assert.match(await problem(folder), /cut short, so fetch it again/);
  });

  it("a tensor of whole numbers", async () => {
    const folder = damaged("duo", renamed('"dtype":"F32"', '"dtype":"I32"'));
    assert.match(await problem(folder), /has the type I32; expected a weight of type F32, F16, BF16 or F64/);
  });

  it("a tensor that the architecture does not have", async () => {
    const folder = damaged("duo", renamed("backbone.rotary_emb.inv_freq", "backbone.rotary_emb.inv_fraq"));
    assert.match(
      await problem(folder),
      /"backbone\.rotary_emb\.inv_fraq", which a network of .* duo does not/,
    );
  });

  it("a checkpoint of another architecture", async () => {
    const folder = changedCopy(place, "bert", { model_type: "roberta" });
    assert.match(await problem(folder, { mask: 1 }), /no tensor "roberta\.embeddings/);
  });

  it("no weights, or pickled ones only", async () => {
    const folder = changedCopy(place, "duo");
    rmSync(join(folder, "model.safetensors"));
    assert.match(await problem(folder), /has no model\.safetensors/);
    writeFileSync(join(folder, "pytorch_model.bin"), "");
    assert.match(await problem(folder), /pytorch_model\.bin is a program/);
  });

  it("a file that becomes shorter after it was checked leaves nothing behind", async () => {
    const folder = changedCopy(place, "duo");
    const parent = mkdtempSync(join(place, "out-"));
    const path = join(folder, "model.safetensors");
    let cut = false;
    const onProgress = (): void => {
      if (!cut) writeFileSync(path, readFileSync(path).subarray(0, 10_000));
      cut = true;
    };
    await assert.rejects(
      importFolder(folder, { out: join(parent, "model"), onProgress }),
      /became shorter while it was read/,
    );
    assert.ok(cut);
    assert.deepEqual(readdirSync(parent), []);
  });
});

describe("options that do not fit", () => {
  it("a mask that is not known, not there, or not wanted", async () => {
    const bert = changedCopy(place, "bert");
    assert.match(await problem(bert), /does not say which token is the mask.*name the token with --mask/);
    assert.match(await problem(bert, { mask: 102 }), /the mask is token 102; expected one of the 102 tokens/);
    assert.match(await problem(changedCopy(place, "duo"), { mask: 1 }), /has no mask; leave it out/);
  });

  it("a length that the network does not take", async () => {
    const folder = changedCopy(place, "roberta");
    assert.match(await problem(folder, { mask: 101, length: 49 }), /length = 49; expected 1 to 48/);
    assert.match(await problem(folder, { mask: 101, length: 0 }), /length = 0; expected 1 to 48/);
  });

  it("a place that is taken, or not there", async () => {
    const folder = changedCopy(place, "duo");
    const out = join(place, "taken");
    mkdirSync(out);
    writeFileSync(join(out, "notes.txt"), "mine");
    await assert.rejects(importFolder(folder, { out }), /the folder is not empty; name a new one/);
    assert.deepEqual(readdirSync(out), ["notes.txt"]);
    await assert.rejects(
      importFolder(folder, { out: join(out, "notes.txt") }),
      /it is a file; name a folder/,
    );
    await assert.rejects(
      importFolder(folder, { out: join(place, "no", "model") }),
      /no does not exist; make it first/,
    );
  });
});

describe("on the command line", together, () => {
  it("damage ends in one sentence, and wrong usage in one of its own", async () => {
    const folder = mkdtempSync(join(place, "cli-"));
    const checkpoint = changedCopy(place, "duo", { n_heads: 7 });
    await refused(["import", checkpoint, "--out", "model"], { folder, sentence: /9\.14 channels a head/ });
    await refused(["import", checkpoint], { folder, code: 2, sentence: /required option '--out <folder>'/ });
    await refused(["import", checkpoint, "--out", "m", "--mask", "x"], {
      folder,
      code: 2,
      sentence: /"x" is not a whole number >= 0/,
    });
  });

  it("help shows how", async () => {
    const help = await succeed(["import", "--help"], place);
    assert.match(help, /^Usage: fewstep import \[options\] <folder>/);
    assert.match(help, /Examples:\n {2}fewstep import /);
  });
});
