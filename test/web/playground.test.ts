/** The page as a reader has it: built, served below a path by a plain static host, in Chromium. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { readPlan } from "../../src/node/index.ts";
import { noBrowser, openBrowser } from "./browser.ts";
import { builtPage, pictures } from "./built-page.ts";
import { type Site, staticServer } from "./static-server.ts";

const axe = readFileSync(
  fileURLToPath(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url)),
  "utf8",
);
/** Where the host has it: all addresses of the page are relative. */
const below = "/talks/fewstep/";
let site: string;
before(async () => {
  site = await builtPage();
});

describe("the built page", () => {
  it("is at most 60 kB of its own JavaScript, gzipped", () => {
    const scripts = readdirSync(site, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.m?js$/.test(name) && !name.startsWith("runtime"))
      .map((name) => gzipSync(readFileSync(join(site, name)), { level: 9 }).length);
    const total = scripts.reduce((sum, size) => sum + size, 0);
    assert.ok(scripts.length >= 3 && total <= 60_000, `${total} bytes in ${scripts.length} files`);
  });

  it("names no other host", () => {
    for (const name of [
      "index.html",
      "sw.js",
      ...readdirSync(join(site, "assets")).map((each) => `assets/${each}`),
    ]) {
      const hosts = readFileSync(join(site, name), "utf8").match(/https?:\/\/(?!www\.w3\.org)[\w.-]+/g) ?? [];
      assert.deepEqual(
        hosts.filter((host) => !/localhost|json-schema\.org/.test(host)),
        [],
        name,
      );
    }
  });
});

describe("the page in a browser", { skip: noBrowser }, () => {
  let browser: Browser;
  let server: Site;
  const contexts: BrowserContext[] = [];

  before(async () => {
    mkdirSync(pictures, { recursive: true });
    [browser, server] = await Promise.all([openBrowser(), staticServer({ [below]: site })]);
  });
  after(async () => {
    await Promise.all(contexts.map((context) => context.close()));
    await browser?.close();
    await server?.close();
  });

  /** A page whose replay does not move by itself, so that what is shown is what is there. */
  async function open(
    fragment: string,
    options: BrowserContextOptions = {},
    prepare: (page: Page) => Promise<unknown> = async () => {},
  ): Promise<Page> {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      reducedMotion: "reduce",
      ...options,
    });
    contexts.push(context);
    const page = await context.newPage();
    page.on("pageerror", (error) => assert.fail(`the page threw: ${error.stack}`));
    await page.addInitScript(watchLongTasks);
    await prepare(page);
    await page.goto(new URL(below, server.address).href + fragment);
    return page;
  }

  it("countdown: first samples within 2 s, all by keyboard, no long task, no violation", async () => {
    const page = await open("#model=countdown", {}, (page) => page.addInitScript(watchFirstSample));
    // What else the machine does may delay a page, but not every time.
    const first = await least(async () => {
      await page.reload();
      await finished(page, 4);
      return Number(await page.evaluate("globalThis.firstSample"));
    }, 2000);
    assert.ok(first < 2000, `the first sample came after ${first} ms`);

    const before = await predicted(page, "left");
    const slider = page.getByRole("slider", { name: "A: start of step 2" });
    await slider.focus();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("PageDown");
    assert.equal(await slider.getAttribute("aria-valuenow"), "23", "32 of uniform steps, less 1, less 8");
    assert.match(
      (await slider.getAttribute("aria-valuetext"))!,
      /^23 of 256 tokens revealed, [\d.]+ nats lost$/,
    );
    assert.equal(await page.locator(".side.left select.schedule").inputValue(), "own");
    assert.ok((await predicted(page, "left")) < before, "an earlier first step is nearer to the optimum");
    await finished(page, 4);

    await page.getByRole("button", { name: "Back to the optimum" }).press("Enter");
    assert.equal(await page.locator(".side.left select.schedule").inputValue(), "optimal");
    assert.equal(await page.getByRole("button", { name: "Back to the optimum" }).count(), 0);
    await page.getByRole("button", { name: "Draw more" }).press("Enter");
    await finished(page, 68);
    assert.equal(await page.locator("#drawn").textContent(), "68 of 68 drawn on each side");
    assert.equal(await page.locator(".measure").count(), 3);
    const [left, right] = await ruleErrors(page);
    assert.ok(right! < 0.02 && left! < 0.06 && left! > right!, `rule errors ${left} and ${right}`);
    assert.equal(await longestTask(page, 68), 0);
    await noViolation(page);
    await picture(page, "countdown-light");
  });

  it("text: two schedules to the end in time; the link, offline, gives the same tokens", async (t) => {
    const page = await open("#model=text&calls=8", {}, (page) => page.addInitScript(watchFirstSample));
    await page.waitForFunction(`document.getElementById("status").textContent === "Drawing samples."`);
    await page.evaluate("globalThis.longTasks.length = 0");
    const start = Date.now();
    await finished(page, 4);
    const took = Date.now() - start;
    const longest = Number(await page.evaluate("Math.max(0, ...globalThis.longTasks)"));
    t.diagnostic(`8 calls for 4 rows of both sides, as many as 16 for one, took ${took} ms`);
    assert.ok(took < 20_000, `8 calls for 4 rows of both sides took ${took} ms; expected less than 20,000`);
    await noViolation(page);
    await picture(page, "text-light");
    await page.goto(page.url().replace("calls=8", "calls=3"));
    await finished(page, 4);
    const texts = await sampleTexts(page);
    assert.equal(texts.length, 8);
    for (const text of texts) assert.match(text, /^[ !'(),\-.:;?a-z]{256}$/);
    assert.notDeepEqual(texts.slice(0, 4), texts.slice(4));
    await page.getByText("share of real words").waitFor();

    await page.evaluate("navigator.serviceWorker.ready.then(() => {})");
    await page.waitForFunction(runtimeKept);
    await page.context().setOffline(true);
    const link = page.url();
    await page.goto("about:blank");
    await page.goto(link);
    await finished(page, 4);
    assert.deepEqual(await sampleTexts(page), texts);
    await page.context().setOffline(false);
    if (longest > 0) {
      assert.equal(await longestTask(page, 4), 0, `the longest task of the long run took ${longest} ms`);
    }
  });

  it("letters: a step is dragged, a plan goes out and in again, blanks are filled", async () => {
    const page = await open("#model=letters&a=uniform/random&b=cosine/stratified");
    await finished(page, 4);
    await page.getByLabel("Step shown").fill("3");
    const masked = (await sampleTexts(page)).slice(0, 4).map((text) => text.split("·").length - 1);
    assert.deepEqual(masked, [80, 80, 80, 80], "5 of 8 uniform steps are left of 128 letters");
    await page.getByRole("button", { name: "Play", exact: true }).click();
    await page.waitForFunction(`document.getElementById("frame-shown").textContent === "step 8 of 8"`);
    await page.getByText("nats along the path that its own steps take, as measured").waitFor();

    const before = await predicted(page, "left");
    const handle = page.getByRole("slider", { name: "A: start of step 4" });
    await handle.hover();
    const box = (await handle.boundingBox())!;
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 20, y, { steps: 4 });
    const during = await predicted(page, "left");
    assert.notEqual(during, before, "the loss moves with the step");
    await page.mouse.up();
    const moved = Number(await handle.getAttribute("aria-valuenow"));
    assert.ok(moved > 48, `step 4 of uniform steps starts at 48, and was moved to ${moved}`);

    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Export plan of A" }).click(),
    ]);
    const path = await download.path();
    const plan = await readPlan(path);
    assert.deepEqual(
      [plan.model.name, plan.schedule.name, plan.calls, plan.selector],
      ["letters", "own", 8, { name: "random" }],
    );
    assert.ok("counts" in plan.schedule && plan.schedule.counts[3] === moved);
    await page.getByLabel("Import plan for B").setInputFiles(path);
    await page.getByText("The plan is on side B").waitFor();
    await finished(page, 4);
    const texts = await sampleTexts(page);
    assert.deepEqual(texts.slice(4), texts.slice(0, 4), "the same plan, the same samples");
    await page.getByLabel("Import plan for B").setInputFiles({
      name: "damaged.json",
      mimeType: "application/json",
      buffer: Buffer.from(JSON.stringify({ ...plan, calls: 9 })),
    });
    await page.getByRole("alert").filter({ hasText: "8 model calls" }).waitFor();

    await page.getByText("Fill in the blanks of your own").click();
    await page.getByLabel("What is known").fill("and ________ said");
    await page.getByRole("button", { name: "Fill in", exact: true }).click();
    await page.waitForFunction("location.hash.includes('given=')");
    await finished(page, 4);
    for (const text of await sampleTexts(page)) assert.match(text, /^and .{8} said/);
    await page.getByLabel("What is known").fill("and ÄÖ");
    await page.getByRole("button", { name: "Fill in", exact: true }).click();
    await page.getByText("is not in the alphabet").waitFor();
  });

  it("bach: nothing plays by itself, and nothing twice at once", async () => {
    const page = await open("#model=bach&calls=4", { colorScheme: "dark" }, (page) =>
      page.addInitScript(watchSound),
    );
    await finished(page, 3);
    assert.equal(await page.evaluate("globalThis.sound.contexts"), 0);
    const [one, two] = [
      page.getByRole("button", { name: "Sample 1 of A" }),
      page.getByRole("button", { name: "Sample 2 of B" }),
    ];
    await one.click();
    assert.equal(await one.textContent(), "Stop Sample 1 of A");
    const voices = Number(await page.evaluate("globalThis.sound.open()"));
    assert.ok(voices > 0);
    await two.click();
    assert.equal(await one.textContent(), "Play Sample 1 of A");
    assert.equal(await page.locator("button.melody.on").count(), 1);
    assert.equal(await page.evaluate("globalThis.sound.contexts"), 1);
    assert.equal(
      await page.evaluate("globalThis.sound.stopped"),
      voices,
      "all voices of the first were stopped",
    );
    await two.click();
    assert.equal(await page.locator("button.melody.on").count(), 0);
    assert.equal(await page.evaluate("globalThis.sound.open()"), 0);
    await page.getByText("Fill in the blanks of your own").click();
    await page.getByRole("button", { name: "Fill in", exact: true }).click();
    await page.waitForFunction("location.hash.includes('given=')");
    await finished(page, 3);
    await noViolation(page);
    await picture(page, "bach-dark");
  });

  it("digits on a phone: nothing is wider than 360 pixels", async () => {
    const page = await open("#model=digits&calls=4", {
      viewport: { width: 360, height: 740 },
      hasTouch: true,
    });
    await finished(page, 16);
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360);
    assert.equal(await page.locator(".samples canvas").count(), 32);
    await noViolation(page);
    await picture(page, "digits-phone");
  });

  it("a broken model file is one sentence, and so is a missing one", async () => {
    const blocked = { serviceWorkers: "block" } as const;
    const broken = await open("#model=letters", blocked, (page) =>
      page.route("**/models/letters/chain.json", (route) => route.fulfill({ body: '{"initial": [0.5' })),
    );
    await problem(broken, /chain\.json has the SHA-256 [0-9a-f]{64}; the manifest says .* is damaged/);
    const missing = await open("#model=letters", blocked, (page) =>
      page.route("**/models/letters/manifest.json", (route) => route.fulfill({ status: 404, body: "no" })),
    );
    await problem(missing, /manifest\.json.*404/);
    const unknown = await open("#model=poem", blocked);
    await problem(unknown, /no model "poem"/);
  });

  async function problem(page: Page, expected: RegExp): Promise<void> {
    const alert = page.getByRole("alert");
    await alert.filter({ hasText: /./ }).waitFor({ timeout: 20_000 });
    const text = (await alert.textContent())!;
    assert.match(text, expected);
    assert.match(text, /^[^\n]+\.$/);
  }
});

/** Waits until every side has its samples. */
async function finished(page: Page, rows: number): Promise<void> {
  // A change is sampled with after a moment; until then the status is still of the run before.
  await page.waitForTimeout(300);
  // One look at one element: a search through all text would itself be a long task.
  const text = JSON.stringify(`${rows} samples on each side`);
  await page.waitForFunction(`document.getElementById("status").textContent.startsWith(${text})`, undefined, {
    timeout: 60_000,
  });
}

async function sampleTexts(page: Page): Promise<string[]> {
  return page.locator(".letters").allTextContents();
}

/** Nats lost of a side as its panel says. */
async function predicted(page: Page, side: "left" | "right"): Promise<number> {
  return Number.parseFloat((await page.locator(`.chart.${side} .predicted strong`).textContent())!);
}

async function ruleErrors(page: Page): Promise<number[]> {
  const panel = page.locator(".measure").filter({ hasText: "rule error" }).locator("dd:not(.bars)");
  return (await panel.allTextContents()).map((text) => Number.parseFloat(text));
}

async function noViolation(page: Page): Promise<void> {
  await page.evaluate(axe);
  const found = (await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html, failureSummary }) => html + failureSummary).slice(0, 3).join(' ')))",
  )) as string[];
  assert.deepEqual(found, []);
}

/** The whole page, kept for whoever wants to look. */
async function picture(page: Page, name: string): Promise<void> {
  const { width } = page.viewportSize()!;
  await page.setViewportSize({
    width,
    height: Number(await page.evaluate("document.documentElement.scrollHeight")),
  });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

/** Samples again until a run has no task of more than 50 ms: other work of the machine may stretch one, not each. */
async function longestTask(page: Page, rows: number): Promise<number> {
  return least(async () => {
    await page.evaluate("globalThis.longTasks.length = 0");
    await page.getByRole("button", { name: "Next" }).click();
    await finished(page, rows);
    return Number(await page.evaluate("Math.max(0, ...globalThis.longTasks)"));
  }, 1);
}

/** The least of at most four tries, which end with one that is below the bound. */
async function least(attempt: () => Promise<number>, bound: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 4 && !(least < bound); tries++) least = Math.min(least, await attempt());
  return least;
}

const watchLongTasks = `
  globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) globalThis.longTasks.push(duration);
  }).observe({ type: "longtask" });`;

const watchFirstSample = `
  addEventListener("DOMContentLoaded", () => {
    const observer = new MutationObserver(() => {
      if (!document.querySelector(".sample")) return;
      globalThis.firstSample = performance.now();
      observer.disconnect();
    });
    observer.observe(document.body, { childList: true, subtree: true });
  });`;

const watchSound = `
  globalThis.sound = { contexts: 0, stopped: 0, voices: new Set(), open: () => sound.voices.size };
  globalThis.AudioContext = class extends AudioContext {
    constructor() { super(); sound.contexts++; }
  };
  globalThis.OscillatorNode = class extends OscillatorNode {
    start(at) { sound.voices.add(this); super.start(at); }
    stop(at) {
      // The first call says when the note ends; a later one, soon, silences it.
      if (this.ends) { sound.stopped++; sound.voices.delete(this); }
      this.ends = true;
      super.stop(at);
    }
  };`;

const runtimeKept = `caches.open("fewstep-runtime").then((cache) => cache.keys()).then((keys) => keys.length >= 3)`;
