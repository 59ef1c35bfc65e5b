/** DC-Solver with given ratios: known answers, and when a ratio changes nothing. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  bh1,
  compensated,
  type Denoiser,
  dataForm,
  dcSolver,
  logSnr,
  noiseForm,
  predicting,
  type State,
  sample,
  steps,
  timeUniform,
  type UniPcOptions,
  uniPc,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { endsOf, noise, starts, target } from "./bench.ts";

const schedule = timeUniform({ steps: 5 });
const ratios = [1, 1, 1.05, 0.95, 1.1];

describe("DC-Solver", () => {
  for (const { name, options, ends } of [
    {
      name: "order 3, bh1",
      options: { order: 3, weight: bh1 },
      ends: [2.109671968212, -0.070234050202, -0.717821532343, 1.504198278338],
    },
    {
      name: "order 2, bh2",
      options: {},
      ends: [2.092618447798, -0.067899690145, -0.636870178027, 1.443709801612],
    },
  ] satisfies { name: string; options: UniPcOptions; ends: number[] }[]) {
    it(`known answer: ${name}`, async () => {
      const found = await endsOf(dcSolver({ ...options, ratios }), schedule);
      close(found, ends, { abs: 1e-8, rel: 0 }, "ends");
    });
  }

  it("with all ratios 1 is UniPC, bit for bit", async () => {
    const ones = new Array<number>(8).fill(1);
    for (const form of [dataForm, noiseForm]) {
      for (const order of [1, 2, 3]) {
        for (const compensationOrder of [1, 2, 3]) {
          const run = { noise, schedule: logSnr({ steps: 8 }), count: 6 };
          const options = { order, form, uncorrected: [1] };
          const plain = await sample(target, { ...run, sampler: uniPc(options) });
          const sampler = dcSolver({ ...options, compensationOrder, ratios: ones });
          assert.deepEqual(await sample(target, { ...run, sampler }), plain);
        }
      }
    }
  });

  it("a prediction that never changes is not moved by any ratio", async () => {
    const constant: Denoiser = { dimension: 2, predict: ({ x }) => x.map((_, at) => 0.3 - 0.8 * (at % 2)) };
    for (const [form, model] of [
      [dataForm, predicting("x0", constant)],
      [noiseForm, constant],
    ] as const) {
      const run = { noise, schedule, start: starts, count: 2 };
      const { x: plain } = await sample(model, { ...run, sampler: uniPc({ form }) });
      const sampler = dcSolver({ form, ratios: [1, 1, 0.4, 1.7, -2] });
      close((await sample(model, { ...run, sampler })).x, plain, { abs: 1e-10, rel: 1e-10 }, form.name);
    }
  });

  it("a buffer that is a polynomial of degree K in time is moved along it", () => {
    const nodes = [0.2, 0.45, 0.5, 0.9, 1];
    for (const compensationOrder of [1, 2, 3, 4]) {
      const value = (t: number) => Float64Array.of(t ** compensationOrder, 1 - 2 * t, 3);
      const buffer = nodes.map((t) => ({ t, value: value(t) }));
      for (const ratio of [0.3, 0.8, 1, 1.4, 2]) {
        const [newest, ...rest] = compensated(buffer, { ratio, compensationOrder });
        const moved = ratio * nodes[0]! + (1 - ratio) * nodes[1]!;
        close(
          newest!.value,
          value(moved),
          { abs: 1e-10, rel: 1e-10 },
          `K ${compensationOrder}, ratio ${ratio}`,
        );
        assert.equal(newest!.t, nodes[0]);
        assert.deepEqual(rest, buffer.slice(1));
      }
    }
  });

  it("needs K + 1 predictions, and keeps as many, so that order 2 is compensated by K = 2", async () => {
    const early = await endsOf(dcSolver({ ratios: [0.5, 0.5, 1, 1, 1] }), schedule);
    assert.deepEqual(early, await endsOf(uniPc(), schedule));
    const all: State[] = [];
    const run = { noise, schedule, sampler: dcSolver({ ratios }), start: starts, count: 2 };
    for await (const state of steps(target, run)) all.push(state);
    assert.equal(all[5]!.memory["times"]!.length, 3);
    assert.equal(all[5]!.calls, 5);
    // What was moved stays so: the newest of a step is the second newest of the next.
    assert.deepEqual(all[4]!.memory["value1"], all[3]!.memory["value0"]);
  });

  it("a saved state goes on where it stopped, and a row does not depend on its batch", async () => {
    const run = { noise, schedule, sampler: dcSolver({ ratios }), seed: 2 };
    const all: State[] = [];
    for await (const state of steps(target, { ...run, count: 3 })) all.push(state);
    const from = structuredClone(all[3]!);
    const rest: State[] = [];
    for await (const state of steps(target, { ...run, count: 3, from })) rest.push(state);
    assert.deepEqual(rest, all.slice(3));
    const alone = await sample(target, { ...run, count: 1, firstRow: 2 });
    assert.deepEqual(alone.x, all[5]!.x.slice(4));
  });

  it("refuses ratios of another number of steps, and what is no ratio or order", async () => {
    await assert.rejects(
      endsOf(dcSolver({ ratios: [1, 1, 1] }), schedule),
      /dcSolver: 3 ratios for 5 steps; expected one for each/,
    );
    assert.throws(() => dcSolver({ ratios: [1, Number.NaN] }), /ratios\[1\] = NaN/);
    assert.throws(() => dcSolver({ ratios, compensationOrder: 0 }), /compensationOrder = 0/);
  });
});
