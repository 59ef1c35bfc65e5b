/** The command line as a newcomer meets it: help, the list of models, wrong usage. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { json, refused, run, succeed, together, workFolder } from "./run-cli.ts";

const folder = workFolder();
const commands = ["models", "import", "curve", "optimize", "sample", "compare", "demo"] as const;

describe("help", together, () => {
  it("lists the commands, examples and exit codes", async () => {
    const help = await succeed(["--help"], folder);
    for (const command of commands) assert.match(help, new RegExp(`^  ${command} `, "m"));
    assert.match(help, /Examples:\n {2}fewstep /);
    assert.match(help, /Exit codes: 0 done, 1 .*, 2 wrong usage, 130 interrupted/);
  });

  for (const command of commands) {
    it(`of ${command} shows what it does, --json and examples that are its own`, async () => {
      const help = await succeed([command, "--help"], folder);
      assert.match(help, new RegExp(`^Usage: fewstep ${command} \\[options\\]`));
      assert.match(help, / --json /);
      const examples = help.slice(help.indexOf("\nExamples:\n") + 11).trimEnd();
      assert.ok(help.includes("\nExamples:\n") && examples.length > 0);
      for (const line of examples.split("\n")) assert.match(line, new RegExp(`^  fewstep ${command}( |$)`));
    });
  }

  it("prints the version of the package", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    assert.equal(await succeed(["--version"], folder), `${version}\n`);
  });

  it("without a command prints help on stderr and exits with 2", async () => {
    const { code, stdout, stderr } = await run([], { folder });
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^Usage: fewstep .*\nExamples:/s);
  });
});

describe("models", together, () => {
  it("lists what ships, and says how to bring one's own and how to go on", async () => {
    const text = await succeed(["models"], folder);
    for (const name of ["bach", "countdown", "countdown-net", "digits", "letters", "text"]) {
      assert.match(text, new RegExp(`^${name} +(chain|onnx) +\\d+ +\\d+$`, "m"));
    }
    assert.match(text, /^continuous +kind +shape +noise$/m);
    assert.match(text, /^mixture +gaussian-mixture +2 +vp-linear$/m);
    assert.match(text, /chain:FILE\.json/);
    assert.match(text, /fewstep curve letters/);
  });

  it("prints the manifests as JSON", async () => {
    const manifests = await json<{ name: string; length: number; space?: string }[]>(["models"], folder);
    const named = (space: string | undefined) =>
      manifests.filter((manifest) => manifest.space === space).map(({ name }) => name);
    assert.deepEqual(named(undefined), ["bach", "countdown", "countdown-net", "digits", "letters", "text"]);
    assert.ok(named("continuous").includes("mixture"));
    assert.equal(manifests.find(({ name }) => name === "letters")?.length, 128);
  });
});

/** Arguments, and what the sentence must say. */
const wrong: readonly (readonly [string, RegExp])[] = [
  ["bogus", /unknown command 'bogus'; see fewstep --help$/],
  ["sample", /missing required argument 'model'; see fewstep sample --help$/],
  ["sample letters extra", /too many arguments for 'sample': expected 1 argument but got 2; see/],
  ["sample letters --bogus", /unknown option '--bogus'; see fewstep sample --help$/],
  ["sample letters --selct random", /unknown option '--selct' \(did you mean --select\?\); see/],
  ["sample letters --schedule warp", /'warp' is invalid: allowed choices are uniform, cosine, optimal, jys/],
  ["sample letters --select best", /"best" is no selector, expected one of random, stratified/],
  ["sample letters --steps 0", /--steps <n>' argument '0' is invalid: "0" is not a whole number >= 1; see/],
  ["sample letters --steps 4,8", /"4,8" is not a whole number >= 1; see fewstep sample --help$/],
  [
    "sample letters --steps 129",
    /129 steps were asked for .* 128 tokens; use at most 128, one token a call$/,
  ],
  [
    "sample letters --schedule jys --steps 6",
    /6 steps were asked for and jys makes powers of 2 only; use 1, 2/,
  ],
  ["sample letters --count 1.5", /"1\.5" is not a whole number >= 1/],
  ["sample letters --seed -1", /"-1" is not a whole number >= 0/],
  ["sample letters --seed 99999999999999999999", /is not a whole number >= 0/],
  ["sample letters --temperature hot", /"hot" is not a number; see/],
  ["sample letters --plan p.json --steps 4", /'--steps <n>' cannot be used with option '--plan <file>'; see/],
  ["sample letters --given a --given-file b", /--given and --given-file were both set; use one of them$/],
  ["optimize letters --steps 4,x", /"x" is not a whole number >= 1; see fewstep optimize --help$/],
  ["optimize letters --steps 4,200", /200 steps were asked for .* 128 tokens; use at most 128/],
  [
    "optimize letters --method bisect --steps 4,6",
    /6 steps were asked for and bisect makes powers of 2 only/,
  ],
  ["optimize letters --check 1", /"1" is not a whole number >= 2; see/],
  ["curve letters --tolerance -1", /"-1" is not a number >= 0; see fewstep curve --help$/],
  ["curve letters --select stratified --tolerance 1", /depends on the steps; use --select random$/],
  ["compare letters --count 1", /"1" is not a whole number >= 2; see fewstep compare --help$/],
  ["compare letters --methods warp/random", /"warp\/random" is no method, expected .* uniform, cosine/],
  ["compare letters --methods uniform/best", /"uniform\/best" is no method, expected .* random, stratified/],
  ["compare letters --methods jys --steps 6", /jys can make powers of 2 only, and --steps is 6; add 4/],
  ["demo --count 1", /"1" is not a whole number >= 2; see fewstep demo --help$/],
];

describe("wrong usage exits with 2 and one sentence", together, () => {
  for (const [command, sentence] of wrong) {
    it(`fewstep ${command}`, () => refused(command.split(" "), { folder, code: 2, sentence }));
  }
});
