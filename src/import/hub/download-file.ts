import { join } from "node:path";
import type { Hub } from "./hub.ts";
import type { HubFile } from "./hub-listing.ts";
import { hubProblem } from "./hub-problem.ts";
import { type Reply, request } from "./hub-request.ts";
import { claimPart, finishPart, isWhole, releasePart, removePart } from "./part-file.ts";
import { onDisk, type PartWriter, partWriter } from "./part-writer.ts";
import { passingError, patiently } from "./patience.ts";

/** What is fetched, and where to. */
export interface Download {
  readonly hub: Hub;
  readonly id: string;
  readonly commit: string;
  /** A folder that is there. */
  readonly folder: string;
  /** Told how many more bytes of the file there are; negative where they are thrown away. */
  readonly onBytes?: (more: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Fetches a file of a hub into a folder: GET ORG/NAME/resolve/COMMIT/FILE. A part of it that is there is gone on
 * with (Range; the bytes that are there count for the checksum as well), what breaks is tried again, and only a
 * file with the size and the checksum of the listing gets its name. A file that has its name is not fetched.
 *
 * @throws Error with one sentence if it cannot be fetched or written, which leaves a part that can be gone on
 * with, or is not what the listing says, which removes it; the signal's reason if it aborts
 */
export async function downloadFile(file: HubFile, download: Download): Promise<void> {
  const { folder, onBytes = () => {}, signal } = download;
  const target = join(folder, file.name);
  if (await isWhole(target, file.size)) return onBytes(file.size);
  const part = await onDisk(target, claimPart(target));
  try {
    const writer = await partWriter(part, { file, onBytes, ...(signal ? { signal } : {}) });
    let found: string;
    try {
      await receive(file, writer, download);
      found = await writer.finish();
    } finally {
      await writer.close();
    }
    const { kind, hex } = file.checksum;
    if (found !== hex) {
      await removePart(part);
      throw new Error(
        `${file.name} of ${download.id} came with the ${kind === "git" ? "git " : ""}checksum ${found}; the hub's listing says ${hex}: what came is deleted, so run this again, and if it stays so do not trust the server`,
      );
    }
    await onDisk(target, finishPart(part, target));
  } finally {
    await releasePart(part, target);
  }
}

/** Writes all of the file that the writer does not have. */
async function receive(
  file: HubFile,
  writer: PartWriter,
  { hub, id, commit, signal }: Download,
): Promise<void> {
  const address = `${hub.endpoint}/${id}/resolve/${commit}/${encodeURIComponent(file.name)}`;
  let etag: string | undefined;
  let arrived = 0;
  const again = (what: string): Error =>
    passingError(`${new URL(hub.endpoint).origin} ${what} ${file.name} of ${id}; run this again to go on`);

  const attempt = async (): Promise<void> => {
    if (writer.length === file.size) return;
    const from = writer.length;
    const reply = await request(address, {
      hub,
      headers: {
        ...(from === 0 ? {} : { range: `bytes=${from}-` }),
        ...(from === 0 || etag === undefined ? {} : { "if-range": etag }),
      },
      ...(signal ? { signal } : {}),
    });
    const problem = await startProblem(reply, from).catch((cause: Error) => cause);
    if (problem) {
      await reply.cancel();
      throw problem;
    }
    etag = strongEtag(reply);
    for await (const piece of reply.body()) {
      if (writer.length + piece.length > file.size) {
        await writer.restart();
        throw wrongSize("more");
      }
      await writer.append(piece);
      arrived += piece.length;
    }
    if (writer.length < file.size) throw again("stopped early in");
  };

  const wrongSize = (size: number | string): Error =>
    new Error(
      `${file.name} of ${id} comes with ${size} bytes; the hub's listing says ${file.size}: it is not the file that is listed, so run this again later`,
    );

  /** Whether what follows goes where the writer is; the writer begins anew where the server does. */
  const startProblem = async (reply: Reply, from: number): Promise<Error | undefined> => {
    if (reply.status === 206) {
      const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(reply.headers.get("content-range") ?? "");
      if (range?.[1] !== `${from}`) {
        await writer.restart();
        return again("sends another piece than was asked for of");
      }
      return range[2] === "*" || range[2] === `${file.size}` ? undefined : wrongSize(range[2]!);
    }
    if (reply.status === 200) {
      if (from > 0) await writer.restart();
      const length = reply.headers.get("content-length");
      return length === null || length === `${file.size}` ? undefined : wrongSize(length);
    }
    if (reply.status === 416) {
      await writer.restart();
      return again("does not go on with");
    }
    return hubProblem(reply, { hub, id, revision: commit, file: file.name });
  };

  await patiently(attempt, {
    patience: hub.patience,
    arrived: () => arrived,
    ...(signal ? { signal } : {}),
  });
}

/** A mark of the exact bytes; weak ones are only good for equal meaning, and If-Range does not take them. */
function strongEtag({ headers }: Reply): string | undefined {
  const etag = headers.get("etag");
  return etag?.startsWith('"') ? etag : undefined;
}
