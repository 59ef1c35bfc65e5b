/** Ctrl-C in the middle of long work, and readers that go away. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { run, start, together, workFolder } from "./run-cli.ts";

/** Long work with an exact chain, which never waits for anything of its own accord. */
const long = [
  "sample countdown --count 100000 --steps 16",
  "compare countdown --count 100000 --steps 4,8,16 --out x.html",
  "optimize countdown --steps 4,8,16 --check 100000 --out x.json",
  "curve countdown --sequences 3000 --out x.json",
];

describe("an interrupted command", { ...together, skip: process.platform === "win32" }, () => {
  for (const command of long) {
    it(`leaves nothing behind and exits with 130: ${command}`, async () => {
      const folder = workFolder();
      const { child, ended } = start(command.split(" "), { folder });
      // The first line of progress says that the work is under way.
      child.stderr!.once("data", () => setTimeout(() => child.kill("SIGINT"), 200));
      const limit = setTimeout(() => child.kill("SIGKILL"), 20_000);
      const { code, stdout, stderr } = await ended;
      clearTimeout(limit);
      assert.equal(code, 130, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, /\nfewstep: interrupted; nothing half-written was left behind\n$/);
      assert.deepEqual(readdirSync(folder), []);
    });
  }

  it("goes on with a search for a plan where it was stopped, to the same plan", async () => {
    const folder = workFolder();
    const command =
      "optimize letters --calls 3 --budget 6000 --check 16 --sequences 4 --levels 8 --out p.json";
    const { child, ended } = start(command.split(" "), { folder });
    child.stderr!.on("data", (chunk) => {
      // The search itself is under way: what was measured before it is kept as well.
      if (/searching the plan/.test(String(chunk))) setTimeout(() => child.kill("SIGINT"), 1000);
    });
    const { code, stderr } = await ended;
    assert.equal(code, 130, stderr);
    assert.deepEqual(readdirSync(folder), ["p.json.search"]);
    const kept = readFileSync(join(folder, "p.json.search"), "utf8").split("\n").length;
    const resumed = await run(command.split(" "), { folder });
    assert.match(resumed.stdout, /went on from \d+ pieces of an interrupted search/);
    assert.ok(kept > 2, `${kept} lines were kept`);
    assert.deepEqual(readdirSync(folder), ["p.json"]);
    const other = workFolder();
    await run(command.split(" "), { folder: other });
    assert.equal(readFileSync(join(folder, "p.json"), "utf8"), readFileSync(join(other, "p.json"), "utf8"));
  });

  it("is no failure where a reader has seen enough", async () => {
    const shell = '"$@" | head -n 1';
    const ran = await run(["sample", "letters", "--count", "2000", "--steps", "1"], {
      folder: workFolder(),
      shell,
    });
    assert.equal(ran.stderr, "sampling ...\n");
    assert.match(ran.stdout, /^[a-z ]{128}\n$/);
  });
});
