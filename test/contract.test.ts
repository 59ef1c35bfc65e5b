/**
 * The contract table: what every combination of sampler, process, selector and corrector keeps, and which ones
 * are refused. The parts come from the tables of src/parts.ts: a new row is tested without a change here, but
 * for the lists of what is refused.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  chainSamples,
  constant,
  type Denoiser,
  informationCurve,
  linear,
  type Noise,
  type SampleOptions,
  type Schedule,
  type State,
  sample,
  steps,
  uniform,
} from "../src/index.ts";
import {
  correctors,
  exactModel,
  length,
  noises,
  processes,
  samplers,
  selectors,
  selectorsFor,
  vocabulary,
} from "./contract-parts.ts";
import { hashed } from "./hashed.ts";

/** Samplers that take only masks, and one that does not take them. */
const onlyMasks = [
  "k-gillespie",
  "first-hitting",
  "remdm-cap",
  "remdm-rescale",
  "remdm-confidence",
  "remdm-forward-backward",
  "remdm-loop",
  "mask-git",
  "path-planning",
];
const refusedSamplers: Readonly<Record<string, readonly string[]>> = {
  absorbing: ["systematic-ancestral", "plug-in-ancestral"],
  uniform: onlyMasks,
  ordinal: ["analytic", ...onlyMasks],
  custom: ["analytic", ...onlyMasks],
};
const refusedCorrectors: Readonly<Record<string, readonly string[]>> = {
  absorbing: ["loo-gibbs", "loo-gibbs-margin"],
  uniform: ["informed"],
  ordinal: ["informed"],
  custom: ["informed"],
};
/** Samplers that ask a selector, where the process has a mask; for all others a selector is refused. */
const asking = [
  "ancestral",
  "remdm-cap",
  "remdm-rescale",
  "remdm-confidence",
  "remdm-forward-backward",
  "remdm-loop",
  "psi",
];
/** Selectors that commit as many as they like, at least the count: no curve can be measured at given counts. */
const withoutCurve = ["threshold", "factor", "entropy-bound", "klass"];

/** Names of parts; undefined for none. */
interface Combination {
  readonly sampler: string;
  readonly process: string;
  readonly selector: string | undefined;
  readonly corrector: string | undefined;
}

const named = ({
  sampler,
  process,
  selector = "no selector",
  corrector = "no corrector",
}: Combination): string => `${sampler} + ${process} + ${selector} + ${corrector}`;

const refusals = (lists: Readonly<Record<string, readonly string[]>>, process: string): readonly string[] =>
  lists[process] ?? [];

function optionsOf({ sampler, process, selector, corrector }: Combination): Omit<SampleOptions, "schedule"> {
  return {
    sampler: samplers[sampler]!,
    process: processes[process]!,
    ...(selector === undefined ? {} : { selector: selectors[selector]! }),
    ...(corrector === undefined ? {} : { corrector: correctors[corrector]! }),
  };
}

const withNone = (names: readonly string[]): (string | undefined)[] => [undefined, ...names];

/** All combinations, with those that are refused. */
const combinations: readonly Combination[] = Object.keys(samplers).flatMap((sampler) =>
  Object.keys(processes).flatMap((process) =>
    withNone(Object.keys(selectors)).flatMap((selector) =>
      withNone(Object.keys(correctors)).map((corrector) => ({ sampler, process, selector, corrector })),
    ),
  ),
);

/** The names of the parts that are refused in a combination. */
function refusedParts({ sampler, process, selector, corrector }: Combination): string[] {
  const refused: string[] = [];
  const noChoice = processes[process]!.mask === undefined || !asking.includes(sampler);
  if (selector !== undefined && noChoice) refused.push(selectors[selector]!.name);
  if (refusals(refusedSamplers, process).includes(sampler)) refused.push(samplers[sampler]!.name);
  if (corrector !== undefined && refusals(refusedCorrectors, process).includes(corrector)) {
    refused.push(correctors[corrector]!.name);
  }
  return refused;
}

/** A model that counts its calls, checks what it is asked, and finds out if its answers are written to. */
function watched(model: Denoiser, states: number): Denoiser & { readonly seen: { predictions: number } } {
  const seen = { predictions: 0 };
  const answers: { data: Float32Array | Float64Array; copy: Float32Array | Float64Array }[] = [];
  return {
    ...model,
    seen,
    async predict(input) {
      seen.predictions++;
      for (const t of input.time) assert.ok(t > 0 && t <= 1, `asked at time ${t}; expected (0, 1]`);
      for (const token of input.tokens) assert.ok(token >= 0 && token < states, `asked of token ${token}`);
      for (const { data, copy } of answers) assert.deepEqual(data, copy, "the model's answer was written to");
      const logits = await model.predict(input);
      answers[0] = { data: logits.data, copy: logits.data.slice() };
      return logits;
    },
  };
}

/** A model that says NaN for one token of every position from its call `from` on. */
function broken(model: Denoiser, from: number): Denoiser {
  let made = 0;
  return {
    ...model,
    async predict(input) {
      const { data, width } = await model.predict(input);
      if (made++ >= from) for (let at = 0; at < data.length; at += width) data[at + 1] = Number.NaN;
      return { data, width };
    },
  };
}

/** A schedule whose grid is kept, to see whether a run writes to it. */
function lent(schedule: Schedule, noise: Noise, free: number): Schedule & { readonly unchanged: () => void } {
  const grid = schedule.resolve(noise, free);
  const copy = structuredClone(grid);
  return {
    ...schedule,
    resolve: () => grid,
    unchanged: () => assert.deepEqual(grid, copy, "the schedule was written to"),
  };
}

const given: readonly number[] = Object.freeze([-1, 2, -1, -1, 0, -1]);
const free = given.filter((token) => token < 0).length;
const noMasks = (tokens: Int32Array, where: string): void => {
  for (const token of tokens)
    assert.ok(token >= 0 && token < vocabulary, `${where}: token ${token} at the end`);
};

/** One run with everything watched: ends clean, keeps what is given, writes over nothing, counts its calls. */
async function checkRun(
  combination: Combination,
  { noise, count, filled }: { noise: Noise; count: number; filled: boolean },
): Promise<{ predictions: number; tokens: Int32Array }> {
  const options = optionsOf(combination);
  const { sampler, corrector, process } = options;
  // Both kinds of models: those whose answer to the same tokens is known, and those that are asked again.
  const timeFree = process!.mask !== undefined && noise.name === "linear";
  const callsPerPrediction = filled ? 2 : 1;
  // An exact model is certain of given tokens; another would change them, had a sampler asked it to.
  const source = filled ? hashed({ vocabulary, length }) : exactModel(process!, noise);
  const model = watched({ ...source, timeFree, callsPerPrediction }, process!.states);
  const schedule = lent(uniform({ steps: count }), noise, filled ? free : length);
  const states: State[] = [];
  const copies: Int32Array[] = [];
  const run = { ...options, noise, schedule, seed: 5, count: 3, ...(filled ? { given } : {}) };
  for await (const state of steps(model, Object.freeze(run))) {
    states.push(state);
    copies.push(state.tokens.slice());
  }
  const last = states.at(-1)!;
  noMasks(last.tokens, "run");
  assert.equal(last.t, 0);
  states.forEach((state, i) => {
    assert.deepEqual(state.tokens, copies[i], `the tokens of state ${i} were written over`);
    if (!filled) return;
    state.tokens.forEach((token, at) => {
      if (given[at % length]! >= 0)
        assert.equal(token, given[at % length], `given token ${at} of state ${i}`);
    });
  });
  schedule.unchanged();
  const { predictions } = model.seen;
  const declared = sampler!.calls * count + (corrector?.calls ?? 0) * (count - 1);
  assert.equal(last.calls, predictions * callsPerPrediction, "counted calls");
  assert.ok(predictions <= declared, `${predictions} calls; declared ${declared}`);
  return { predictions, tokens: last.tokens };
}

/** The whole contract of one combination with one noise and number of steps. */
async function checkCombination(combination: Combination, noise: Noise, count: number): Promise<void> {
  const options = { ...optionsOf(combination), noise, schedule: uniform({ steps: count }), seed: 5 };
  const model = exactModel(options.process!, noise);
  const { tokens } = await checkRun(combination, { noise, count, filled: false });
  await checkRun(combination, { noise, count, filled: true });

  const alone = await sample(model, { ...options, count: 3, batch: 1 });
  assert.deepEqual(alone.tokens, tokens, "the same seed gave other tokens, or rows depend on their batch");
  const later = await sample(model, { ...options, count: 2, firstRow: 1 });
  assert.deepEqual(later.tokens, tokens.slice(length), "rows depend on the first row");

  const whole = Array.from({ length }, (_, position) => position % vocabulary);
  assert.deepEqual([...(await sample(model, { ...options, given: whole })).tokens], whole);
  const shaped = await sample(model, { ...options, temperature: 0, topP: 0.6 });
  noMasks(shaped.tokens, "with temperature 0 and topP 0.6");

  const { calls } = await sample(model, { ...options, firstRow: 7 });
  for (const from of new Set([0, calls - 1])) {
    await assert.rejects(
      sample(broken(model, from), { ...options, firstRow: 7 }),
      (error) =>
        error instanceof RangeError && /^sample: .* row 7, position [0-5] contain NaN; /.test(error.message),
      `NaN from call ${from} on`,
    );
  }
}

/** Runs a check and says of which combination its failure is. */
async function about(title: string, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${title}: ${message}`, { cause: error });
  }
}

for (const sampler of Object.keys(samplers)) {
  describe(`contract: ${sampler}`, () => {
    for (const process of Object.keys(processes)) {
      if (refusals(refusedSamplers, process).includes(sampler)) continue;
      const all = combinations.filter(
        (combination) =>
          combination.sampler === sampler &&
          combination.process === process &&
          selectorsFor(sampler, process).includes(combination.selector) &&
          refusedParts(combination).length === 0,
      );
      it(`${process}: ${all.length} combinations with selectors and correctors`, async () => {
        assert.ok(all.length > 0);
        for (const combination of all) {
          for (const noise of [linear(), constant({ sigmaMax: 4 })]) {
            for (const count of [1, 3]) {
              await about(`${named(combination)}, ${noise.name} noise, ${count} steps`, () =>
                checkCombination(combination, noise, count),
              );
            }
          }
        }
      });

      it(`${process}: every noise`, async () => {
        for (const [name, noise] of Object.entries(noises)) {
          for (const count of [1, 3]) {
            const combination = { sampler, process, selector: undefined, corrector: undefined };
            await about(`${name} noise, ${count} steps`, async () => {
              await checkRun(combination, { noise, count, filled: false });
            });
          }
        }
      });
    }
  });
}

describe("contract: refusals", () => {
  const untouched: Denoiser = {
    vocabulary,
    length,
    timeFree: true,
    predict: () => assert.fail("the model was called"),
  };
  const schedule = uniform({ steps: 2 });

  it("samplers, correctors and selectors refuse what the lists above say, and nothing else", () => {
    for (const [name, process] of Object.entries(processes)) {
      const refusing = (
        parts: Readonly<Record<string, { refuses(p: typeof process): string | undefined }>>,
      ) => Object.keys(parts).filter((part) => parts[part]!.refuses(process) !== undefined);
      assert.deepEqual(
        new Set(refusing(samplers)),
        new Set(refusals(refusedSamplers, name)),
        `samplers on ${name}`,
      );
      assert.deepEqual(
        new Set(refusing(correctors)),
        new Set(refusals(refusedCorrectors, name)),
        `correctors on ${name}`,
      );
    }
    const asks = Object.keys(samplers).filter((name) => samplers[name]!.selects);
    assert.deepEqual(new Set(asks), new Set(asking));
  });

  it("every refused combination is refused before the model is called, with one sentence that says why", async () => {
    const refused = combinations.filter((combination) => refusedParts(combination).length > 0);
    assert.ok(refused.length > 0);
    for (const combination of refused) {
      const run = sample(untouched, { ...optionsOf(combination), schedule });
      await about(named(combination), () =>
        assert.rejects(run, (error) => {
          assert.ok(error instanceof RangeError, String(error));
          const { message } = error;
          assert.match(message, /^sample: [^\n]{40,}[^.\n]$/, "is no sentence");
          assert.doesNotMatch(message, /\. |undefined|NaN|\[object/, "is not one sentence");
          const parts = refusedParts(combination);
          assert.ok(
            parts.some((part) => message.includes(part)),
            `"${message}" names none of ${parts}`,
          );
          assert.ok(
            message.includes(combination.process) || message.includes(samplers[combination.sampler]!.name),
            `"${message}" does not say what it does not go with`,
          );
          return true;
        }),
      );
    }
  });
});

describe("contract: selectors and the information curve", () => {
  const chain = { initial: [0.2, 0.5, 0.3], transition: [0.7, 0.2, 0.1, 0.1, 0.6, 0.3, 0.25, 0.05, 0.7] };
  const data = chainSamples({ ...chain, length }, { count: 5, seed: 2 });
  const model = exactModel(processes["absorbing"]!, linear());

  for (const [name, selector] of Object.entries(selectors)) {
    it(`${name} is ${withoutCurve.includes(name) ? "refused" : "measured"}`, async () => {
      const before = data.slice();
      const measured = (batch: number) => informationCurve(model, { data, selector, batch, seed: 4 });
      if (withoutCurve.includes(name)) {
        await assert.rejects(measured(2), (error) => {
          assert.ok(error instanceof RangeError, String(error));
          assert.match(error.message, /^informationCurve: the selector [^\n]{40,}[^.\n]$/);
          assert.ok(error.message.includes(selector.name), error.message);
          return true;
        });
        return;
      }
      const curve = await measured(2);
      assert.deepEqual(data, before, "the data was written to");
      assert.deepEqual(await measured(5), curve, "the curve depends on the batch");
      assert.equal(curve.counts[0], 0);
      for (const value of [...curve.entropy, ...curve.crossEntropy, ...curve.standardError]) {
        assert.ok(value >= 0 && value < 20, `${value} nats`);
      }
      for (const value of curve.entropy) assert.ok(value <= Math.log(vocabulary), `entropy ${value}`);
    });
  }
});

it("contract: there are noises with an infinite rate at t = 1 and without", () => {
  const finite = Object.values(noises).filter((noise) => Number.isFinite(noise.sigma(1)));
  assert.ok(finite.length > 0 && finite.length < Object.keys(noises).length);
});
