/** Semi-autoregressive blocks: which positions may come, the law that follows, and LLaDA's published loop. */
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { importFolder } from "../src/import/import-folder.ts";
import {
  blockwise,
  confidence,
  counts,
  type Denoiser,
  entropyOrder,
  independent,
  jointTable,
  klass,
  leftToRight,
  predictions,
  random,
  remdm,
  type Selector,
  type State,
  sample,
  steps,
  stratified,
  threshold,
  uniform,
} from "../src/index.ts";
import { loadModel } from "../src/node/index.ts";
import { fixtures, scratch } from "./checkpoints.ts";
import { choose, surely } from "./choose.ts";
import { close } from "./golden.ts";
import { hashed } from "./hashed.ts";
import { sampleLaw, sequenceAt } from "./law.ts";

/** What a selector commits over several steps of one row, each position when it comes. */
function order(selector: Selector, blanks: readonly number[], takes: readonly number[]): number[][] {
  const memory = new Map<string, Float64Array>();
  let masked = [...blanks];
  return takes.map((count) => {
    const laws = masked.map((position) => surely(0.6 + position / 100));
    const chosen = choose(selector, masked, count, { memory, laws });
    masked = masked.filter((position) => !chosen.includes(position));
    return chosen.sort((a, b) => a - b);
  });
}

describe("blockwise", () => {
  it("cuts the blanks into blocks, whatever stands between them", () => {
    const blanks = [2, 3, 7, 11, 12, 20];
    // The later a position, the surer: from right to left within a block.
    assert.deepEqual(order(blockwise(confidence(), { size: 2 }), blanks, [1, 1, 1, 1, 1, 1]), [
      [3],
      [2],
      [11],
      [7],
      [20],
      [12],
    ]);
    assert.deepEqual(order(blockwise(confidence(), { size: 4 }), blanks, [1, 1, 1, 1, 1, 1]), [
      [11],
      [7],
      [3],
      [2],
      [20],
      [12],
    ]);
  });

  it("finishes a block and goes on in the next where a step's count passes the end", () => {
    const blanks = [0, 1, 2, 3, 4, 5, 6];
    assert.deepEqual(order(blockwise(confidence(), { size: 3 }), blanks, [2, 3, 2]), [
      [1, 2],
      [0, 4, 5],
      [3, 6],
    ]);
    assert.deepEqual(order(blockwise(confidence(), { size: 2 }), blanks, [5, 0, 2]), [
      [0, 1, 2, 3, 5],
      [],
      [4, 6],
    ]);
  });

  it("commits more than the count where the selector inside does, and never beyond its block", () => {
    const sure = blockwise(threshold({ probability: 0.62 }), { size: 3 });
    // 0.60, 0.61, 0.62 | 0.63, ...: at least one, then all that are sure.
    assert.deepEqual(order(sure, [0, 1, 2, 3, 4, 5], [0, 0, 0, 0]), [[2], [1], [0], [3, 4, 5]]);
  });

  it("keeps what the selector inside remembers", () => {
    const memory = new Map<string, Float64Array>();
    const selector = blockwise(klass({ history: 1, probability: 0.9 }), { size: 2 });
    const laws = [surely(0.95), surely(0.95), surely(0.99), surely(0.99)];
    assert.deepEqual(choose(selector, [0, 1, 2, 3], 0, { memory, laws }), [0]);
    assert.deepEqual(choose(selector, [1, 2, 3], 0, { memory, laws: laws.slice(1) }), [1]);
    assert.deepEqual(choose(selector, [2, 3], 0, { memory, laws: laws.slice(2) }), [2]);
    assert.deepEqual(choose(selector, [3], 0, { memory, laws: laws.slice(3) }), [3]);
  });

  it("refuses a size that is none, and a selector that leaves the number to chance", () => {
    assert.throws(
      () => blockwise(random(), { size: 0 }),
      /blockwise: size = 0; expected a whole number >= 1/,
    );
    assert.throws(() => blockwise(independent(), { size: 4 }), /the selector independent .* use random$/);
  });

  for (const inside of [random(), stratified(), confidence(), entropyOrder()]) {
    it(`of size 1 is left to right, and of at least the length ${inside.name}`, async () => {
      const model = hashed({ vocabulary: 5, length: 12 });
      const options = { schedule: uniform({ steps: 5 }), count: 3, seed: 4 };
      const run = async (selector: Selector, given?: readonly number[]) =>
        (await sample(model, { ...options, selector, ...(given ? { given } : {}) })).tokens;
      const given = [-1, 2, -1, -1, 0, 0, -1, -1, -1, 3, -1, -1];
      for (const template of [undefined, given]) {
        assert.deepEqual(
          await run(blockwise(inside, { size: 1 }), template),
          await run(leftToRight(), template),
        );
        assert.deepEqual(await run(blockwise(inside, { size: 12 }), template), await run(inside, template));
        if (inside.name !== "random") continue;
        assert.notDeepEqual(await run(blockwise(inside, { size: 3 }), template), await run(inside, template));
      }
    });
  }

  it("has the predictions of its block computed and no others", async () => {
    const model = hashed({ vocabulary: 4, length: 12 });
    const asked: number[][] = [];
    const watched: Denoiser = {
      ...model,
      predict(input) {
        asked.push([...input.wanted!]);
        return model.predict(input);
      },
    };
    await sample(watched, {
      schedule: counts([0, 1, 4, 6, 12]),
      selector: blockwise(confidence(), { size: 4 }),
    });
    assert.deepEqual(
      asked.map((wanted) => [wanted.length, ...new Set(wanted.map((at) => Math.floor(at / 4)))]),
      [
        [4, 0],
        [3, 0],
        [4, 1],
        [6, 1, 2],
      ],
    );
  });

  it("goes on where a saved run stopped", async () => {
    const model = hashed({ vocabulary: 4, length: 10 });
    const options = {
      schedule: uniform({ steps: 5 }),
      selector: blockwise(random(), { size: 4 }),
      count: 2,
      given: [-1, 1, -1, -1, -1, 1, -1, -1, -1, -1],
      seed: 9,
    };
    const whole = await sample(model, options);
    for (const stop of [1, 3]) {
      let saved: State | undefined;
      for await (const state of steps(model, options)) {
        saved = structuredClone(state);
        if (state.index === stop) break;
      }
      let last = saved!;
      for await (const state of steps(model, { ...options, from: saved! })) last = state;
      assert.deepEqual(last.tokens, whole.tokens);
    }
  });

  it("leaves no mask where a sampler takes tokens back", async () => {
    const model = hashed({ vocabulary: 4, length: 10 });
    const selector = blockwise(random(), { size: 3 });
    const { tokens } = await sample(model, {
      schedule: uniform({ steps: 6 }),
      sampler: remdm(),
      selector,
      count: 16,
    });
    assert.ok(tokens.every((token) => token < 4));
  });
});

describe("the law of blocks, by enumeration", () => {
  const [V, D] = [2, 4];
  const weights = Float64Array.from({ length: V ** D }, (_, i) => 1 + ((i * 7) % 5) + (i === 9 ? 6 : 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const joint = weights.map((weight) => weight / total);
  const sequences = Array.from(joint, (_, index) => sequenceAt(index, V, D));
  const model = jointTable({ joint, vocabulary: V, length: D });

  /** p(x_d | x at the known positions), by summation. */
  function conditional(x: Int32Array, d: number, known: readonly number[]): number {
    const mass = (positions: readonly number[]): number =>
      joint.reduce((sum, p, i) => sum + (positions.every((at) => sequences[i]![at] === x[at]) ? p : 0), 0);
    return mass([...known, d]) / mass(known);
  }

  /** The law if these groups are revealed one after another. */
  function lawOf(groups: readonly (readonly number[])[]): Float64Array {
    return Float64Array.from(sequences, (x) => {
      let p = 1;
      groups.forEach((group, i) => {
        for (const d of group) p *= conditional(x, d, groups.slice(0, i).flat());
      });
      return p;
    });
  }

  function mean(laws: readonly Float64Array[]): Float64Array {
    return Float64Array.from(joint, (_, i) => laws.reduce((sum, law) => sum + law[i]! / laws.length, 0));
  }

  const picks = [0, 1].flatMap((a) => [2, 3].map((b) => [a, b] as const));
  const cases: Readonly<Record<string, readonly [readonly number[], readonly Float64Array[]]>> = {
    "a block a step": [
      [0, 2, 4],
      [
        lawOf([
          [0, 1],
          [2, 3],
        ]),
      ],
    ],
    "a count that passes the end of a block": [
      [0, 1, 3, 4],
      picks.map(([a, b]) => lawOf([[a], [1 - a, b], [5 - b]])),
    ],
    "three blanks in the first step": [
      [0, 3, 4],
      [lawOf([[0, 1, 2], [3]]), lawOf([[0, 1, 3], [2]])],
    ],
  };
  for (const [name, [reveals, laws]] of Object.entries(cases)) {
    it(name, async () => {
      const law = await sampleLaw(model, {
        schedule: counts(reveals),
        selector: blockwise(random(), { size: 2 }),
      });
      close(law, mean(laws), { rel: 1e-9, abs: 1e-12 });
      const free = await sampleLaw(model, { schedule: counts(reveals), selector: random() });
      assert.ok(
        law.some((p, i) => Math.abs(p - free[i]!) > 1e-3),
        "blocks change nothing here",
      );
    });
  }
});

describe("LLaDA's loop", () => {
  interface Loop {
    readonly prompt: readonly number[];
    readonly blocks: number;
    readonly blockLength: number;
    readonly stepsPerBlock: number;
  }

  /** The published loop, low-confidence remasking at temperature 0, block after block. */
  async function published(
    denoiser: Denoiser,
    { prompt, blocks, blockLength, stepsPerBlock }: Loop,
  ): Promise<{ tokens: number[]; reveals: number[] }> {
    const { vocabulary, length } = denoiser;
    const mask = vocabulary;
    const x = new Int32Array(length).fill(mask);
    x.set(prompt);
    const reveals = [0];
    for (let block = 0; block < blocks; block++) {
      const begin = prompt.length + block * blockLength;
      const end = begin + blockLength;
      for (let i = 0; i < stepsPerBlock; i++) {
        const base = Math.floor(blockLength / stepsPerBlock);
        const transfer = base + (i < blockLength % stepsPerBlock ? 1 : 0);
        const logits = await denoiser.predict({ tokens: x.slice(), batch: 1, time: Float64Array.of(1) });
        const laws = predictions(logits, { length, vocabulary });
        const guesses = [];
        for (let position = 0; position < end; position++) {
          if (x[position] !== mask) continue;
          const p = [...laws.row(0, position)];
          const probability = Math.max(...p);
          guesses.push({ position, token: p.indexOf(probability), probability });
        }
        guesses.sort((a, b) => b.probability - a.probability);
        for (const { position, token } of guesses.slice(0, transfer)) x[position] = token;
        logits.release?.();
        reveals.push(reveals.at(-1)! + transfer);
      }
    }
    return { tokens: [...x], reveals };
  }

  async function ours(denoiser: Denoiser, { prompt, blocks, blockLength, stepsPerBlock }: Loop) {
    const options = {
      schedule: uniform({ steps: blocks * stepsPerBlock }),
      selector: blockwise(confidence(), { size: blockLength }),
      temperature: 0,
      given: [...prompt, ...new Array<number>(blocks * blockLength).fill(-1)],
    };
    const reveals = [];
    let tokens: number[] = [];
    for await (const state of steps(denoiser, options)) {
      tokens = [...state.tokens];
      reveals.push(blocks * blockLength - tokens.filter((token) => token === denoiser.vocabulary).length);
    }
    return { tokens, reveals };
  }

  const even: readonly Loop[] = [
    { prompt: [3, 1, 4, 1], blocks: 4, blockLength: 4, stepsPerBlock: 2 },
    { prompt: [3, 1, 4, 1], blocks: 2, blockLength: 8, stepsPerBlock: 4 },
    { prompt: [3, 1, 4, 1], blocks: 16, blockLength: 1, stepsPerBlock: 1 },
    { prompt: [3, 1, 4, 1], blocks: 1, blockLength: 16, stepsPerBlock: 16 },
    { prompt: [3, 1, 4, 1], blocks: 2, blockLength: 8, stepsPerBlock: 1 },
  ];
  for (const loop of even) {
    it(`${loop.blocks} blocks of ${loop.blockLength} in ${loop.stepsPerBlock} steps each`, async () => {
      const model = hashed({ vocabulary: 6, length: 20 });
      assert.deepEqual(await ours(model, loop), await published(model, loop));
    });
  }

  it("whose steps do not divide a block reveals more at first: its counts do the same", async () => {
    const loop = { prompt: [2], blocks: 2, blockLength: 8, stepsPerBlock: 3 };
    const model = hashed({ vocabulary: 6, length: 17 });
    const expected = await published(model, loop);
    assert.deepEqual(expected.reveals, [0, 3, 6, 8, 11, 14, 16]);
    const { tokens } = await sample(model, {
      schedule: counts(expected.reveals),
      selector: blockwise(confidence(), { size: 8 }),
      temperature: 0,
      given: [2, ...new Array<number>(16).fill(-1)],
    });
    assert.deepEqual([...tokens], expected.tokens);
  });

  it("on an imported checkpoint", async () => {
    const out = join(mkdtempSync(join(scratch(), "out-")), "llada");
    await importFolder(join(fixtures, "llada"), { out, length: 24 });
    const { denoiser, dispose } = await loadModel(out);
    const loop = { prompt: [5, 80, 17, 2, 41, 9, 66, 30], blocks: 2, blockLength: 8, stepsPerBlock: 4 };
    try {
      assert.deepEqual(await ours(denoiser, loop), await published(denoiser, loop));
    } finally {
      await dispose();
    }
  });
});
