import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const executablePath = process.env["FEWSTEP_CHROMIUM"] ?? "/usr/bin/chromium";

/** Why the tests in a browser are left out, or false: for `it(..., { skip })`. */
export const noBrowser: string | false =
  process.env["FEWSTEP_NO_BROWSER"] === "1"
    ? "FEWSTEP_NO_BROWSER=1 leaves out the tests in a browser"
    : false;

/** Debian's Chromium. @throws Error in one sentence if it is not installed */
export async function openBrowser(): Promise<Browser> {
  if (!existsSync(executablePath)) {
    throw new Error(
      `The tests of the page need Chromium at ${executablePath}: install it (apt-get install chromium), name another in FEWSTEP_CHROMIUM, or set FEWSTEP_NO_BROWSER=1 to leave them out.`,
    );
  }
  return chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-background-networking"],
    headless: true,
  });
}
