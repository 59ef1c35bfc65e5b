/** Samplers that revise: exact laws of long runs, and the order of their error. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ancestral,
  type Denoiser,
  independent,
  linear,
  type SampleOptions,
  type Sampler,
  uniform,
} from "../src/index.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { psi } from "../src/samplers/psi.ts";
import { cap, forwardBackward, rescale } from "../src/samplers/remask-rules.ts";
import { remdm } from "../src/samplers/remdm.ts";
import { close } from "./golden.ts";
import { sampleLaw, totalVariation } from "./law.ts";
import { propagatedLaw } from "./propagated-law.ts";
import { bitsModel, twoBits } from "./small-laws.ts";
import { exactDenoiser } from "./step-law.ts";

const exactly = { rel: 1e-12, abs: 1e-12 };
const bits = bitsModel();
const uniformBits = uniformProcess({ vocabulary: 2 });
const noisyBits = exactDenoiser({ joint: twoBits, length: 2, process: uniformBits, noise: linear() });

describe("laws of long runs", () => {
  const errors = async (
    sampler: (count: number) => Sampler,
    { denoiser = bits, counts = [8, 16, 32], ...options }: Partial<SampleOptions> & Setup = {},
  ): Promise<number[]> => {
    const found: number[] = [];
    for (const count of counts) {
      const schedule = uniform({ steps: count });
      const law = await propagatedLaw(denoiser, { ...options, schedule, sampler: sampler(count) });
      found.push(totalVariation(law, twoBits));
    }
    return found;
  };
  interface Setup {
    readonly denoiser?: Denoiser;
    readonly counts?: readonly number[];
  }
  /** Asserts that errors fall like 1 / steps. */
  const firstOrder = (found: readonly number[]): void => {
    for (let i = 1; i < found.length; i++) {
      const ratio = found[i - 1]! / found[i]!;
      assert.ok(ratio > 1.8 && ratio < 2.25, `errors ${found}; expected halves`);
    }
  };
  const selector = independent();

  it("agree with the enumeration of whole runs", async () => {
    const options = { schedule: uniform({ steps: 3 }), selector };
    for (const sampler of [ancestral(), remdm({ rule: cap({ eta: 0.3 }) }), psi({ kappa: 0.5 })]) {
      close(
        await propagatedLaw(bits, { ...options, sampler }),
        await sampleLaw(bits, { ...options, sampler }),
        exactly,
      );
    }
  });

  it("remdm is first order where sigma shrinks with the step", async () => {
    firstOrder(await errors(() => remdm({ rule: forwardBackward() }), { selector }));
    firstOrder(await errors((n) => remdm({ rule: cap({ eta: 1 / n }) }), { selector }));
    firstOrder(await errors((n) => remdm({ rule: rescale({ eta: 2 / n }) }), { selector }));
  });

  it("remdm with a sigma that does not shrink keeps an error, a small one for a small sigma", async () => {
    const large = (await errors(() => remdm({ rule: cap({ eta: 0.2 }) }), { selector })).pop()!;
    const small = (await errors(() => remdm({ rule: cap({ eta: 0.01 }) }), { selector })).pop()!;
    assert.ok(large > 0.03, `eta 0.2: ${large}`);
    assert.ok(small < 0.012, `eta 0.01: ${small}`); // ancestral sampling has 0.0111 at 32 steps
  });

  it("psi with kappa = 1 is first order under uniform noise", async () => {
    const found = await errors(() => psi({ kappa: 1 }), {
      denoiser: noisyBits,
      process: uniformBits,
    });
    firstOrder(found);
    assert.deepEqual(
      found.map((error) => error.toFixed(4)),
      ["0.0604", "0.0290", "0.0141"],
    );
  });

  it("psi with 1 - kappa of the order of the step is first order", async () => {
    const sampler = psi({ kappa: ({ t, s }) => 1 - (t - s) });
    firstOrder(await errors(() => sampler, { denoiser: noisyBits, process: uniformBits }));
    firstOrder(await errors(() => sampler, { selector }));
  });

  it("remdm mends what a model got wrong early", async () => {
    // Right about a bit given the other, wrong while nothing is known: 0 nine times out of ten.
    const denoiser: Denoiser = {
      ...bits,
      predict: (input) => {
        const { tokens, batch } = input;
        const data = Float64Array.from({ length: 4 * batch }, (_, at) => {
          const other = tokens[2 * Math.floor(at / 4) + (Math.floor(at / 2) % 2 === 0 ? 1 : 0)]!;
          const law = other === 2 ? [0.9, 0.1] : other === 0 ? [0.8565, 0.1435] : [0.1435, 0.8565];
          return Math.log(law[at % 2]!);
        });
        return { data, width: 2 };
      },
    };
    const wrong = await errors(() => ancestral(), { denoiser, selector });
    const mended = await errors(() => remdm({ rule: rescale({ eta: 1 }) }), { denoiser, selector });
    assert.ok(wrong[2]! > 0.34, `ancestral: ${wrong}`);
    assert.ok(mended[2]! < 0.6 * wrong[2]! && mended[2]! < mended[0]!, `remdm: ${mended}`);
  });
});
