import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileProblem } from "../file-problem.ts";

/** Claims that this process holds, by the names of their files. */
const own = new Set<string>();
let claims = 0;

/**
 * Claims a file for this process, so that no other writes it. A claim is a small file beside it that names the
 * process; that of a process which is no more, however it ended, counts for nothing.
 *
 * Who claims first announces itself and then looks for others, so of two at the same moment never both succeed.
 * Seen are processes of the same machine (and container) only.
 *
 * @returns a function that gives the claim up; the end of the process does so as well
 * @throws Error if a live process holds one
 */
export function claimFile(path: string): () => void {
  const folder = dirname(path);
  const beginning = `${basename(path)}.by-`;
  const mine = join(folder, `${beginning}${process.pid}-${startOf(process.pid) ?? 0}-${claims}`);
  if (claims++ === 0) process.once("exit", () => own.forEach(remove));
  const release = (): void => {
    own.delete(mine);
    remove(mine);
  };
  own.add(mine);
  try {
    writeFileSync(mine, "");
  } catch (cause) {
    release();
    throw new Error(`sample: cannot write ${mine}: ${fileProblem(cause)}`, { cause });
  }
  for (const name of readdirSync(folder)) {
    const other = join(folder, name);
    if (!name.startsWith(beginning) || other === mine) continue;
    const [pid = 0, start = 0] = name.slice(beginning.length).split("-").map(Number);
    if (isAlive(other, pid, start)) {
      release();
      throw new Error(
        `sample: ${path} is in use by process ${pid}; wait for it, stop it, or choose another --out (if it is no such command, remove ${other})`,
      );
    }
    remove(other);
  }
  return release;
}

function remove(file: string): void {
  rmSync(file, { force: true });
}

function isAlive(file: string, pid: number, start: number): boolean {
  if (pid === process.pid && start === (startOf(pid) ?? 0)) return own.has(file);
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as { code?: unknown }).code === "EPERM";
  }
  // Where it can be told, a later process with the same number is another one.
  const found = startOf(pid);
  return found === undefined || found === start;
}

/** When a process started, in ticks since the machine did; undefined where the system does not say. */
function startOf(pid: number): number | undefined {
  try {
    // "pid (name) state ppid ...": the name may hold anything; the 20th field after it is the start.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    // One that has ended and that nobody has asked for yet is still listed.
    return fields[0] === "Z" || fields[0] === "X" ? -1 : Number(fields[19]);
  } catch {
    return undefined;
  }
}
