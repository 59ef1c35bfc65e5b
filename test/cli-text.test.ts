/** `fewstep import --tokenizer` and `fewstep sample` with text: infilling, prompts, files. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { fixtures } from "./checkpoints.ts";
import { bytes, json, jsonFile, refused, run, sticky, succeed, together, workFolder } from "./run-cli.ts";

const folder = workFolder();
const tokenizers = fileURLToPath(new URL("fixtures/tokenizers/", import.meta.url));

interface Printed {
  readonly text: readonly string[];
  readonly calls: number;
}

before(async () => {
  for (const [name, checkpoint] of [
    ["bert", "bert"],
    ["llada", "llada"],
  ] as const) {
    await succeed(
      ["import", join(fixtures, checkpoint), "--out", name, "--tokenizer", join(tokenizers, name)],
      folder,
    );
  }
  jsonFile(folder, "sticky.json", sticky);
});

describe("text on the command line", together, () => {
  it("is infilled: what is given stays, in text and tokens", async () => {
    const given = "The [MASK][MASK] sat on the mat.";
    const args = ["sample", "bert", "--given", given, "--steps", "2", "--count", "3"];
    const { text, calls } = await json<Printed>(args, folder);
    assert.equal(calls, 2);
    await succeed([...args, "--out", "bert.json"], folder);
    const file = JSON.parse(bytes(folder, "bert.json").toString("utf8"));
    assert.deepEqual(file.text, text);
    assert.equal(file.length, 10);
    for (const row of file.tokens as number[][]) {
      assert.deepEqual([...row.slice(0, 2), ...row.slice(4)], [2, 74, 76, 77, 74, 78, 44, 3]);
    }
  });

  it("is infilled from a file, longer than the text, and with more steps than it has blanks", async () => {
    jsonFile(folder, "template.txt", "the [MASK:3].\n");
    const args = ["sample", "bert", "--given-file", "template.txt", "--steps", "4"];
    await succeed([...args, "--out", "short.json"], folder);
    assert.equal(JSON.parse(bytes(folder, "short.json").toString("utf8")).length, 7);
    await succeed([...args, "--length", "12", "--out", "long.json"], folder);
    const { tokens } = JSON.parse(bytes(folder, "long.json").toString("utf8"));
    assert.deepEqual(tokens[0].slice(7), [0, 0, 0, 0, 0]);
    const { calls } = await json<Printed>(["sample", "bert", "--given", "the [MASK]"], folder);
    assert.equal(calls, 1);
  });

  it("is infilled from a pipe, which can be read once", async () => {
    const wanted = ["sample", "bert", "--steps", "2", "--count", "3"];
    const text = await succeed([...wanted, "--given", "the [MASK:3]."], folder);
    const args = [...wanted, "--given-file", "/dev/stdin"];
    const piped = await run(args, { folder, shell: 'echo "the [MASK:3]." | "$@"' });
    assert.deepEqual([piped.code, piped.stdout], [0, text], piped.stderr);
  });

  it("answers a prompt, block by block", async () => {
    const prompt = ["sample", "llada", "--prompt", "why is the sea", "--answer", "16"];
    const how = ["--select", "blockwise:size=8", "--steps", "8", "--temperature", "0", "--count", "2"];
    const { text, calls, selector } = await json<Printed & { selector: string }>([...prompt, ...how], folder);
    assert.deepEqual([calls, selector], [8, "blockwise-confidence"]);
    assert.equal(text[0], text[1], "temperature 0 has one answer");
    for (const answer of text) assert.doesNotMatch(answer, /why is the sea|MASK/);
    const names = ["prompt.jsonl", "prompt.txt"];
    for (const name of names) await succeed([...prompt, ...how, "--out", name], folder);
    const lines = bytes(folder, "prompt.jsonl").toString("utf8").trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).text),
      text,
    );
  });

  it("goes on with characters where a model has an alphabet", async () => {
    const { text } = await json<Printed>(["sample", "chain:sticky.json", "--prompt", "abca"], folder);
    for (const answer of text) assert.match(answer, /^[abc]{12}$/);
  });
});

describe("text that cannot be", together, () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [["sample", "bert", "--given", "the [MASK:0]"], /\[MASK:0\] has no number of blanks from 1 to/],
    [["sample", "bert", "--given", "the cat", "--length", "3"], /the text has 4 tokens; expected at most 3/],
    [["sample", "bert", "--length", "99"], /"bert" takes 1 to 48 tokens$/],
    [["sample", "letters", "--length", "99"], /takes sequences of 128 tokens only; leave the length out$/],
    [["sample", "nothing", "--given", "the [MASK]"], /there is no model "nothing"/],
    [["import", join(fixtures, "sedd"), "--out", "sedd", "--tokenizer", "."], /has no tokenizer: expected/],
  ];
  for (const [args, sentence] of wrong) {
    it(`refuses ${args.slice(0, 1)} ${args.slice(2).join(" ")}`, () => refused(args, { folder, sentence }));
  }
});
