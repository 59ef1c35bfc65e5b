/** Comparisons of solvers of a continuous model: what is run, what is measured, what the report and the tables show. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { fittedOrder } from "../../src/cli/continuous/fitted-order.ts";
import { solverNames } from "../../src/cli/continuous/solver-names.ts";
import { runContinuousStudy } from "../../src/cli/continuous/study.ts";
import { continuousMarkdown } from "../../src/cli/continuous/study-markdown.ts";
import { studyTable } from "../../src/cli/study-text.ts";
import {
  ddim,
  probabilityFlow,
  rootMeanSquare,
  sample,
  steps,
  timePower,
} from "../../src/continuous/index.ts";
import { loadContinuousModel } from "../../src/node/index.ts";
import { type ContinuousComparison, renderContinuousReport } from "../../src/report/continuous-report.ts";
import { close } from "../golden.ts";
import { json, refused, succeed, together, workFolder } from "../run-cli.ts";
import { noise, target } from "./bench.ts";

describe("a study of solvers", () => {
  let study: ContinuousComparison;
  before(async () => {
    const model = await loadContinuousModel("mixture");
    study = await runContinuousStudy(model, {
      title: "title",
      command: "command",
      calls: [6, 12, 24],
      methods: solverNames("ddim/time-quadratic,rho-kutta/time-quadratic,ddim:eta=1/log-snr"),
      count: 120,
      seed: 4,
      flow: { rows: 40, steps: 200 },
    });
  });

  it("runs every method at every number of calls; those of several calls a step take fewer steps", () => {
    const ran = study.results.map(({ method, steps: budget, calls, evaluations }) => [
      method,
      budget,
      calls,
      evaluations,
    ]);
    assert.deepEqual(ran, [
      ...[6, 12, 24].map((n) => ["ddim, time-quadratic", n, n, 120 * n]),
      ...[6, 12, 24].map((n) => ["rho-kutta, time-quadratic", n, n, 120 * n]),
      ...[6, 12, 24].map((n) => ["ddim:eta=1, log-snr", n, n, 120 * n]),
    ]);
  });

  it("measures the error to the exact flow from the same start points, and only where there is one", async () => {
    const { x } = await sample(target, {
      noise,
      sampler: ddim(),
      schedule: timePower({ steps: 6 }),
      count: 40,
      seed: 4,
    });
    let start = new Float64Array(0);
    for await (const state of steps(target, {
      noise,
      sampler: ddim(),
      schedule: timePower({ steps: 6 }),
      count: 40,
      seed: 4,
    })) {
      start = Float64Array.from(state.x);
      break;
    }
    const exact = await probabilityFlow(target, { noise, start, steps: 400 });
    const expected = rootMeanSquare(x, exact, { dimension: 2 });
    close(study.results[0]!.measured["error"]!.value, expected.value, { abs: 1e-7, rel: 1e-5 }, "error");
    assert.equal(study.results.at(-1)!.measured["error"], undefined);
    assert.ok(study.results.at(-1)!.measured["energy-distance"]);
    assert.deepEqual(Object.keys(study.slopes!), ["ddim, time-quadratic", "rho-kutta, time-quadratic"]);
  });

  it("fits the order of an error that falls by a power", () => {
    const points = [5, 10, 20, 40].map((calls) => ({ calls, error: 3 * calls ** -2.5 }));
    const { value, standardError } = fittedOrder(points);
    close([value, standardError], [2.5, 0], { abs: 1e-7, rel: 0 }, "order");
    // By hand: logs (0, 0), (1, -1), (2, -1) have slope -1/2 and residuals +-1/6, 1/3: error sqrt((1/6) / 2).
    const bent = fittedOrder(
      [0, 1, 2].map((x) => ({ calls: Math.exp(x), error: Math.exp([0, -1, -1][x]!) })),
    );
    close([bent.value, bent.standardError], [0.5, Math.sqrt(1 / 12)], { abs: 1e-12, rel: 0 }, "bent");
  });

  it("keeps paths in the plane that start at the same points and end at the samples", async () => {
    const { trajectories, plane } = study;
    assert.deepEqual(
      trajectories.map(({ calls }) => calls),
      [12, 12, 12],
    );
    const [first, second] = trajectories;
    first!.paths.forEach((path, i) => {
      assert.equal(path.length, 13);
      assert.deepEqual(path[0], second!.paths[i]![0]);
      assert.deepEqual(path[0], plane!.reference[i]![0]);
    });
    const { x } = await sample(target, {
      noise,
      sampler: ddim(),
      schedule: timePower({ steps: 12 }),
      count: 5,
      seed: 4,
    });
    assert.deepEqual(
      first!.paths.flatMap((path) => [...path.at(-1)!]),
      Array.from(x),
    );
  });

  it("is a page with pictures, a text table and a Markdown table of every number", () => {
    const page = renderContinuousReport(study);
    for (const { method } of study.results) assert.ok(page.includes(method), `${method} is not on the page`);
    assert.equal(page.match(/<svg/g)?.length, 3 + 3);
    assert.match(page, /order (0\.|1\.)/);
    assert.match(page, /12 calls of ddim, time-quadratic: 5 samples end at/);
    assert.doesNotMatch(page, /NaN|undefined|https?:\/\/(?!www\.w3\.org)/);
    const table = studyTable(study);
    assert.match(table, /^method +calls +error +energy-distance +kl +fitted order +seconds/);
    const markdown = continuousMarkdown(study);
    assert.match(markdown, /^\| solver, schedule \| 6 calls \| 12 calls \| 24 calls \| order \|$/m);
    assert.match(markdown, /^\| ddim, time-quadratic \| \*\*0\.\d+ ± 0\.\d+\*\* \| /m);
    assert.match(markdown, /^\| rho-kutta, time-quadratic \| .* \*\*0\.\d+ ± 0\.\d+\*\* \| /m);
  });
});

describe("fewstep compare of a continuous model", together, () => {
  const folder = workFolder();

  it("prints the table and writes the report", async () => {
    const args =
      "compare mixture --methods deis/time-quadratic,ddim/time-quadratic --steps 4,8,16 --count 100";
    const text = await succeed([...args.split(" "), "--out", "report.html"], folder);
    assert.match(text, /deis, time-quadratic +8 +0\.\d+ ± /);
    assert.match(text, /\nReport: report\.html\n$/);
    assert.match(
      readFileSync(join(folder, "report.html"), "utf8"),
      /<h2 id="section-1">The ways that samples took/,
    );
  });

  it("prints JSON", async () => {
    const args =
      "compare mixture --methods ipndm:order=2/time-quadratic --steps 4 --count 30 --json --out j.html";
    const told = await json<{ results: { method: string; calls: number }[] }>(args.split(" "), folder);
    assert.deepEqual(
      told.results.map(({ method, calls }) => [method, calls]),
      [["ipndm:order=2, time-quadratic", 4]],
    );
  });

  for (const [args, message] of [
    ["--methods warp/time-quadratic", /sampler "warp" is not known; expected one of .*ddim/],
    [
      "--methods ddim/optimal",
      /"ddim\/optimal" is no method of a continuous model; expected solver\/schedule/,
    ],
    ["--methods ddim:speed=3", /has no parameter "speed"/],
    ["--prefix 4", /--prefix is for a model of tokens/],
    ["--guidance 2", /no class to guide "mixture" towards; name one with --label/],
  ] as const) {
    it(`refuses ${args}`, () =>
      refused(["compare", "mixture", ...args.split(" ")], {
        folder: workFolder(),
        code: 2,
        sentence: message,
      }));
  }
});
