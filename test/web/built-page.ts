import { fileURLToPath } from "node:url";
import { build } from "vite";

/** Where the page is built to. */
export const site: string = fileURLToPath(new URL("../../out/web/site/", import.meta.url));
/** Where screenshots are kept. */
export const pictures: string = fileURLToPath(new URL("../../out/web/", import.meta.url));

let built: Promise<unknown> | undefined;

/** Builds the page, once in a run of the tests. */
export async function builtPage(): Promise<string> {
  const root = fileURLToPath(new URL("../../web/", import.meta.url));
  built ??= build({ root, configFile: `${root}vite.config.ts`, logLevel: "error" });
  await built;
  return site;
}
