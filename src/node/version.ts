import { readFileSync } from "node:fs";

const description = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

/** The version of this package, whose package.json is as far from src/node as from dist/node. */
export const version: string = description.version;
