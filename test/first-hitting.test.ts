/** k-Gillespie and first hitting: exact laws by enumeration, given the times of the jumps. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ancestral,
  cosineNoise,
  counts,
  type Denoiser,
  linear,
  philox,
  purposes,
  random,
  sample,
  uniform,
} from "../src/index.ts";
import { firstHitting } from "../src/samplers/first-hitting.ts";
import { kGillespie } from "../src/samplers/k-gillespie.ts";
import { lawGivenTimes } from "./given-times.ts";
import { close } from "./golden.ts";
import { hashed } from "./hashed.ts";
import { productOfMarginals, sampleLaw } from "./law.ts";
import { threeTrits, tritsModel } from "./small-laws.ts";

const exactly = { rel: 1e-11, abs: 1e-13 };
const table = tritsModel();

describe("k-Gillespie", () => {
  it("with k = 1 has the joint law", async () => {
    close(
      await sampleLaw(table, { schedule: counts([0, 1, 2, 3]), sampler: kGillespie() }),
      threeTrits,
      exactly,
    );
  });

  it("is ancestral sampling of a random choice of positions", async () => {
    for (const schedule of [counts([0, 2, 3]), counts([0, 1, 3]), uniform({ steps: 1 })]) {
      const wanted = await sampleLaw(table, { schedule, sampler: ancestral(), selector: random() });
      close(await sampleLaw(table, { schedule, sampler: kGillespie() }), wanted, exactly);
    }
  });
});

describe("first hitting", () => {
  it("has the joint law in any number of steps", async () => {
    for (const schedule of [uniform({ steps: 1 }), uniform({ steps: 2 }), uniform({ steps: 7 })]) {
      for (const seed of [1, 2]) {
        const law = await lawGivenTimes(table, { schedule, sampler: firstHitting() }, seed);
        close(law, threeTrits, exactly, `${schedule.steps} steps`);
      }
    }
  });

  it("draws positions of one call as if independent", async () => {
    const schedule = uniform({ steps: 1 });
    const all = await lawGivenTimes(table, { schedule, sampler: firstHitting({ perCall: 5 }) }, 1);
    close(all, productOfMarginals(threeTrits, 3, 3), exactly);
    const two = await lawGivenTimes(table, { schedule, sampler: firstHitting({ perCall: 2 }) }, 1);
    close(two, await sampleLaw(table, { schedule: counts([0, 2, 3]), sampler: kGillespie() }), exactly);
  });

  it("makes D calls in a run, whatever the batch and the steps", async () => {
    const network = hashed({ vocabulary: 5, length: 9, timeFree: false });
    for (const count of [1, 2, 5, 20]) {
      const schedule = uniform({ steps: count });
      const run = await sample(network, { schedule, sampler: firstHitting(), count: 8 });
      assert.equal(run.calls, 9);
      const parallel = await sample(network, {
        schedule: uniform({ steps: 1 }),
        sampler: firstHitting({ perCall: 4 }),
      });
      assert.equal(parallel.calls, 3);
    }
  });

  it("reveals at 1 - alpha(t') = (1 - alpha(t)) u^(1/n), each row on its own clock", async () => {
    for (const noise of [linear(), cosineNoise(), linear({ eps: 1e-3 })]) {
      const told: number[][] = [];
      const network = hashed({ vocabulary: 3, length: 3, timeFree: false });
      const watching: Denoiser = {
        ...network,
        predict(input) {
          told.push([...input.time]);
          return network.predict(input);
        },
      };
      const source = philox(0);
      const u = (row: number, step: number, site: number): number =>
        source.at(row, step, purposes.hold).uniform(site);
      const schedule = counts([0, 2, 3]);
      await sample(watching, { schedule, noise, sampler: firstHitting(), count: 2 });
      for (const row of [0, 1]) {
        let level = noise.masked(1);
        [
          [0, 0],
          [0, 1],
          [1, 0],
        ].forEach(([step, site], call) => {
          level *= (1 - u(row, step!, site!)) ** (1 / (3 - call));
          close(
            told[call]![row]!,
            noise.timeAt(1 - level),
            { rel: 1e-9, abs: 1e-12 },
            `row ${row}, call ${call}`,
          );
        });
      }
    }
  });
});
