/** Runs the built command line (`npm run build`) as a user would: a process of its own in a folder of its own. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

/** For suites of runs that do not wait for each other. */
export const together: { readonly concurrency: number } = {
  concurrency: Math.min(4, availableParallelism()),
};

/** What a finished process left behind. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A new empty folder, gone after the tests of the file. */
export function workFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "fewstep-cli-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Starts `fewstep ...args` in a folder.
 *
 * @param options.shell a shell script that runs the command as "$@", for limits and redirections
 */
export function start(
  args: readonly string[],
  { folder, shell }: { folder: string; shell?: string },
): { child: ChildProcess; ended: Promise<Ran> } {
  const command = [process.execPath, main, ...args];
  const child =
    shell === undefined
      ? spawn(command[0]!, command.slice(1), { cwd: folder })
      : spawn("sh", ["-c", shell, "sh", ...command], { cwd: folder });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

/** Runs `fewstep ...args` to its end. */
export function run(args: readonly string[], options: { folder: string; shell?: string }): Promise<Ran> {
  return start(args, options).ended;
}

/** Runs a command that must succeed and returns what it printed. */
export async function succeed(args: readonly string[], folder: string): Promise<string> {
  const { code, stdout, stderr } = await run(args, { folder });
  assert.equal(code, 0, `fewstep ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** Runs a command with --json and returns the one document that it printed, and nothing else on stdout. */
export async function json<Result>(args: readonly string[], folder: string): Promise<Result> {
  const stdout = await succeed([...args, "--json"], folder);
  assert.equal(stdout.indexOf("\n"), stdout.length - 1, `not one line of JSON: ${stdout.slice(0, 200)}`);
  return JSON.parse(stdout) as Result;
}

/** The last refused command of each folder. */
const turns = new Map<string, Promise<unknown>>();

/**
 * Runs a command that must be refused: with the exit code and one sentence, nothing printed, and no file left
 * that was not there before. In one folder one after the other, so that none sees what another holds for a moment.
 */
export function refused(
  args: readonly string[],
  { folder, code = 1, sentence, shell }: { folder: string; code?: number; sentence: RegExp; shell?: string },
): Promise<void> {
  const turn = (turns.get(folder) ?? Promise.resolve()).then(() => refusedAlone());
  turns.set(
    folder,
    turn.catch(() => undefined),
  );
  return turn;

  async function refusedAlone(): Promise<void> {
    const before = readdirSync(folder).sort();
    const ran = await run(args, { folder, ...(shell === undefined ? {} : { shell }) });
    const told = `fewstep ${args.join(" ")}: ${ran.stderr}`;
    assert.equal(ran.code, code, told);
    assert.equal(ran.stdout, "", told);
    const [error, ...others] = ran.stderr.split("\n").filter((line) => line !== "" && !isProgress(line));
    assert.deepEqual(others, [], `more than one sentence: ${told}`);
    assert.match(error ?? "", /^fewstep: [^\s].*[^\s.]$/);
    assert.match(error!, sentence);
    assert.doesNotMatch(error!, /undefined|\[object|Error:|at .*\.js:\d/, told);
    assert.deepEqual(readdirSync(folder).sort(), before, "a file was left behind");
  }
}

/** Writes a JSON file into the folder and returns its name. */
export function jsonFile(folder: string, name: string, content: unknown): string {
  writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  return name;
}

/** The bytes of a file in the folder. */
export function bytes(folder: string, name: string): Buffer {
  return readFileSync(join(folder, name));
}

/** A chain as a file holds it. */
export interface ChainFile {
  readonly initial: readonly number[];
  readonly transition: readonly (readonly number[])[];
  readonly length: number;
  readonly alphabet: string;
}

/** A chain over a, b, c of 16 tokens: each follows itself with probability 0.8. */
export const sticky: ChainFile = {
  initial: [1 / 3, 1 / 3, 1 / 3],
  transition: [
    [0.8, 0.1, 0.1],
    [0.1, 0.8, 0.1],
    [0.1, 0.1, 0.8],
  ],
  length: 16,
  alphabet: "abc",
};

/** Independent tokens: no schedule matters. */
export const independentTokens: ChainFile = {
  initial: [0.25, 0.25, 0.5],
  transition: [
    [0.25, 0.25, 0.5],
    [0.25, 0.25, 0.5],
    [0.25, 0.25, 0.5],
  ],
  length: 16,
  alphabet: "abc",
};

/** Off a terminal, progress is a line per task that ends in " ...". */
function isProgress(line: string): boolean {
  return line.endsWith(" ...");
}
