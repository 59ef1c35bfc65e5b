import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * Where fetched checkpoints are kept: the folder that FEWSTEP_CACHE names, else fewstep/ in the platform's place
 * for caches.
 */
export function cacheFolder(
  environment: Readonly<Record<string, string | undefined>>,
  { platform = process.platform, home = homedir() }: { platform?: NodeJS.Platform; home?: string } = {},
): string {
  if (environment["FEWSTEP_CACHE"]) return environment["FEWSTEP_CACHE"];
  if (platform === "darwin") return join(home, "Library", "Caches", "fewstep");
  if (platform === "win32") {
    return join(environment["LOCALAPPDATA"] || join(home, "AppData", "Local"), "fewstep", "cache");
  }
  const named = environment["XDG_CACHE_HOME"];
  // The XDG base directory specification: a path that is not absolute is to be ignored.
  return join(named && isAbsolute(named) ? named : join(home, ".cache"), "fewstep");
}

/** Where one revision of a model is kept: hub/ORG--NAME/COMMIT in the cache. */
export function checkpointFolder(cache: string, { id, commit }: { id: string; commit: string }): string {
  return join(cache, "hub", id.replace("/", "--"), commit);
}
