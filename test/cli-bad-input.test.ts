/** Files, models and values that are wrong: exit code 1, one sentence, and no file that looks finished. */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { jsonFile, refused, sticky, succeed, together, workFolder } from "./run-cli.ts";

const fixtures = fileURLToPath(new URL("fixtures/onnx/", import.meta.url));
const folder = workFolder();

/** The path of a copy of a fixture with another manifest. */
function withManifest(name: string, changes: Record<string, unknown>): string {
  const copy = `${name}-${Object.keys(changes).join("-")}`;
  cpSync(join(fixtures, name), join(folder, copy), { recursive: true });
  const path = join(folder, copy, "manifest.json");
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...changes }));
  return join(folder, copy);
}

describe("models that are wrong", together, () => {
  const nan = join(fixtures, "nan");
  const notANumber =
    /sample: the model's logits at row 0, position \d contain NaN; expected finite numbers .* check the model/;
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["logits of NaN, sample", `sample ${nan} --steps 2 --out x.npy`, notANumber],
    ["logits of NaN, optimize", `optimize ${nan} --steps 2 --out x.json`, notANumber],
    ["logits of NaN, compare", `compare ${nan} --steps 2 --out x.html`, notANumber],
    ["logits of NaN, curve", `curve ${nan} --out x.json`, notANumber],
    [
      "the wrong shape",
      `sample ${join(fixtures, "wrong-shape")} --out x.npy`,
      /returns logits of shape \[batch, 5, 8\]; expected \[batch, 8, 5\] .*: correct the vocabulary/,
    ],
    [
      "a broken .onnx",
      `sample ${join(fixtures, "broken")} --out x.npy`,
      /broken\/model\.onnx cannot be opened as an ONNX model: .*; the file is damaged or of another kind$/,
    ],
    [
      "no row for the mask",
      `sample ${join(fixtures, "no-mask")} --steps 2 --out x.npy`,
      /no-mask failed on 1 x 8 tokens: .*; check that the model takes tokens from 0 to 5 \(the mask\)/,
    ],
    [
      "a manifest that lies about the vocabulary",
      `sample ${withManifest("float16", { vocabulary: 4 })} --out x.npy`,
      /returns logits of shape \[batch, 8, 5\]; expected \[batch, 8, 4\] for length 8 and vocabulary 4: correct/,
    ],
    [
      "a manifest that lies about the length",
      `sample ${withManifest("float16", { length: 9 })} --steps 2 --out x.npy`,
      /takes "x" as int64 \[batch, 8\]; expected int64 \[batch, 9\]/,
    ],
    [
      "a manifest with an unknown field",
      `sample ${withManifest("float16", { vocab: 5 })} --out x.npy`,
      /manifest\.json: the field "vocab" is not known; remove it or correct its name$/,
    ],
    [
      "a manifest without a vocabulary",
      `sample ${withManifest("integers", { vocabulary: undefined })} --out x.npy`,
      /manifest\.json: vocabulary is missing; expected a whole number >= 1$/,
    ],
    [
      "another file than the manifest's",
      `sample ${withManifest("float16", { sha256: "0".repeat(64) })} --out x.npy`,
      /model\.onnx has the SHA-256 .*; the manifest says 0{64}: the file is damaged or another one/,
    ],
    ["no model of that name", "sample nosuch", /no model "nosuch"; expected one of bach, .*, text, the path/],
    ["a folder without a manifest", "sample .", /cannot read manifest\.json: there is no such file .*ENOENT/],
    [
      "a chain file without chain:",
      "curve ./sticky.json",
      /is a file; expected .* or chain:\.\/sticky\.json for/,
    ],
  ];
  for (const [name, command, sentence] of cases) {
    it(name, () => {
      // A folder each: while a sample is made, its journal is there for others to see.
      const folder = workFolder();
      jsonFile(folder, "sticky.json", sticky);
      return refused(command.split(" "), { folder, sentence });
    });
  }
});

describe("chain files that are wrong", together, () => {
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ["no JSON", "{", /0\.json is not JSON: .*; correct the file$/],
    ["a list", [], /1\.json: expected an object with "initial", "transition" and "length"$/],
    [
      "a row that does not sum to 1",
      { ...sticky, transition: [[0.5, 0.5, 0.1], ...sticky.transition.slice(1)] },
      /2\.json: transition\[0\] sums to 1\.1; expected probabilities that sum to 1$/,
    ],
    [
      "a negative probability",
      { ...sticky, transition: [...sticky.transition.slice(0, 2), [1.2, -0.2, 0]] },
      /3\.json: transition\[2\]\[1\] is -0\.2; expected a number >= 0$/,
    ],
    [
      "a short row",
      { ...sticky, transition: [...sticky.transition.slice(0, 2), [0.5, 0.5]] },
      /4\.json: transition\[2\] is a list of 2; expected a list of 3 probabilities$/,
    ],
    ["a length of 0", { ...sticky, length: 0 }, /5\.json: length is 0; expected a whole number from 1/],
    [
      "an alphabet of another size",
      { ...sticky, alphabet: "ab" },
      /alphabet has 2 characters, the vocabulary 3/,
    ],
  ];
  before(() => {
    cases.forEach(([, content], i) => {
      jsonFile(folder, `${i}.json`, content);
    });
  });
  cases.forEach(([name, , sentence], i) => {
    it(name, () => refused(["sample", `chain:${i}.json`, "--out", "x.npy"], { folder, sentence }));
  });
  it("no such file", () =>
    refused(["curve", "chain:nosuch.json"], {
      folder,
      sentence: /cannot read nosuch\.json: there is no such file or folder; check the path \(ENOENT\)$/,
    }));
});

describe("values that are wrong", together, () => {
  before(() => jsonFile(folder, "sticky.json", sticky));
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [
      ["--given", "abX"],
      /the character "X" at position 2 is not in the alphabet; expected one of "abc", or _/,
    ],
    [["--given", "a".repeat(17)], /the template has 17 characters; expected 16, so remove 1$/],
    [["--given-file", "nosuch"], /--given-file: cannot read nosuch: there is no such file .* \(ENOENT\)$/],
    [["--temperature", "-1"], /temperature = -1; expected a number >= 0$/],
    [["--top-p", "0"], /topP = 0; expected 0 < topP <= 1$/],
    [["--plan", "nosuch.json"], /cannot read nosuch\.json: there is no such file/],
  ];
  for (const [options, sentence] of cases) {
    it(options.join(" "), () =>
      refused(
        ["sample", "chain:sticky.json", "--steps", "2", "--out", "x.npy", ...options].filter(keepSteps),
        {
          folder,
          sentence,
        },
      ),
    );
  }
  /** --steps and --plan exclude each other. */
  function keepSteps(argument: string, at: number, all: readonly string[]): boolean {
    return !all.includes("--plan") || (argument !== "--steps" && all[at - 1] !== "--steps");
  }

  it("an unknown token where tokens are numbers", () =>
    refused(["sample", "countdown", "--given", "1 2 99", "--out", "x.npy"], {
      folder,
      sentence: /"99" at position 2 is no token; expected a whole number from 0 to 31, or _/,
    }));
});

describe("places that cannot be written", together, () => {
  before(() => {
    jsonFile(folder, "sticky.json", sticky);
    mkdirSync(join(folder, "locked"), { mode: 0o500 });
  });
  const sample = ["sample", "chain:sticky.json", "--steps", "2"];

  it("an unknown ending", () =>
    refused([...sample, "--out", "x.csv"], {
      folder,
      sentence: /x\.csv ends in \.csv; expected \.npy, \.txt, \.json or/,
    }));

  it("a folder that does not exist", () =>
    refused([...sample, "--out", "no/x.npy"], {
      folder,
      sentence: /the folder no does not exist; make it first$/,
    }));

  it("a file as folder", () =>
    refused([...sample, "--out", "sticky.json/x.npy"], {
      folder,
      sentence: /a part of the path is not a folder; check the path \(ENOTDIR\)$/,
    }));

  it("a folder as file", () =>
    refused(["curve", "chain:sticky.json", "--out", "."], {
      folder,
      sentence: /it is a folder; name a file$/,
    }));

  it("a folder without permission", { skip: process.getuid?.() === 0 }, () =>
    refused([...sample, "--out", "locked/x.npy"], { folder, sentence: /permission is denied; .*EACCES/ }),
  );
});

describe("a full disk", { ...together, skip: !existsSync("/dev/full") }, () => {
  const sentence = /cannot write .*: the disk is full; free some space or choose another place \(ENOSPC\)$/;
  before(() => {
    jsonFile(folder, "sticky.json", sticky);
    symlinkSync("/dev/full", join(folder, "full.npy"));
  });
  const cases = [
    "sample chain:sticky.json --steps 2 --out full.npy",
    "curve chain:sticky.json --out /dev/full",
    "optimize chain:sticky.json --steps 2 --check 0 --out /dev/full",
    "compare chain:sticky.json --steps 2 --methods uniform/random --count 2 --out /dev/full",
  ];
  for (const command of cases) it(command, () => refused(command.split(" "), { folder, sentence }));

  it("where the result is printed", () =>
    refused(["sample", "chain:sticky.json", "--steps", "2"], {
      folder,
      shell: '"$@" > /dev/full',
      sentence: /cannot print the result: the disk is full; .* \(ENOSPC\)$/,
    }));

  it("that fills up half way", () =>
    // In one batch, so that no finished rows are kept.
    refused("sample chain:sticky.json --steps 1 --count 2000 --batch 2000 --out half.npy".split(" "), {
      folder,
      shell: 'ulimit -f 16; "$@"',
      sentence: /cannot write half\.npy\.part: the file would be larger than is allowed; .* \(EFBIG\)$/,
    }));
});

describe("plans that are wrong", together, () => {
  interface PlanFile extends Record<string, unknown> {
    readonly schedule: { readonly counts: readonly number[] };
  }
  let plan: PlanFile;
  before(async () => {
    jsonFile(folder, "sticky.json", sticky);
    jsonFile(folder, "longer.json", { ...sticky, length: 20 });
    const args = ["optimize", "chain:sticky.json", "--steps", "4", "--check", "0", "--out", "plan.json"];
    await succeed(args, folder);
    plan = JSON.parse(readFileSync(join(folder, "plan.json"), "utf8"));
    cases.forEach(([, content], i) => {
      jsonFile(folder, `plan-${i}.json`, content());
    });
  });
  const use = ["sample", "chain:sticky.json", "--out", "x.npy", "--plan"];
  const cases: readonly (readonly [string, () => unknown, RegExp])[] = [
    [
      "times that do not decrease",
      () => ({ ...plan, schedule: { name: "mine", times: [1, 0.4, 0.4, 0] } }),
      /schedule\[2\] = 0\.4 is not below schedule\[1\] = 0\.4; times must strictly decrease$/,
    ],
    [
      "times that do not end at 0",
      () => ({ ...plan, schedule: { name: "mine", times: [1, 0.5] } }),
      /goes from 1 to 0\.5; expected from 1 to 0$/,
    ],
    [
      "counts that do not increase",
      () => ({ ...plan, schedule: { name: "mine", counts: [0, 8, 8, 16] } }),
      /schedule\[2\] = 8 is not a whole number above schedule\[1\] = 8; reveal counts must strictly increase$/,
    ],
    [
      "no times at all",
      () => ({ ...plan, schedule: { name: "mine" } }),
      /: schedule is .*; expected a name with a list of counts or of times$/,
    ],
    ["cut off", () => JSON.stringify(plan).slice(0, 200), /is not JSON: .*; correct the file$/],
    ["of another version", () => ({ ...plan, version: 2 }), /: version is 2; expected 1$/],
    ["with an unknown field", () => ({ ...plan, extra: 1 }), /the field "extra" is not known; remove it/],
    ["without a model", () => ({ ...plan, model: undefined }), /: model is missing; expected/],
    [
      "of an unknown selector",
      () => ({ ...plan, selector: { name: "best" } }),
      /selector "best" is not known/,
    ],
    ["that is no plan", () => sticky, /: format is missing; expected "fewstep\/plan"$/],
  ];
  cases.forEach(([name, , sentence], i) => {
    it(name, () => refused([...use, `plan-${i}.json`], { folder, sentence }));
  });

  it("made for another model", () =>
    refused(["sample", "chain:longer.json", "--plan", "plan.json", "--out", "x.npy"], {
      folder,
      sentence:
        /made for model "chain:sticky\.json" \(\w{12}\), got "chain:longer\.json" \(\w{12}\); make a plan for this/,
    }));
});
