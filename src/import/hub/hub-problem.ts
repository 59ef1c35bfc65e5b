import type { Hub } from "./hub.ts";
import type { Reply } from "./hub-request.ts";
import { passingError } from "./patience.ts";

/** What was asked for. */
export interface Asked {
  readonly hub: Hub;
  readonly id: string;
  readonly revision: string;
  /** A file of the model; absent for its listing. */
  readonly file?: string;
}

/**
 * The error for an answer that is none: what the status means, by the hub's own code for it (X-Error-Code) where
 * it gives one, and what to do. The hub answers 401 for models that do not exist, unless it knows who asks.
 */
export function hubProblem({ status, headers }: Reply, { hub, id, revision, file }: Asked): Error {
  const code = headers.get("x-error-code") ?? "";
  const page = `${hub.endpoint}/${id}`;
  const spelled = "check the spelling, or the path if a folder is meant";
  if (status === 429 || status === 408 || status >= 500) {
    const after = Number(headers.get("retry-after") ?? Number.NaN);
    return passingError(
      `the hub answers ${status} for ${file ?? "the listing"} of ${id}${status === 429 ? ", as it was asked too often" : ""}; run this again later`,
      after > 0 ? { after } : {},
    );
  }
  if (code === "RepoNotFound" || (status === 404 && file === undefined && code !== "RevisionNotFound")) {
    return new Error(
      `${hub.endpoint} has no model ${id}, or it is private; ${spelled}, and set HF_TOKEN for a private one`,
    );
  }
  if (code === "RevisionNotFound") {
    return new Error(`${page} has no revision "${revision}"; expected a branch, a tag or a commit of it`);
  }
  if (status === 404) {
    return new Error(`${page} lists ${file} and does not have it at ${revision}; run this again later`);
  }
  if (status === 401 || status === 403) {
    return new Error(
      hub.token !== undefined && code !== "GatedRepo"
        ? `the hub does not let this HF_TOKEN read ${id} (${status}); check that the token is valid and may read it, and that its account has accepted the terms on ${page}`
        : `the hub does not let everyone read ${id} (${status}); accept the model's terms on ${page}, and set HF_TOKEN to an access token of that account`,
    );
  }
  return new Error(`the hub answers ${status} for ${file ?? "the listing"} of ${id}; check HF_ENDPOINT`);
}
