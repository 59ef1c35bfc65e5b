import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readJsonOf } from "../model/files.ts";
import { type ModelSpace, spaceOf } from "../model/model-space.ts";
import { folderFiles } from "./folder-files.ts";
import { isThere } from "./is-there.ts";

/** Beside the package root, from src/node as from dist/node. */
const shipped = fileURLToPath(new URL("../../models/", import.meta.url));

/**
 * The folder of a model's manifest.
 *
 * @param reference as for `loadModel`, but no chain
 * @throws Error with one sentence if there is no such model
 */
export async function modelFolder(reference: string): Promise<string> {
  const names = await shippedNames();
  if (names.includes(reference)) return join(shipped, reference);
  const found = await stat(reference).catch(() => undefined);
  if (found?.isDirectory()) return reference;
  if (found) {
    throw new Error(
      `loadModel: ${reference} is a file; expected a folder with a manifest.json${
        reference.endsWith(".json") ? `, or chain:${reference} for a chain` : ""
      }`,
    );
  }
  throw new Error(
    `loadModel: there is no model "${reference}"; expected ${names.length > 0 ? `one of ${names.join(", ")}, ` : ""}the path of a model folder, or chain:FILE.json`,
  );
}

/** The folders of the shipped models of a space, by name. */
export async function shippedFolders(space: ModelSpace): Promise<string[]> {
  const folders = (await shippedNames()).map((name) => join(shipped, name));
  const spaces = await Promise.all(folders.map(folderSpace));
  return folders.filter((_, at) => spaces[at] === space);
}

/**
 * Whether a model's samples are tokens or numbers, from its manifest alone.
 *
 * @param reference as `loadModel` takes it
 * @throws Error with one sentence if there is no such model, or its manifest cannot be read
 */
export async function modelSpace(reference: string): Promise<ModelSpace> {
  return reference.startsWith("chain:") ? "discrete" : folderSpace(await modelFolder(reference));
}

async function folderSpace(folder: string): Promise<ModelSpace> {
  return spaceOf(await readJsonOf(folderFiles(folder), "manifest.json", { limit: 2 ** 20 }));
}

/** Names of the folders of shipped models that have a manifest. */
async function shippedNames(): Promise<string[]> {
  const entries = await readdir(shipped, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const isModel = await Promise.all(names.map((name) => isThere(join(shipped, name, "manifest.json"))));
  return names.filter((_, at) => isModel[at]).sort();
}
