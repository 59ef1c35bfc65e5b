/** Imports of what is damaged: done right, or refused in one sentence that leaves nothing. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importFolder } from "../src/import/import-folder.ts";

/**
 * Imports a folder: undefined, or the sentence that refuses it, with nothing left of the attempt. Nothing but the
 * importer's own sentences will do, and no memory beyond 256 MB.
 */
export async function refusal(folder: string, mask?: number): Promise<string | undefined> {
  const parent = mkdtempSync(join(tmpdir(), "fewstep-refused-"));
  const out = join(parent, "model");
  const before = memory();
  try {
    await importFolder(folder, { out, ...(mask === undefined ? {} : { mask }) });
    assert.deepEqual(readdirSync(parent), ["model"]);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof Error && !(error instanceof assert.AssertionError), String(error));
    assert.ok(["Error", "RangeError"].includes(error.constructor.name), `${error.stack}`);
    assert.match(error.message, /^[^\n\r]{20,1000}[^.\s]$/u);
    assert.doesNotMatch(
      error.message,
      /undefined|\[object|Maximum call|Invalid (array|typed)|Cannot (read|mix|convert)|not iterable|not a function|allocation/,
    );
    assert.deepEqual(readdirSync(parent), [], `something was written, and then: ${error.message}`);
    return error.message;
  } finally {
    const grown = memory() - before;
    assert.ok(grown < 2 ** 28, `memory grew by ${grown} bytes`);
    rmSync(parent, { recursive: true });
  }
}

/** Bytes that are held, in objects and in arrays. */
function memory(): number {
  const { heapTotal, arrayBuffers } = process.memoryUsage();
  return heapTotal + arrayBuffers;
}
