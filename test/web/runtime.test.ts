import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { loadModel } from "../../src/node/index.ts";
import { sample } from "../../src/sample.ts";
import { uniform } from "../../src/schedules/uniform.ts";
import type { Job } from "../../src/web/index.ts";
import { noBrowser, openBrowser } from "./browser.ts";
import type { Driver } from "./page/driver.ts";
import { builtExample, repository } from "./site.ts";
import { type Site, staticServer } from "./static-server.ts";

declare const driver: Driver;

let chromium: Browser;
let built: Awaited<ReturnType<typeof builtExample>>;
let site: Site;

before(async () => {
  if (noBrowser) return;
  [chromium, built] = await Promise.all([openBrowser(), builtExample()]);
  const own = ["models", "examples", "dist", "node_modules"];
  const folders = own.map((name) => [`/${name}/`, join(repository, name)]);
  site = await staticServer({ ...Object.fromEntries(folders), "/": built.folder });
});

after(async () => {
  await chromium?.close();
  await site?.close();
  await built?.remove();
});

/** A browser of its own with the test page open; problems of the page fail the test. */
async function opened(
  path = "driver/index.html",
  of: Site = site,
): Promise<{ page: Page; context: BrowserContext }> {
  const context = await chromium.newContext();
  const page = await context.newPage();
  page.on("pageerror", (error) => assert.fail(`the page failed: ${error.message}`));
  await page.goto(of.address + path);
  if (path.startsWith("driver/")) await page.waitForFunction(() => "driver" in globalThis);
  return { page, context };
}

async function inPage(page: Page, model: string, small: boolean, job: Job) {
  return page.evaluate(
    async ({ url, small, job }) => {
      const began = performance.now();
      const { model, told } = await driver.load(url, { small });
      const loaded = performance.now();
      const { tokens, states } = await driver.sample(model, job);
      const { fingerprint, provider } = model;
      const [load, run] = [loaded - began, performance.now() - loaded].map(Math.round);
      return { tokens, states, fingerprint, provider, told, load, run, longTasks: driver.longTasks };
    },
    { url: new URL(`/models/${model}`, page.url()).href, small, job },
  );
}

/** Rows of the page's tokens that differ from those of Node. */
async function differing(tokens: number[], model: string, small: boolean, job: Job): Promise<number> {
  const here = await loadModel(model, { small, threads: 1 });
  const { count, batch = 8, seed = 0 } = job;
  const { steps } = job.schedule as { steps: number };
  const { process, noise, denoiser } = here;
  const due = await sample(denoiser, { process, noise, schedule: uniform({ steps }), count, batch, seed });
  await here.dispose();
  assert.equal(tokens.length, due.tokens.length);
  const rows = Array.from({ length: count }, (_, row) => {
    const own = due.tokens.subarray(row * due.length, (row + 1) * due.length);
    return own.some((token, at) => token !== tokens[row * due.length + at]);
  });
  return rows.filter(Boolean).length;
}

describe("fewstep/web in Chromium", { skip: noBrowser }, () => {
  test("exact and neural models give the tokens of Node, and the page never waits 50 ms", async (t) => {
    const { page, context } = await opened();
    const cases = [
      { model: "countdown", small: false, steps: 32, most: 0 },
      { model: "text", small: true, steps: 2, most: 2 },
      { model: "text", small: false, steps: 2, most: 2 },
      { model: "bach", small: true, steps: 2, most: 2 },
    ];
    for (const { model, small, steps, most } of cases) {
      const job: Job = { schedule: { name: "uniform", steps }, count: 16, batch: 8, seed: 21 };
      const found = await inPage(page, model, small, job);
      const rows = await differing(found.tokens, model, small, job);
      const { provider, load, run, longTasks } = found;
      t.diagnostic(
        `${model}${small ? " int8" : ""} on ${provider}: ${rows} of 16 rows differ; loaded in ${load} ms, ${steps} steps of 2 x 8 rows in ${run} ms`,
      );
      assert.ok(rows <= most, `${model}: ${rows} of 16 rows differ`);
      assert.equal(found.states, 2 * (steps + 1));
      assert.ok(found.told > 0);
      // Other work on the machine stretches tasks: a page that makes the reader wait does so every time.
      let waits = longTasks;
      for (let tries = 1; waits.length > 0 && tries < 4; tries++) {
        await page.evaluate(() => {
          driver.longTasks.length = 0;
        });
        waits = (await inPage(page, model, small, job)).longTasks;
      }
      assert.deepEqual(
        waits,
        [],
        `${model}: tasks above 50 ms, ${waits.join(", ")} ms, in four runs of four`,
      );
    }
    await context.close();
  });

  test("what was loaded once is there without a network, in a new worker too", async () => {
    const { page, context } = await opened();
    const job: Job = { schedule: { name: "uniform", steps: 4 }, count: 2, seed: 3 };
    const online = await inPage(page, "digits", true, job);
    await page.waitForFunction(async () => {
      const keys = await (await caches.open("fewstep-models")).keys();
      return keys.filter(({ url }) => url.endsWith(".npy")).length === 4;
    });
    const keys = await page.evaluate(async () =>
      (await (await caches.open("fewstep-models")).keys()).map(({ url }) => url.replace(/^.*models\//, "")),
    );
    const { manifest } = await loadModel("digits", { small: true });
    assert.ok(keys.includes(`digits/model-int8.onnx?sha256=${manifest?.small?.sha256}`), keys.join(" "));
    await context.route("**/models/**", (route) => route.abort());
    await page.reload();
    await page.waitForFunction(() => "driver" in globalThis);
    const offline = await inPage(page, "digits", true, job);
    assert.deepEqual(offline.tokens, online.tokens);
    const values = await page.evaluate(async (url) => {
      const { model } = await driver.load(url, { small: true });
      const { tokens } = await driver.sample(model, { schedule: { name: "uniform", steps: 2 }, count: 4 });
      return model.measure(Int32Array.from(tokens));
    }, `${site.address}models/digits`);
    assert.ok(
      values.some(({ name }) => name.startsWith("frechet")),
      values.map(({ name }) => name).join(),
    );
    await context.close();
  });

  test("a damaged copy in the cache is fetched again; a damaged file is a sentence", async () => {
    const { page, context } = await opened();
    const job: Job = { schedule: { name: "uniform", steps: 4 }, count: 2, seed: 3 };
    const whole = await inPage(page, "countdown", false, job);
    await page.evaluate(async () => {
      const cache = await caches.open("fewstep-models");
      const key = (await cache.keys()).find(({ url }) => url.includes("chain.json"))!;
      await cache.put(key, new Response("{}"));
    });
    assert.deepEqual((await inPage(page, "countdown", false, job)).tokens, whole.tokens);
    await context.route("**/letters/chain.json", (route) => route.fulfill({ body: "{}" }));
    const sentence = await page.evaluate(
      (url) =>
        driver.load(url).then(
          () => "loaded",
          (error: Error) => error.message,
        ),
      `${site.address}models/letters`,
    );
    assert.match(
      sentence,
      /letters\/chain\.json has the SHA-256 [0-9a-f]{64}; the manifest says .* damaged or another/,
    );
    await context.close();
  });

  test("on an isolated page the runtime has threads, and gives the same tokens", async (t) => {
    const own = await staticServer(
      { "/models/": join(repository, "models"), "/": built.folder },
      { isolated: true },
    );
    const { page, context } = await opened("driver/index.html", own);
    try {
      assert.equal(await page.evaluate(() => crossOriginIsolated), true);
      const job: Job = { schedule: { name: "uniform", steps: 2 }, count: 4, batch: 4, seed: 8 };
      const found = await page.evaluate(
        async ({ url, job }) => {
          const { model } = await driver.load(url, { small: true, threads: 2 });
          return (await driver.sample(model, job)).tokens;
        },
        { url: `${own.address}models/text`, job },
      );
      const rows = await differing(found, "text", true, job);
      t.diagnostic(`text int8 on 2 threads: ${rows} of 4 rows differ`);
      assert.ok(rows <= 1);
    } finally {
      await context.close();
      await own.close();
    }
  });

  test("examples/worker-page.html shows a sample", async () => {
    const { page, context } = await opened("worker-page.html?models=/models/");
    const text = page.locator("#text");
    await text.getByText("16 of 16 steps").waitFor({ timeout: 60_000 });
    assert.match((await text.textContent()) ?? "", /^[ !'(),\-.:;?a-z]{256}\n\n16 of 16 steps$/);
    await context.close();
  });

  test("examples/page.html shows one without a build", async () => {
    const { page, context } = await opened("examples/page.html");
    const text = page.locator("#text");
    await text.getByText("16 of 16 steps").waitFor({ timeout: 60_000 });
    assert.match((await text.textContent()) ?? "", /^[ !'(),\-.:;?a-z]{256}\n\n16 of 16 steps$/);
    await context.close();
  });
});
