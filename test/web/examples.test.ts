import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "vite";
import type { useModel, useSamples } from "../../examples/use-samples.ts";
import { loadModel } from "../../src/node/index.ts";
import { sample } from "../../src/sample.ts";
import { uniform } from "../../src/schedules/uniform.ts";
import type { Job } from "../../src/web/index.ts";
import { site, workerHere } from "../web-worker.ts";
import type { mount } from "./tiny-react.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The hooks in a bundle with the tiny React, as an application's bundler makes one. */
async function bundled(): Promise<{
  useModel: typeof useModel;
  useSamples: typeof useSamples;
  mount: typeof mount;
}> {
  const folder = await mkdtemp(join(tmpdir(), "fewstep-hooks-"));
  await build({
    ...{ configFile: false, logLevel: "error" },
    resolve: { alias: { react: at("./tiny-react.ts"), "fewstep/web": at("../../src/web/index.ts") } },
    build: {
      outDir: folder,
      lib: { entry: at("./hooks-entry.ts"), formats: ["es"], fileName: () => "hooks.mjs" },
    },
  });
  const found = await import(pathToFileURL(join(folder, "hooks.mjs")).href);
  await rm(folder, { recursive: true });
  return found;
}

describe("examples", () => {
  test("sample.ts prints four sequences of letters", async () => {
    const run = promisify(execFile)(process.execPath, ["--import", "tsx", at("../../examples/sample.ts")]);
    const { stdout } = await run;
    const model = await loadModel("letters");
    const options = { schedule: uniform({ steps: 8 }), count: 4, seed: 1 };
    const { tokens, length } = await sample(model.denoiser, options);
    const text = await model.text();
    const rows = [0, 1, 2, 3].map((row) => text.decode(tokens.subarray(row * length, (row + 1) * length)));
    assert.equal(stdout, `${rows.join("\n")}\n`);
  });

  test("the hooks load a model once, follow the job and stop what is not wanted any more", async () => {
    const { useModel, useSamples, mount } = await bundled();
    const workers: ReturnType<typeof workerHere>[] = [];
    const startWorker = () => {
      workers.push(workerHere());
      return workers.at(-1)!.worker as Worker;
    };
    let job: Job = { schedule: { name: "uniform", steps: 6 }, count: 1, seed: 1 };
    const seen: ReturnType<typeof useSamples>[] = [];
    const app = mount(() => {
      const { value: model, error } = useModel(`${site}countdown`, startWorker);
      assert.equal(error, undefined);
      seen.push(useSamples(model, job));
    });
    const until = async (is: (last: (typeof seen)[number]) => boolean) => {
      while (!is(seen.at(-1)!)) await new Promise((resolve) => setTimeout(resolve, 1));
      return seen.at(-1)!;
    };
    const { denoiser } = await loadModel("countdown");
    const first = await until(({ value }) => value?.t === 0);
    const due = await sample(denoiser, { schedule: uniform({ steps: 6 }), seed: 1 });
    assert.deepEqual(first.value?.tokens, due.tokens);
    assert.deepEqual(
      seen.flatMap(({ value }) => value?.index ?? []),
      [0, 1, 2, 3, 4, 5, 6],
    );

    job = { ...job };
    app.again();
    assert.equal(workers[0]!.sent.filter((kind) => kind === "sample").length, 1, "an equal job is the same");
    job = { ...job, schedule: { name: "uniform", steps: 200 } };
    app.again();
    await until(({ value }) => value?.steps === 200 && value.index > 3);
    job = { ...job, sampler: { name: "magic" } };
    app.again();
    const { error } = await until((last) => last.error !== undefined);
    assert.match(error!.message, /^sampler "magic" is not known/);
    assert.deepEqual([workers.length, workers[0]!.sent.includes("stop")], [1, true]);
    app.unmount();
  });
});
