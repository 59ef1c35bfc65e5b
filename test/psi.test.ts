/** Psi-samplers: published profiles, and kappas out of range. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { linear, sample, steps, uniform } from "../src/index.ts";
import { psi } from "../src/samplers/psi.ts";
import { psiProfile } from "../src/samplers/psi-profile.ts";
import { close } from "./golden.ts";
import { hashed } from "./hashed.ts";
import { bitsModel } from "./small-laws.ts";

const exactly = { rel: 1e-12, abs: 1e-12 };

describe("psi", () => {
  it("runs a published profile on a uniform schedule", async () => {
    const profile = psiProfile({
      steps: 8,
      noise: linear(),
      middle: 0.2,
      highShare: 0.3,
      middleShare: 0.4,
      hold: 0.4,
    });
    // 9 times: 3 down to the hold, 4 held, 2 from there to the end.
    close(profile.times, [1, 0.7, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0], exactly);
    const denoiser = hashed({ vocabulary: 4, length: 10 });
    const left: number[] = [];
    const options = { schedule: uniform({ steps: 8 }), sampler: psi(profile) };
    for await (const { tokens } of steps(denoiser, options)) {
      left.push(tokens.filter((token) => token === 4).length);
    }
    assert.deepEqual(
      left,
      [...profile.times].map((t) => Math.round(10 * t)),
    );
  });

  it("refuses a kappa out of range", async () => {
    assert.throws(() => psi({ kappa: 1.1 }), /psi: kappa = 1.1; expected 0 <= kappa <= 1/);
    const sampler = psi({ kappa: () => Number.NaN });
    await assert.rejects(sample(bitsModel(), { schedule: uniform({ steps: 2 }), sampler }), /kappa = NaN/);
    assert.throws(() => psiProfile({ steps: 0, noise: linear() }), /steps = 0/);
    assert.throws(
      () => psiProfile({ steps: 4, noise: linear(), highShare: 0.8, middleShare: 0.4 }),
      /shares/,
    );
  });
});
