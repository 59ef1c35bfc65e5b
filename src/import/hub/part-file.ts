import { randomBytes } from "node:crypto";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";

/**
 * Files that are not whole yet. NAME.part belongs to nobody; whoever wants to go on with it renames it to
 * NAME.HOST-PID-NONCE.part, which only one can do, and back when it stops. So two processes never write into one
 * file. What a killed process left is taken over as soon as its number is nobody's.
 */

/** Names of the parts that this process writes. */
const own = new Set<string>();

const host = hostname().replace(/\W/g, "_").slice(0, 40) || "host";

/** Milliseconds after which a part of another machine is taken for left. */
const LEFT_AFTER = 24 * 3600 * 1000;

/**
 * Takes the longest part of a file that nobody writes, and removes the others.
 *
 * @param target the path of the file once it is whole
 * @returns the path of this process's part; there is no such file yet if there was none to take
 */
export async function claimPart(target: string): Promise<string> {
  const folder = dirname(target);
  const mine = join(
    folder,
    `${basename(target)}.${host}-${process.pid}-${randomBytes(4).toString("hex")}.part`,
  );
  own.add(mine);
  const found = await freeParts(target);
  let taken = false;
  for (const { path } of found.sort((a, b) => b.size - a.size)) {
    // Another process may be faster: then the file is not there any more.
    if (taken) await rm(path, { force: true });
    else taken = await moved(path, mine);
  }
  return mine;
}

/** Leaves a part for whoever goes on with it: this process later, or another one. */
export async function releasePart(mine: string, target: string): Promise<void> {
  if (!own.delete(mine)) return;
  const free = `${target}.part`;
  const [ours, there] = await Promise.all([mine, free].map((path) => stat(path).catch(() => undefined)));
  if (!ours) return;
  if (ours.size === 0 || (there && there.size > ours.size)) await rm(mine, { force: true });
  else await moved(mine, free);
}

/** Gives a part that is whole its name. Where another process was faster, the file it finished stays. */
export async function finishPart(mine: string, target: string): Promise<void> {
  const size = await stat(mine).then(({ size }) => size);
  if (await isWhole(target, size)) await rm(mine, { force: true });
  else await rename(mine, target);
  own.delete(mine);
}

/** Removes a part that cannot be used. */
export async function removePart(mine: string): Promise<void> {
  await rm(mine, { force: true });
  own.delete(mine);
}

/** Whether a file has its name: it gets it when its bytes have been checked. */
export async function isWhole(target: string, size: number): Promise<boolean> {
  const found = await stat(target).catch(() => undefined);
  return found?.isFile() === true && found.size === size;
}

/** Bytes that are there of a file that is not whole: those of its longest part that nobody writes. */
export async function partBytes(target: string): Promise<number> {
  return (await freeParts(target)).reduce((most, { size }) => Math.max(most, size), 0);
}

async function freeParts(target: string): Promise<{ path: string; size: number }[]> {
  const folder = dirname(target);
  const start = `${basename(target)}.`;
  const found: { path: string; size: number }[] = [];
  for (const name of await readdir(folder)) {
    if (!name.startsWith(start)) continue;
    const path = join(folder, name);
    const rest = name.slice(start.length);
    const owner = /^(\w+)-(\d+)-[0-9a-f]{8}\.part$/.exec(rest);
    if (rest !== "part" && !owner) continue;
    const info = await stat(path).catch(() => undefined);
    if (!info?.isFile()) continue;
    if (owner && (own.has(path) || !isLeft(owner, info.mtimeMs))) continue;
    found.push({ path, size: info.size });
  }
  return found;
}

function isLeft([, machine, pid]: RegExpExecArray, written: number): boolean {
  if (machine !== host) return Date.now() - written > LEFT_AFTER;
  return Number(pid) === process.pid || !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // Signal 0 only asks.
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === "EPERM";
  }
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return false;
    throw error;
  }
}
