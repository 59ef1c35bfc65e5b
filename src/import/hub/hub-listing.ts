import { z } from "zod";
import { checkSchema } from "../../model/check-schema.ts";
import { staysInside } from "../../model/stays-inside.ts";
import type { Hub } from "./hub.ts";
import { hubProblem } from "./hub-problem.ts";
import { type Reply, request } from "./hub-request.ts";
import { patiently } from "./patience.ts";

/** A file of a model as its listing describes it. */
export interface HubFile {
  readonly name: string;
  readonly size: number;
  /** "sha256" of the bytes; "git": SHA-1 of "blob SIZE\0" and the bytes. */
  readonly checksum: { readonly kind: "sha256" | "git"; readonly hex: string };
}

/** One revision of a model. */
export interface HubListing {
  /** The commit that the revision is now, 40 hexadecimal digits. */
  readonly commit: string;
  readonly license?: string;
  readonly names: ReadonlySet<string>;
  /** @throws Error with one sentence if it is not there, or nothing says how it is to be checked */
  file(name: string): HubFile;
}

/** A listing is 200 bytes a file. */
const MOST_BYTES = 2 ** 25;

const size = z.int("a number of bytes").min(0, "a number of bytes");
const listing = z.object({
  sha: z.string("40 hexadecimal digits").regex(/^[0-9a-f]{40}$/, "40 hexadecimal digits"),
  cardData: z.record(z.string(), z.unknown()).nullish().catch(null),
  siblings: z.array(
    z.object({
      rfilename: z
        .string("a file's name")
        .refine(
          staysInside,
          "a name without .., not absolute, as a file outside of the model's folder is none of it",
        ),
      size: size.nullish(),
      blobId: z.string().nullish(),
      lfs: z.object({ size, sha256: z.string() }, "an object").nullish(),
    }),
    "a list of files",
  ),
});

/**
 * Asks a hub what files a model has at a revision: GET api/models/ORG/NAME/revision/REVISION?blobs=true.
 *
 * @throws Error with one sentence if the hub cannot be reached, does not have the model or the revision, does not
 * let it be read, or answers something else
 */
export async function hubListing(
  hub: Hub,
  { id, revision, signal }: { id: string; revision: string; signal?: AbortSignal },
): Promise<HubListing> {
  const address = `${hub.endpoint}/api/models/${id}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const where = `the hub's listing of ${id}`;
  const text = await patiently(
    async () => {
      const reply = await request(address, { hub, ...(signal ? { signal } : {}) });
      if (reply.status === 200) return textOf(reply, where);
      await reply.cancel();
      throw hubProblem(reply, { hub, id, revision });
    },
    { patience: hub.patience, ...(signal ? { signal } : {}) },
  );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${where} is not JSON; ${hub.endpoint} is no hub, so check HF_ENDPOINT`, { cause });
  }
  const { sha, cardData, siblings } = checkSchema(listing, value, where);
  const files = new Map(siblings.map((file) => [file.rfilename, file]));
  const license = licenseOf(cardData ?? {});
  return {
    commit: sha,
    ...(license === undefined ? {} : { license }),
    names: new Set(files.keys()),
    file(name) {
      const found = files.get(name);
      if (!found) throw new Error(`${hub.endpoint}/${id} has no ${name}; take a model that has it`);
      const { lfs, blobId } = found;
      const bytes = lfs?.size ?? found.size;
      const hex = (lfs?.sha256 ?? blobId ?? "").toLowerCase();
      if (typeof bytes !== "number" || !(lfs ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/).test(hex)) {
        throw new Error(
          `${where} does not say size and checksum of ${name}, which could then not be checked; take another endpoint than ${hub.endpoint}`,
        );
      }
      return { name, size: bytes, checksum: { kind: lfs ? "sha256" : "git", hex } };
    },
  };
}

async function textOf(reply: Reply, where: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of reply.body()) {
    bytes += piece.length;
    if (bytes > MOST_BYTES) throw new Error(`${where} is longer than ${MOST_BYTES} bytes; check HF_ENDPOINT`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** The licence as the model's card says: a name, several, or "other" with a name of its own. */
function licenseOf(card: Readonly<Record<string, unknown>>): string | undefined {
  const { license, license_name: own } = card;
  const named = (Array.isArray(license) ? license : [license]).map(
    (name) => (name === "other" && own) || name,
  );
  const names = named.filter((name) => typeof name === "string" && /^[\w .+()/-]{1,80}$/.test(name));
  return names.length === 0 ? undefined : names.join(", ");
}
