import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse } from "npyjs";
import {
  checkPlace,
  decode,
  encode,
  parseTemplate,
  removeUnfinished,
  samplesFormat,
  writeFinished,
  writeSamples,
} from "../src/node/index.ts";

const place = mkdtempSync(join(tmpdir(), "fewstep-files-"));
after(() => rmSync(place, { recursive: true, force: true }));

/** A new empty folder. */
function folder(): string {
  return mkdtempSync(join(place, "case-"));
}

test("encode and decode are inverse", () => {
  const alphabet = "ab é😀";
  const text = "b😀 éa";
  assert.deepEqual(Array.from(encode(text, alphabet)), [1, 4, 2, 3, 0]);
  assert.equal(decode(encode(text, alphabet), alphabet), text);
});

test("decode shows the mask and free positions as blanks and refuses other tokens", () => {
  assert.equal(decode([0, 2, -1, 1], "ab"), "a__b");
  assert.equal(decode([2], "ab", { blank: "." }), ".");
  assert.throws(() => decode([0, 3], "ab"), /token 3 at position 1; expected 0 to 1/);
});

test("encode names the character, its position and the alphabet", () => {
  assert.throws(
    () => encode("abX", "abc "),
    /the character "X" at position 2 is not in the alphabet.*"abc "/,
  );
});

test("templates: characters stay, blanks are free", () => {
  assert.deepEqual(Array.from(parseTemplate("a__b", { alphabet: "ab", length: 4 })), [0, -1, -1, 1]);
  assert.deepEqual(
    Array.from(parseTemplate("a?_b", { alphabet: "ab_", length: 4, blank: "?" })),
    [0, -1, 2, 1],
  );
  assert.deepEqual(Array.from(parseTemplate(" 31 _  0\n", { vocabulary: 32, length: 3 })), [31, -1, 0]);
});

const badTemplates: [string, Parameters<typeof parseTemplate>[1], RegExp][] = [
  ["ab", { alphabet: "ab", length: 4 }, /has 2 characters; expected 4, so add 2/],
  ["ababab", { alphabet: "ab", length: 4 }, /has 6 characters; expected 4, so remove 2/],
  ["aXb_", { alphabet: "ab", length: 4 }, /character "X" at position 1 is not in the alphabet.*"ab", or _/],
  ["a_", { alphabet: "a_", length: 2 }, /blank = "_"; expected one character that is not in the alphabet/],
  ["1 2", { vocabulary: 32, length: 3 }, /has 2 tokens; expected 3/],
  ["1 32 _", { vocabulary: 32, length: 3 }, /"32" at position 1 is no token; expected .* from 0 to 31/],
  ["1 -2 _", { vocabulary: 32, length: 3 }, /"-2" at position 1 is no token/],
];
for (const [template, options, sentence] of badTemplates) {
  test(`the template ${JSON.stringify(template)} is refused`, () => {
    assert.throws(() => parseTemplate(template, options), sentence);
  });
}

test("a finished file has its data and leaves nothing beside it", async () => {
  const at = folder();
  await writeFinished(join(at, "plan.json"), "{}");
  await writeFinished(join(at, "plan.json"), Uint8Array.of(1, 2, 3));
  assert.deepEqual(readdirSync(at), ["plan.json"]);
  assert.deepEqual(Array.from(readFileSync(join(at, "plan.json"))), [1, 2, 3]);
});

test("a symbolic link stays and its target is replaced", async () => {
  const at = folder();
  writeFileSync(join(at, "real.txt"), "old");
  symlinkSync("real.txt", join(at, "link.txt"));
  await writeFinished(join(at, "link.txt"), "new");
  assert.ok(lstatSync(join(at, "link.txt")).isSymbolicLink());
  assert.equal(readFileSync(join(at, "real.txt"), "utf8"), "new");
});

test("a missing folder, a folder as file, a file as folder", async () => {
  const at = folder();
  mkdirSync(join(at, "inner"));
  writeFileSync(join(at, "file"), "");
  await assert.rejects(
    writeFinished(join(at, "no", "x.txt"), ""),
    /cannot write .*the folder .*no does not exist; make it/,
  );
  await assert.rejects(
    writeFinished(join(at, "inner"), ""),
    /cannot write .*inner: it is a folder; name a file/,
  );
  await assert.rejects(
    writeFinished(join(at, "file", "x"), ""),
    /cannot write .*not a folder; check the path \(ENOTDIR\)/,
  );
  await assert.rejects(
    writeFinished(join(at, "n".repeat(300)), ""),
    /the name is too long.*\(ENAMETOOLONG\)/,
  );
  assert.deepEqual(readdirSync(at).sort(), ["file", "inner"]);
  assert.throws(() => checkPlace(join(at, "no", "x.txt")), /does not exist/);
  assert.equal(checkPlace(join(at, "x.txt")), undefined);
});

test("a folder that may not be written", { skip: process.getuid?.() === 0 }, async () => {
  const at = folder();
  mkdirSync(join(at, "locked"), { mode: 0o500 });
  await assert.rejects(writeFinished(join(at, "locked", "x.txt"), ""), /permission is denied.*\(EACCES\)/);
});

test("a full disk is one sentence", { skip: !existsSync("/dev/full") }, async () => {
  const error = (await writeFinished("/dev/full", "data").catch((thrown: Error) => thrown)) as Error;
  assert.match(
    error.message,
    /^writeFinished: cannot write \/dev\/full: the disk is full; free some space.*\(ENOSPC\)$/,
  );
  assert.ok(lstatSync("/dev/full").isCharacterDevice());
});

test("a write that fails half way leaves the old file and nothing that looks finished", {
  skip: process.platform === "win32",
}, async () => {
  const at = folder();
  writeFileSync(join(at, "old.npy"), "old");
  // A limit on file size stops the write in the middle, as a disk that fills up does.
  const script = `
    import { writeFinished } from "./src/node/write-file.ts";
    for (const name of ["old.npy", "new.npy"]) {
      const error = await writeFinished(${JSON.stringify(at)} + "/" + name, new Uint8Array(1 << 20)).catch((thrown) => thrown);
      console.log(error instanceof Error ? error.message : "written");
    }`;
  const { stdout } = await promisify(execFile)(
    "sh",
    [
      "-c",
      'ulimit -f 64; exec "$0" "$@"',
      process.execPath,
      "--import",
      "tsx",
      "--input-type=module",
      "-e",
      script,
    ],
    {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      env: { ...process.env, TSX_DISABLE_CACHE: "1" },
    },
  );
  const [first, second] = stdout.trim().split("\n");
  assert.match(first!, /cannot write .*old\.npy: the file would be larger than is allowed.*\(EFBIG\)/);
  assert.match(second!, /cannot write .*new\.npy: the file would be larger than is allowed.*\(EFBIG\)/);
  assert.deepEqual(readdirSync(at), ["old.npy"]);
  assert.equal(readFileSync(join(at, "old.npy"), "utf8"), "old");
});

test("removeUnfinished clears what is being written", async () => {
  const at = folder();
  const writing = writeFinished(join(at, "large.npy"), new Uint8Array(1 << 24));
  const [temporary, ...others] = readdirSync(at);
  assert.match(temporary!, /^\.fewstep-[0-9a-f]+\.tmp$/);
  assert.deepEqual(others, []);
  removeUnfinished();
  assert.deepEqual(readdirSync(at), []);
  await assert.rejects(writing, /cannot write .*large\.npy/);
  assert.deepEqual(readdirSync(at), []);
});

const samples = { tokens: Int32Array.of(0, 1, 2, 2, 1, 0), count: 2, length: 3 };

test(".npy samples are int32 [count, length]", async () => {
  const path = join(folder(), "x.npy");
  await writeSamples(path, samples);
  const bytes = readFileSync(path);
  assert.equal(bytes.toString("latin1", 0, 6), "\x93NUMPY");
  assert.match(
    bytes.toString("latin1", 10, 80),
    /'descr': ?'<i4', ?'fortran_order': ?False, ?'shape': ?\(2, ?3,?\)/,
  );
  const { data, shape, dtype } = parse(new Uint8Array(bytes).buffer);
  assert.deepEqual([dtype, shape, data], ["i4", [2, 3], samples.tokens]);
});

test(".txt samples are one a line, as text or as numbers", async () => {
  const path = join(folder(), "x.txt");
  await writeSamples(path, samples, { alphabet: "ab\n" });
  assert.equal(readFileSync(path, "utf8"), "ab\\n\n\\nba\n");
  await writeSamples(path, samples);
  assert.equal(readFileSync(path, "utf8"), "0 1 2\n2 1 0\n");
});

test(".json samples hold tokens, text and what is added", async () => {
  const path = join(folder(), "x.JSON");
  await writeSamples(path, samples, { alphabet: "abc", extra: { seed: 7 } });
  const tokens = [
    [0, 1, 2],
    [2, 1, 0],
  ];
  const expected = { length: 3, count: 2, tokens, text: ["abc", "cba"], seed: 7 };
  assert.deepEqual(JSON.parse(readFileSync(path, "utf8")), expected);
  await writeSamples(path, samples);
  assert.deepEqual(JSON.parse(readFileSync(path, "utf8")), { length: 3, count: 2, tokens });
});

test("an unknown ending and tokens that do not fit are refused before anything is written", async () => {
  const at = folder();
  assert.throws(() => samplesFormat("out"), /out ends in nothing; expected \.npy, \.txt, \.json or \.jsonl/);
  await assert.rejects(writeSamples(join(at, "x.csv"), samples), /x\.csv ends in \.csv; expected \.npy/);
  await assert.rejects(
    writeSamples(join(at, "x.npy"), { ...samples, count: 3 }),
    /6 tokens for 3 samples of length 3/,
  );
  await assert.rejects(writeSamples(join(at, "x.txt"), samples, { alphabet: "a" }), /token 2 at position 2/);
  assert.deepEqual(readdirSync(at), []);
});
