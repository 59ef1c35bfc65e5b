/** Samplers that revise: the contract of a sampler. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  confidence,
  independent,
  philox,
  type Randomness,
  random,
  type SampleOptions,
  type Sampler,
  sample,
  stratified,
  uniform,
} from "../src/index.ts";
import { plugInPosterior } from "../src/processes/plug-in.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { maskGit } from "../src/samplers/mask-git.ts";
import { pathPlanning, randomScore } from "../src/samplers/path-planning.ts";
import { psi } from "../src/samplers/psi.ts";
import { psiCap } from "../src/samplers/psi-profile.ts";
import {
  cap,
  confidenceRule,
  flowMatching,
  forwardBackward,
  loop,
  rescale,
} from "../src/samplers/remask-rules.ts";
import { remdm } from "../src/samplers/remdm.ts";
import { klass } from "../src/selectors/klass.ts";
import { threshold } from "../src/selectors/threshold.ts";
import { hashed } from "./hashed.ts";
import { models } from "./loop-table.ts";
import { states } from "./states.ts";
import { watched } from "./watched.ts";

/** Samplers of the contract, each with a process it is for. */
const samplers: readonly Sampler[] = [
  remdm({ rule: cap({ eta: 0.3 }) }),
  remdm({ rule: rescale({ eta: 0.5 }) }),
  remdm({ rule: confidenceRule() }),
  remdm({ rule: forwardBackward() }),
  remdm({ rule: flowMatching() }),
  remdm({ rule: loop({ eta: 0.3 }) }),
  psi({ kappa: 0.6 }),
  psi({ kappa: psiCap({ eta: 0.3 }), clock: (t) => t * t }),
  maskGit(),
  pathPlanning(),
  pathPlanning({ eta: 0, score: randomScore }),
  pathPlanning({ eta: 3 }),
];

function contract(name: string, parts: Pick<SampleOptions, "sampler" | "selector" | "process">): void {
  const { sampler } = parts;
  for (const [title, make] of Object.entries(models)) {
    const process = parts.process && uniformProcess({ vocabulary: make().vocabulary });
    const options = { ...parts, ...(process ? { process } : {}) };
    describe(`${name}, ${title}`, () => {
      for (const schedule of [uniform({ steps: 1 }), uniform({ steps: 4 }), uniform({ steps: 12 })]) {
        it(`${schedule.name}, ${schedule.steps} steps: finished, given tokens kept, calls counted, resumable`, async () => {
          const denoiser = watched(make(), { ...(process ? { process } : {}), revises: true });
          const { length, vocabulary } = denoiser;
          const given = Array.from({ length }, (_, d) => (d === 2 ? 1 : -1));
          for (const extra of [{}, { given: Object.freeze(given) }]) {
            const before = denoiser.seen.calls;
            const all = Object.freeze({ ...options, ...extra, schedule, count: 3, seed: 8, firstRow: 2 });
            const run = await states(denoiser, all);
            const copies = run.map((state) => structuredClone(state));
            const last = run[run.length - 1]!;
            assert.equal(run.length, schedule.steps + 1);
            assert.ok(last.tokens.every((token) => token >= 0 && token < vocabulary));
            for (const { tokens } of run) {
              if ("given" in extra)
                for (let row = 0; row < 3; row++) assert.equal(tokens[row * length + 2], 1);
            }
            assert.equal(last.calls, denoiser.seen.calls - before);
            assert.ok(last.calls <= sampler!.calls * schedule.steps, `${last.calls} calls`);
            run.forEach((state, i) => {
              const more = i === 0 ? 0 : state.calls - run[i - 1]!.calls;
              assert.ok(more <= sampler!.calls, `${more} calls in a step`);
            });
            for (const from of copies) {
              const rest = await states(make(), { ...all, from });
              assert.deepEqual(rest[rest.length - 1]!.tokens, last.tokens, `resumed at ${from.index}`);
              assert.deepEqual(rest[rest.length - 1]!.memory, last.memory);
            }
            assert.deepEqual(run, copies, "a state was written over");
          }
        });

        it(`${schedule.name}, ${schedule.steps} steps: a row is the same in any batch`, async () => {
          const shared = make();
          const all = { ...options, schedule, seed: 11, count: 8 };
          const { tokens } = await sample(shared, { ...all, batch: 8 });
          for (const batch of [1, 3]) {
            assert.deepEqual((await sample(shared, { ...all, batch })).tokens, tokens, `batch ${batch}`);
          }
          const part = await sample(shared, { ...all, firstRow: 5, count: 2 });
          assert.deepEqual(part.tokens, tokens.subarray(5 * shared.length, 7 * shared.length));
        });
      }
    });
  }

  it(`${name}: one token, two tokens, one position`, async () => {
    for (const vocabulary of [1, 2]) {
      for (const length of [1, 5]) {
        const process = parts.process ? { process: uniformProcess({ vocabulary }) } : {};
        for (const schedule of [uniform({ steps: 1 }), uniform({ steps: 3 })]) {
          const denoiser = hashed({ vocabulary, length });
          const { tokens } = await sample(denoiser, { ...parts, ...process, schedule, count: 4, batch: 3 });
          assert.ok(tokens.every((token) => token >= 0 && token < vocabulary));
        }
      }
    }
  });

  it(`${name}: refuses NaN from the model`, async () => {
    const denoiser = hashed({ vocabulary: 3, length: 4 });
    const broken = {
      ...denoiser,
      predict: () => ({ data: new Float64Array(12 * 8).fill(Number.NaN), width: 3 }),
    };
    const process = parts.process ? { process: uniformProcess({ vocabulary: 3 }) } : {};
    await assert.rejects(sample(broken, { ...parts, ...process, schedule: uniform({ steps: 2 }) }), /NaN/);
  });

  it(`${name}: makes no call where all is given`, async () => {
    if (parts.process) return;
    const denoiser = watched(hashed({ vocabulary: 4, length: 3 }));
    const done = await sample(denoiser, {
      ...parts,
      schedule: uniform({ steps: 3 }),
      given: [1, 2, 3],
      count: 2,
    });
    assert.deepEqual([...done.tokens, done.calls, denoiser.seen.calls], [1, 2, 3, 1, 2, 3, 0, 0]);
  });
}

for (const sampler of samplers) {
  if (!sampler.selects) {
    contract(sampler.name, { sampler });
    continue;
  }
  for (const selector of [
    stratified(),
    independent(),
    confidence(),
    threshold(),
    klass({ kl: 2, history: 1 }),
  ]) {
    contract(`${sampler.name}, ${selector.name}`, { sampler, selector });
  }
}

contract("psi, uniform noise", { sampler: psi({ kappa: 0.6 }), process: uniformProcess({ vocabulary: 2 }) });

contract("psi, plug-in, uniform noise", {
  sampler: psi({ kappa: 0.6, posterior: plugInPosterior }),
  process: uniformProcess({ vocabulary: 2 }),
});

describe("what does not go together", () => {
  const process = uniformProcess({ vocabulary: 4 });
  const denoiser = hashed({ vocabulary: 4, length: 6 });
  const schedule = uniform({ steps: 2 });
  for (const sampler of samplers) {
    if (sampler.name === "psi") continue;
    it(`${sampler.name} refuses a process without a mask with a sentence`, async () => {
      await assert.rejects(
        sample(denoiser, { schedule, sampler, process }),
        new RegExp(`sample: the sampler ${sampler.name} .* process uniform .*; use \\w+$`),
      );
    });
  }
  it("samplers that choose positions themselves refuse a selector", async () => {
    for (const sampler of [maskGit(), pathPlanning()]) {
      await assert.rejects(
        sample(denoiser, { schedule, sampler, selector: random() }),
        /leave the selector out/,
      );
    }
  });
});

describe("randomness", () => {
  it("takes every draw of a run at a place of its own", async () => {
    for (const sampler of samplers) {
      const drawn = new Set<string>();
      const source = philox(1);
      const distinct: Randomness = {
        at(...key) {
          const draw = source.at(...key);
          const once = (site: number): number => {
            const place = `${key.join("/")}/${site}`;
            assert.ok(!drawn.has(place), `${sampler.name} drew twice at ${place}`);
            drawn.add(place);
            return site;
          };
          return {
            uniform: (site) => draw.uniform(once(site)),
            categorical: (weights, count, site) => draw.categorical(weights, count, once(site)),
            integer: (n, site) => draw.integer(n, once(site)),
            bernoulli: (p, site) => draw.bernoulli(p, once(site)),
          };
        },
      };
      const denoiser = hashed({ vocabulary: 4, length: 9 });
      await sample(denoiser, { schedule: uniform({ steps: 5 }), sampler, count: 2, randomness: distinct });
    }
  });
});
