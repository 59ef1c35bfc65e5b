/** What of the page needs no browser: links, steps, recordings, and the list of models. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  curveLevels,
  linear,
  makePart,
  optimalSchedules,
  type Plan,
  parsePart,
  scheduleCost,
  selectors,
} from "../../src/index.ts";
import { loadModel } from "../../src/node/index.ts";
import { hasCurveOfItsOwn } from "../../src/optimize/predicted-nats.ts";
import { colourVariables } from "../../src/report/colours.ts";
import { formatEstimate, formatNumber } from "../../src/report/format.ts";
import { REVEAL_SHADES } from "../../src/report/reveal-shade.ts";
import { offered, onlyOffered } from "../../web/only-offered.ts";
import { models, ordersOf, schedulesOf, startingSettings } from "../../web/src/catalog.ts";
import { type Facts, factsOf } from "../../web/src/facts.ts";
import { fromFragment, toFragment } from "../../web/src/link.ts";
import { hasOwnPath } from "../../web/src/loss-panel.ts";
import { estimateText, numberText } from "../../web/src/number-text.ts";
import { takePlan } from "../../web/src/plan-exchange.ts";
import { finished, frameOf, type Recording, recorded } from "../../web/src/recording.ts";
import { best, lost, placesOf, stepsAt, stepsOf } from "../../web/src/schedule-choice.ts";
import type { Settings, Side } from "../../web/src/settings.ts";

const shipped = new URL("../../models/", import.meta.url);

describe("links", () => {
  const steps = fc
    .uniqueArray(fc.integer({ min: 1, max: 255 }), { minLength: 0, maxLength: 20 })
    .map((inner) => [0, ...inner.sort((a, b) => a - b), 256]);
  const side: fc.Arbitrary<Side> = fc.record(
    {
      schedule: fc.constantFrom("uniform", "cosine", "optimal", "own"),
      order: fc.constantFrom("random", "stratified", "dilated:length=256", "confidence"),
      steps,
    },
    { requiredKeys: ["schedule", "order"], noNullPrototype: true },
  );
  const settings: fc.Arbitrary<Settings> = fc.record(
    {
      model: fc.constantFrom("text", "countdown"),
      calls: fc.integer({ min: 1, max: 64 }),
      left: side,
      right: side,
      seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      temperature: fc.constantFrom(0.5, 0.85, 1, 1.2),
      rows: fc.integer({ min: 1, max: 512 }),
      weights: fc.constantFrom("full", "small"),
      given: fc
        .array(fc.integer({ min: -1, max: 36 }), { minLength: 1, maxLength: 40 })
        .map((tokens) => [...tokens, 7]),
    },
    {
      requiredKeys: ["model", "calls", "left", "right", "seed", "temperature", "rows", "weights"],
      noNullPrototype: true,
    },
  );

  it("give the settings back that they were made of", () => {
    fc.assert(
      fc.property(settings, (made) => {
        assert.deepEqual(fromFragment(toFragment(made)), made);
      }),
    );
  });

  it("of times, without a mask", () => {
    const start = startingSettings("digits");
    const made = { ...start, left: { schedule: "own", order: "psi:kappa=0.9", steps: [1, 0.62, 0.125, 0] } };
    assert.deepEqual(fromFragment(toFragment(made)), made);
  });

  it("that are empty are how the first model starts", () => {
    assert.deepEqual(fromFragment(""), startingSettings("text"));
  });

  for (const [fragment, problem] of [
    ["#model=poem", /no model "poem"; expected one of text, /],
    ["#calls=0", /calls = 0; expected a number from 1 to 64/],
    ["#calls=2.5", /calls = 2\.5; expected a whole number/],
    ["#seed=", /seed = ; expected a number/],
    ["#a=uniform/random/x", /"uniform\/random\/x" for a side/],
    ["#a=late/random", /"late\/random" for a side/],
    ["#b=own:0-9-9-256/random", /steps 0-9-9-256; expected reveal counts that rise from 0/],
    ["#model=bach&b=own:1-0.5-0.7-0/ancestral", /expected times that fall from 1 to 0/],
    ["#given=8.-.9", /"-" among the given tokens is none/],
    ["#model=%E0%A4%A", /damaged/],
  ] as const) {
    it(`${fragment} is refused in a sentence`, () => {
      assert.throws(() => fromFragment(fragment), problem);
    });
  }
});

describe("steps of a side", () => {
  const facts = (over: Partial<Facts> = {}): Facts => ({
    ...{ name: "x", length: 64, vocabulary: 9, mask: 9, noise: linear(), tokens: undefined },
    ...{ alphabet: undefined, countsDown: false, text: undefined as never },
    ...over,
  });
  const curve = Float64Array.from({ length: 64 }, (_, m) => 2 / (1 + m));

  it("optimal ones are the dynamic program's, and nothing is above them", () => {
    for (const calls of [1, 3, 8, 64]) {
      const counts = stepsOf({ schedule: "optimal", order: "random" }, { calls, facts: facts(), curve });
      assert.deepEqual(counts, [...optimalSchedules(curve, calls).at(-1)!.counts]);
      const sum = curve.reduce((total, value) => total + value, 0);
      assert.ok(Math.abs(best(curve, calls).nats - (scheduleCost(curve, counts) - sum)) < 1e-12);
      const even = stepsOf({ schedule: "uniform", order: "random" }, { calls, facts: facts(), curve });
      assert.ok(lost(curve, even) >= best(curve, calls).nats - 1e-12);
    }
    assert.ok(Math.abs(best(curve, 64).nats) < 1e-12, "one token a call loses nothing");
  });

  it("own steps keep their shape, and stay steps, at any other number of calls", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 63 }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 64 }),
        (inner, calls) => {
          const own = [0, ...inner.sort((a, b) => a - b), 64];
          const counts = stepsOf(
            { schedule: "own", order: "random", steps: own },
            { calls, facts: facts(), curve },
          );
          assert.equal(counts.length, calls + 1);
          assert.deepEqual([counts[0], counts.at(-1)], [0, 64]);
          for (let i = 1; i < counts.length; i++)
            assert.ok(counts[i]! > counts[i - 1]!, `${own} -> ${counts}`);
        },
      ),
    );
  });

  it("of times go to places and back", () => {
    const unmasked = facts({ mask: undefined });
    const times = stepsOf({ schedule: "uniform", order: "ancestral" }, { calls: 8, facts: unmasked, curve });
    assert.deepEqual(stepsAt(placesOf(times, unmasked), unmasked), times);
  });
});

describe("recordings", () => {
  it("tell the step in which a token last changed", () => {
    const state = (index: number, tokens: number[]) => ({
      ...{ index, steps: 2, t: 1 - index / 2, tokens: Int32Array.from(tokens), batch: 1, length: 3 },
      ...{ firstRow: 4, calls: index, evaluations: index, memory: {} },
    });
    const recordings: Recording[] = [];
    recorded(recordings, state(0, [9, 9, 5]));
    recorded(recordings, state(1, [9, 2, 5]));
    assert.equal(finished(recordings).length, 0, "half a run is no sample");
    const recording = recorded(recordings, state(2, [1, 2, 5]));
    assert.deepEqual([...frameOf(recording, 0, 2).changedAt], [2, 1, 0]);
    assert.deepEqual([...frameOf(recording, 0, 1).tokens], [9, 2, 5]);
    assert.deepEqual([...finished(recordings)], [1, 2, 5]);
    recorded(recordings, state(0, [9, 9, 9]));
    assert.equal(recordings.length, 2, "a first state begins a recording");
  });
});

describe("what the page offers", () => {
  it("has the report's numbers", () => {
    for (const value of [0, 0.000912, 0.0456, 0.5, 7.25, -3.1, 12.345, 654.3, Number.NaN]) {
      assert.equal(numberText(value), formatNumber(value));
      for (const standardError of [0, 0.0002, 0.013, 0.19, 0.5, 1.9, 30]) {
        assert.equal(estimateText(value, standardError), formatEstimate({ value, standardError }));
      }
    }
  });

  it("has the report's shades", () => {
    assert.equal(colourVariables("light").match(/--reveal-\d:/g)?.length, REVEAL_SHADES);
  });

  it("is every model of tokens that ships", () => {
    const folders = readdirSync(shipped, { withFileTypes: true }).filter((each) => each.isDirectory());
    const ofTokens = folders.filter(({ name }) => {
      const manifest = JSON.parse(readFileSync(new URL(`${name}/manifest.json`, shipped), "utf8"));
      return manifest.space !== "continuous";
    });
    assert.deepEqual(models.map(({ name }) => name).sort(), ofTokens.map(({ name }) => name).sort());
  });

  it("is what the worker's table of parts has, and no more", () => {
    const table = readFileSync(new URL("../../src/parts.ts", import.meta.url), "utf8");
    const rows = [...onlyOffered(table).matchAll(/^ {2}"?([\w-]+)"?: row\(/gm)].map(([, name]) => name);
    assert.deepEqual(rows.sort(), Object.values(offered).flat().sort());
    assert.throws(() => onlyOffered(table.replace("  margin:", "  edge:")), /no rows for selectors\.margin;/);
  });

  it("says of every order whether its own path can be predicted", () => {
    for (const { id } of ordersOf({ masked: true, length: 64 })) {
      const selector = makePart("selector", selectors, parsePart(id));
      assert.equal(hasOwnPath(id), selector.reads === "positions" && !hasCurveOfItsOwn(selector), id);
    }
  });

  it("has no plan of more calls than a link can hold", async () => {
    const model = await loadModel("countdown");
    const { length, vocabulary } = model.denoiser;
    const plan = (calls: number): Plan => ({
      ...{ format: "fewstep/plan", version: 1, sampler: { name: "ancestral" }, selector: { name: "random" } },
      ...{ process: { name: "absorbing" }, noise: { name: "linear" }, calls },
      model: { name: model.name, fingerprint: model.fingerprint, length, vocabulary },
      schedule: { name: "own", counts: [...Array.from({ length: calls }, (_, i) => i), length] },
      search: { method: "by hand", data: "own samples", sequences: 0, seed: 0, evaluations: 0 },
    });
    const facts = factsOf(model.manifest!);
    assert.equal(takePlan(plan(64), facts).calls, 64);
    assert.throws(
      () => takePlan(plan(65), facts),
      /^RangeError: The plan has 65 calls, which this page does not show/,
    );
    await model.dispose();
  });

  for (const { name, masked, left, right } of models) {
    it(`${name}: measured curves are of the model that ships, at every order`, async () => {
      const model = await loadModel(name);
      const file = new URL(`../../web/measured/${name}.json`, import.meta.url);
      const { fingerprint, curves, openings } = JSON.parse(readFileSync(file, "utf8"));
      const { length } = model.denoiser;
      assert.equal(fingerprint, model.fingerprint, "measure again: node --import tsx web/measure-curves.ts");
      assert.equal(masked, model.process.mask !== undefined);
      assert.equal(factsOf(model.manifest!).mask, model.process.mask);
      const orders = ordersOf({ masked, length }).map(({ id }) => id);
      assert.deepEqual(Object.keys(curves), masked ? orders : []);
      for (const curve of Object.values(curves) as { counts: number[]; entropy: number[] }[]) {
        assert.deepEqual(curve.counts, curveLevels(length, 40));
        assert.ok(
          curve.entropy.every((nats) => nats >= 0 && nats <= Math.log(model.denoiser.vocabulary) + 1e-9),
        );
      }
      for (const opening of openings) assert.equal(opening.length, length / 2);
      assert.equal(openings.length > 0, model.manifest?.tokens !== undefined);
      for (const side of [left, right]) {
        assert.ok(orders.includes(side.order));
        assert.ok(schedulesOf({ masked }).some(({ id }) => id === side.schedule));
      }
      await model.dispose();
    });
  }
});
