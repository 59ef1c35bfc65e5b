/** `fewstep sample` with continuous models, as a user runs it. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "npyjs";
import { deisTab, sample, timePower } from "../../src/continuous/index.ts";
import { bytes, json, jsonFile, refused, run, succeed, together, workFolder } from "../run-cli.ts";
import { noise, target } from "./bench.ts";

const folder = workFolder();

/** What `fewstep sample --json` says of a continuous run. */
interface Sampled {
  readonly solver: object;
  readonly schedule: object;
  readonly calls: number;
  readonly evaluations: number;
  readonly count: number;
  readonly measured: Readonly<Record<string, { readonly value: number; readonly standardError: number }>>;
  readonly samples?: readonly (readonly number[])[];
}

describe("fewstep sample of a mixture", together, () => {
  it("prints the library's samples as JSON, with their error", async () => {
    const told = await json<Sampled>(
      "sample mixture --solver deis:order=3 --schedule time-quadratic --steps 6 --count 12 --seed 5".split(
        " ",
      ),
      folder,
    );
    const sampler = deisTab({ order: 3 });
    const made = await sample(target, {
      ...{ noise, sampler, schedule: timePower({ steps: 6 }), count: 12, seed: 5 },
    });
    assert.deepEqual(told.samples?.flat(), Array.from(made.x));
    assert.deepEqual([told.solver, told.calls, told.evaluations], [{ name: "deis", order: 3 }, 6, 72]);
    const { value, standardError } = told.measured["error"]!;
    assert.ok(value > 0.01 && value < 0.3 && standardError < value, `${value} +- ${standardError}`);
  });

  it("prints a summary that says what was run and how good it is", async () => {
    const text = await succeed("sample mixture --sampler ddim:eta=1 --steps 4 --count 50".split(" "), folder);
    assert.match(text, /^50 samples of mixture by ddim:eta=1, time-quadratic\n4 steps, 4 calls a sample, /);
    assert.match(text, /^ +samples +exact draws$/m);
    assert.match(text, /^energy distance to the data +-?\d.* ± \d\S* +-?\d.* ± /m);
    assert.doesNotMatch(text, /root-mean-square/);
  });

  it("keeps a plan that makes the same samples again", async () => {
    const own = "sample mixture --solver unipc:order=3 --schedule log-snr --steps 4 --denoise --count 9";
    await succeed([...own.split(" "), "--out", "a.npy", "--save-plan", "plan.json"], folder);
    await succeed("sample mixture --plan plan.json --count 9 --batch 2 --out b.npy".split(" "), folder);
    assert.deepEqual(bytes(folder, "b.npy"), bytes(folder, "a.npy"));
    assert.deepEqual(parse(new Uint8Array(bytes(folder, "a.npy")).buffer).shape, [9, 2]);
    const { continuous } = JSON.parse(bytes(folder, "plan.json").toString());
    assert.deepEqual([continuous.calls, continuous.denoise], [5, true]);
    assert.equal(continuous.evidence.rows, 9);
    await refused("sample letters --plan plan.json".split(" "), {
      folder,
      sentence: /plan\.json: this plan is for a continuous model, .* run it on the model it was made for$/,
    });
  });
});

/** Arguments, the exit code, and what the sentence must say. */
const wrong: readonly (readonly [string, number, RegExp])[] = [
  [
    "mixture --select random",
    2,
    /--select is for a model of tokens and "mixture" is a continuous model; leave/,
  ],
  ["mixture --prompt hello", 2, /--prompt is for a model of tokens and "mixture"/],
  ["mixture --schedule uniform", 2, /schedule uniform is for models of tokens; use one of time-uniform/],
  ["mixture --solver ddim --sampler ddim", 2, /--solver and --sampler were both set and mean the same; use/],
  ["mixture --guidance 3", 2, /guidance 3 was asked for, and no class .* name one with --label$/],
  ["mixture --plan discrete.json --noise ve", 2, /--plan and --noise were both set; .* use one of them$/],
  ["mixture --solver warp", 1, /"warp" is not known; expected one of ddim/],
  ["mixture --out x.png", 1, /whose samples are no images, expected \.npy, \.csv or \.json$/],
  ["mixture --plan discrete.json", 1, /discrete\.json: this plan is for a model of tokens, .* run it on the/],
  [
    "letters --solver ddim",
    2,
    /--solver is for a continuous model and "letters" is a model of tokens; .*--sampler/,
  ],
  ["letters --schedule log-snr", 2, /schedule log-snr is for continuous models; use one of uniform/],
];

describe("a wrong command exits with one sentence", together, () => {
  jsonFile(folder, "discrete.json", { format: "fewstep/plan", version: 1, calls: 4 });
  for (const [command, code, sentence] of wrong) {
    it(`fewstep sample ${command}`, async () => {
      // A folder of its own: others write files meanwhile.
      const own = join(folder, command.replaceAll(/\W+/g, "-"));
      mkdirSync(own);
      copyFileSync(join(folder, "discrete.json"), join(own, "discrete.json"));
      await refused(["sample", ...command.split(" ")], { folder: own, code, sentence });
    });
  }
});

describe("fewstep sample of a network of images", () => {
  it("shows them as lines, and writes a sheet and the numbers", async () => {
    const network = fileURLToPath(new URL("../fixtures/onnx-continuous/linear.onnx", import.meta.url));
    mkdirSync(join(folder, "images"));
    copyFileSync(network, join(folder, "images", "model.onnx"));
    writeFileSync(
      join(folder, "images", "manifest.json"),
      JSON.stringify({
        ...{ format: "fewstep/model", version: 1, space: "continuous", kind: "onnx", file: "model.onnx" },
        ...{ name: "images", description: "d", license: "l", shape: [2, 3], prediction: "eps", output: "y" },
        ...{ noise: { name: "vp-linear" }, inputs: { x: "x", time: "t" } },
        pixels: { rows: 2, columns: 3, low: -1, high: 1 },
      }),
    );
    const own = ["sample", "./images", "--steps", "3", "--count", "2", "--threads", "1"];
    const text = await succeed(own, folder);
    assert.match(
      text,
      /^2 samples of images by unipc, time-quadratic\n3 steps, 3 calls a sample, .*\n\n[ ░▒▓█\n]+$/,
    );
    await succeed([...own, "--out", "sheet.png"], folder);
    assert.equal(bytes(folder, "sheet.png").subarray(1, 4).toString(), "PNG");
    const { code, stderr } = await run([...own, "--noise", "ve"], { folder });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /"images" is a network trained on vp-linear.* noise; only mixtures run under another/,
    );
  });
});
