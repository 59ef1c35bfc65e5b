/** What the sampling loop does with a sampler's requests, and with logits and options it does not expect. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  absorbing,
  counts,
  type Denoiser,
  type SampleOptions,
  type Sampler,
  sample,
  uniform,
} from "../src/index.ts";
import { hashed } from "./hashed.ts";
import { selectors } from "./loop-table.ts";

describe("a sampler's predictions", () => {
  /** Asks for the same tokens again and again, at other times and positions, then copies token 0. */
  const curious: Sampler = {
    name: "curious",
    calls: 6,
    selects: true,
    refuses: () => undefined,
    async stepInto({ t, s, next, predict }) {
      await predict({ wanted: Int32Array.of(1, 3) });
      await predict({ wanted: Int32Array.of(3) }); // part of what is known
      await predict({ wanted: Int32Array.of(1), time: (t + s) / 2 });
      await predict({ wanted: Int32Array.of(2, 3) }); // 2 is not
      await predict(); // nor is the rest
      await predict({ wanted: Int32Array.of(0) });
      next.fill(0);
    },
  };

  for (const [timeFree, calls] of [
    [true, 3],
    [false, 6],
  ] as const) {
    it(`cost ${calls} calls of 6 for the same tokens ${timeFree ? "without" : "with"} time`, async () => {
      const asked: (readonly number[] | undefined)[] = [];
      const denoiser = hashed({ vocabulary: 3, length: 4, timeFree });
      const listening: Denoiser = {
        ...denoiser,
        predict(input) {
          asked.push(input.wanted && [...input.wanted]);
          return denoiser.predict(input);
        },
      };
      const done = await sample(listening, { schedule: uniform({ steps: 1 }), sampler: curious });
      assert.equal(done.calls, calls);
      assert.equal(asked.length, calls);
      if (timeFree) assert.deepEqual(asked, [[1, 3], [2, 3], undefined]);
    });
  }

  it("are asked for other tokens anew", async () => {
    const twoSided: Sampler = {
      ...curious,
      async stepInto({ tokens, next, predict }) {
        const other = tokens.map(() => 1);
        const here = [...(await predict()).row(0, 0)];
        const there = [...(await predict({ tokens: other })).row(0, 0)];
        assert.notDeepEqual(here, there);
        assert.deepEqual([...(await predict()).row(0, 0)], here);
        next.fill(0);
      },
    };
    const denoiser = hashed({ vocabulary: 3, length: 4 });
    const done = await sample(denoiser, { schedule: uniform({ steps: 1 }), sampler: twoSided });
    assert.equal(done.calls, 3);
  });

  it("are refused where the sampler cannot run on the process", async () => {
    const picky: Sampler = { ...curious, refuses: ({ name }) => `curious does not run on ${name}` };
    const run = sample(hashed({ vocabulary: 3, length: 4 }), {
      schedule: uniform({ steps: 1 }),
      sampler: picky,
    });
    await assert.rejects(run, /sample: curious does not run on absorbing/);
  });
});

describe("a model's logits", () => {
  /** `hashed` with some logits of one row and position replaced, once the rows differ. */
  function poisoned(row: number, position: number, logits: readonly number[]): Denoiser {
    const denoiser = hashed({ vocabulary: 3, length: 6, timeFree: false });
    return {
      ...denoiser,
      async predict(input) {
        const { data, width } = await denoiser.predict(input);
        if (input.batch > row) data.set(logits, (row * 6 + position) * width);
        return { data, width };
      },
    };
  }
  const options: SampleOptions = { schedule: uniform({ steps: 1 }), count: 3 };
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

  for (const [name, logits] of [
    ["NaN", [0, nan, 0]],
    ["+Infinity", [infinity, 0, 0]],
    ["all -Infinity", [-infinity, -infinity, -infinity]],
    ["all NaN", [nan, nan, nan]],
  ] as const) {
    for (const selector of selectors) {
      it(`that are ${name} stop the run, naming row and position, with ${selector.name}`, async () => {
        await assert.rejects(sample(poisoned(1, 2, logits), { ...options, selector }), {
          name: "RangeError",
          message: /logits at row 1, position 2 contain .*; expected finite numbers/,
        });
      });
    }
  }

  it("may be exact one-hot rows, or +-1e4, and then say what is drawn", async () => {
    for (const certain of [
      [-infinity, 0, -infinity],
      [-1e4, 1e4, -1e4],
      [-infinity, -1e4, -infinity],
    ]) {
      const one = poisoned(0, 4, certain);
      for (const selector of selectors) {
        for (let seed = 0; seed < 20; seed++) {
          const { tokens } = await sample(one, { ...options, selector, seed, count: 1 });
          assert.equal(tokens[4], 1);
        }
      }
    }
  });

  it("name the row of the run, not of the batch", async () => {
    const run = sample(poisoned(1, 2, [nan, 0, 0]), { ...options, count: 2, firstRow: 40 });
    await assert.rejects(run, /row 41, position 2/);
  });

  it("of the wrong shape are refused with a sentence, not read past their row", async () => {
    const shaped = (data: Float32Array, width: number): Denoiser => ({
      vocabulary: 3,
      length: 4,
      timeFree: true,
      predict: () => ({ data, width }),
    });
    const one = { schedule: uniform({ steps: 1 }), count: 1 };
    // Narrower than the vocabulary: position d would read the logits of d + 1.
    await assert.rejects(sample(shaped(new Float32Array(4 * 2), 2), one), /width.*2.*expected.*3/s);
    await assert.rejects(sample(shaped(new Float32Array(4 * 3 - 1), 3), one), /11.*expected.*12/s);
    await assert.rejects(sample(shaped(new Float32Array(0), 3), one), /0.*expected.*12/s);
  });
});

describe("options", () => {
  const denoiser = hashed({ vocabulary: 3, length: 4 });
  const schedule = uniform({ steps: 2 });
  const refused: readonly (readonly [Partial<SampleOptions>, RegExp])[] = [
    [{ count: 0 }, /sample: count = 0; expected a whole number >= 1/],
    [{ count: 1.5 }, /sample: count = 1.5/],
    [{ batch: 0 }, /sample: batch = 0; expected a whole number >= 1/],
    [{ batch: Number.NaN }, /sample: batch = NaN/],
    [{ firstRow: -1 }, /sample: firstRow = -1; expected a whole number >= 0/],
    [{ seed: -1 }, /seed = -1; expected a whole number/],
    [{ temperature: -1 }, /sample: temperature = -1; expected a number >= 0/],
    [{ temperature: Number.NaN }, /sample: temperature = NaN/],
    [{ temperature: Number.POSITIVE_INFINITY }, /sample: temperature = Infinity/],
    [{ topP: 0 }, /sample: topP = 0; expected 0 < topP <= 1/],
    [{ topP: 1.1 }, /sample: topP = 1.1/],
    [{ given: [0, 1] }, /sample: given has 2 tokens; expected 4, with -1 where free/],
    [{ given: [0, 3, -1, -1] }, /sample: given\[1\] = 3; expected -1 \(free\) or a token from 0 to 2/],
    [{ given: [-2, -1, -1, -1] }, /sample: given\[0\] = -2/],
    [
      { process: absorbing({ vocabulary: 5 }) },
      /the process has 5 clean tokens, the model 3; they must agree/,
    ],
  ];
  for (const [options, message] of refused) {
    it(`${JSON.stringify(options)} is refused with a sentence`, async () => {
      await assert.rejects(sample(denoiser, { schedule, ...options }), { name: "RangeError", message });
    });
  }

  it("a count below 0 is refused with a sentence", async () => {
    await assert.rejects(
      sample(denoiser, { schedule, count: -1 }),
      /sample: count = -1; expected a whole number/,
    );
  });

  it("given tokens that are not whole numbers are refused, not cut off", async () => {
    for (const odd of [1.5, Number.NaN, -0.5, 2 ** 32]) {
      const run = sample(denoiser, { schedule, given: [odd, -1, -1, -1] });
      await assert.rejects(run, /sample: given\[0\] = .*; expected -1/, `given ${odd}`);
    }
  });

  it("stay as they were", async () => {
    const given = Int32Array.of(2, -1, -1, 0);
    const list = [0, 1, 2];
    await sample(denoiser, Object.freeze({ schedule: counts(Object.freeze(list)), given, count: 3 }));
    assert.deepEqual([...given], [2, -1, -1, 0]);
  });
});
