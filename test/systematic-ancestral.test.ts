/** Systematic ancestral sampling: the marginal law of every position is ancestral's, the moves are spread. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { observation } from "../src/denoisers/observation.ts";
import {
  ancestral,
  type Draw,
  estimate,
  linear,
  markovChain,
  type Process,
  predictions,
  purposes,
  ruleError,
  type Sampler,
  type Step,
  sample,
  uniform,
} from "../src/index.ts";
import { ordinal } from "../src/processes/ordinal.ts";
import { rateMatrix } from "../src/processes/rate-matrix.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { systematicAncestral } from "../src/samplers/systematic-ancestral.ts";
import { random } from "../src/selectors/random.ts";

const length = 12;
const vocabulary = 3;
const processes: readonly Process[] = [
  uniformProcess({ vocabulary }),
  ordinal({ vocabulary, rateSigma: 1, qSigma: 2 }),
  rateMatrix({ rates: [-1.2, 1, 0.2, 0.1, -0.9, 0.8, 1.5, 0, -1.5] }),
];
const logits = Float64Array.from({ length: length * vocabulary }, (_, i) => 3 * Math.sin(7 * i + i * i));
const tokens = Int32Array.from({ length }, (_, d) => d % vocabulary);

/** One step of one row with the offset and the tokens' uniforms told. */
async function stepWith(
  sampler: Sampler,
  process: Process,
  {
    offset,
    uniforms,
    fixed = new Uint8Array(length),
  }: { offset: number; uniforms: number; fixed?: Uint8Array },
): Promise<{ next: Int32Array; laws: Float64Array[] }> {
  const laws: Float64Array[] = [];
  const draw = (value: number): Draw => ({
    uniform: () => value,
    integer: () => 0,
    bernoulli: () => false,
    categorical(weights, count, position) {
      const total = weights.subarray(0, count).reduce((sum, weight) => sum + weight, 0);
      laws[position] = weights.slice(0, count).map((weight) => weight / total);
      return 0;
    },
  });
  const step: Step = {
    ...{ t: 0.8, s: 0.3, batch: 1, length, tokens, next: tokens.slice(), fixed },
    ...{ left: Int32Array.of(0), process, noise: linear(), selector: random(), memory: {} },
    predict: async () => predictions({ data: logits, width: vocabulary }, { length, vocabulary }),
    draw: (_, purpose) => draw(purpose === purposes.jump ? offset : uniforms),
  };
  await sampler.stepInto(step);
  return { next: step.next, laws };
}

describe("systematic ancestral sampling", () => {
  for (const process of processes) {
    it(`moves each position with ancestral's chance, to ancestral's law: ${process.name}`, async () => {
      const { laws } = await stepWith(ancestral(), process, { offset: 0, uniforms: 0 });
      const n = 2000;
      const counts = laws.map(() => new Float64Array(vocabulary));
      const expected = laws.reduce((sum, law, d) => sum + 1 - law[tokens[d]!]!, 0);
      for (let i = 0; i < n; i++) {
        // A uniform of its own for the targets, spread evenly over [0, 1) as the offsets are, but out of step.
        const uniforms = ((i * 617) % n) / n;
        const { next } = await stepWith(systematicAncestral(), process, { offset: (i + 0.5) / n, uniforms });
        let moved = 0;
        next.forEach((token, d) => {
          counts[d]![token]! += 1 / n;
          if (token !== tokens[d]) moved++;
        });
        assert.ok(Math.abs(moved - expected) < 1, `${moved} moves, ${expected} expected`);
      }
      counts.forEach((count, d) => {
        // The chance to move is exact but for the grid of offsets; where to, but for that of 2,000 pairs.
        assert.ok(Math.abs(count[tokens[d]!]! - laws[d]![tokens[d]!]!) < 1.5 / n, `position ${d}`);
        count.forEach((share, y) => {
          assert.ok(Math.abs(share - laws[d]![y]!) < 0.01, `position ${d}, token ${y}`);
        });
      });
    });
  }

  it("leaves given tokens alone and refuses a mask", async () => {
    const fixed = new Uint8Array(length).fill(1, 0, 6);
    for (const offset of [0.1, 0.5, 0.9]) {
      const { next } = await stepWith(systematicAncestral(), processes[0]!, { offset, uniforms: 0.5, fixed });
      assert.deepEqual(next.subarray(0, 6), tokens.subarray(0, 6));
    }
    const absorbing = { ...processes[0]!, mask: vocabulary, states: vocabulary + 1 };
    assert.match(systematicAncestral().refuses(absorbing)!, /has a mask; use ancestral/);
  });

  it("makes fewer mistakes than ancestral at equal calls, under uniform noise", async () => {
    const size = 8;
    const transition = Array.from({ length: size * size }, (_, i) => {
      const [from, to] = [Math.floor(i / size), i % size];
      return from === 0 ? 1 / size : to === from - 1 ? 1 : 0;
    });
    const process = uniformProcess({ vocabulary: size });
    const noise = linear();
    const model = markovChain({
      ...{ initial: new Array<number>(size).fill(1 / size), transition, length: 64 },
      likelihoodInto: observation(process, noise),
    });
    const errorOf = async (sampler: Sampler) => {
      const options = { process, noise, sampler, schedule: uniform({ steps: 8 }), count: 400, seed: 3 };
      return estimate(ruleError(), (await sample(model, options)).tokens, 64);
    };
    const [plain, spread] = [await errorOf(ancestral()), await errorOf(systematicAncestral())];
    console.log(
      `rule error at 8 calls, 400 sequences: ancestral ${plain.value.toFixed(4)} +- ${plain.standardError.toFixed(4)}, systematic ${spread.value.toFixed(4)} +- ${spread.standardError.toFixed(4)}`,
    );
    assert.ok(plain.value - spread.value > 3 * Math.hypot(plain.standardError, spread.standardError));
  });
});
