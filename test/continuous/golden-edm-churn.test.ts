/** Algorithm 2 of EDM and the ancestral Euler sampler, as k-diffusion has them, with every random number given. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Denoiser,
  edmDpm2,
  edmEuler,
  edmHeun,
  eulerAncestral,
  type Normals,
  type Sampler,
  sample,
  times,
  varianceExploding,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { closeRows, continuousGolden, type MixtureRecord, mixtureOf } from "./golden.ts";

interface Run {
  mixture: MixtureRecord;
  x: number[][];
  sigmas: number[];
  noise: number[][][];
  s_churn?: number | null;
  s_tmin?: number | null;
  s_tmax?: number | null;
  s_noise?: number | null;
  eta?: number | null;
}

interface Expected {
  sigma_hat: number[];
  states_before_model: number[][][];
  final: number[][];
}

const golden = continuousGolden("edm_churn_sde.json");

/** Only what the file states: null and what is left out take the default. */
function numbersOf(all: Record<string, number | null | undefined>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}

function samplerOf(kind: string, { s_churn, s_tmin, s_tmax, s_noise, eta }: Run): Sampler {
  const options = numbersOf({ churn: s_churn, churnMin: s_tmin, churnMax: s_tmax, noiseScale: s_noise });
  switch (kind) {
    case "euler":
      return edmEuler(options);
    case "heun":
      return edmHeun(options);
    case "dpm_2":
      return edmDpm2(options);
    case "euler_ancestral":
      return eulerAncestral(numbersOf({ eta, noiseScale: s_noise }));
    default:
      return assert.fail(`no sampler for a case of kind ${kind}`);
  }
}

describe("golden: EDM with churn", () => {
  it("has no case that is not read", () => {
    // The kinds that begin with dpmpp are read by golden-edm-dpm.test.ts.
    const dpm = ["dpmpp_2m", "dpmpp_2m_sde", "dpmpp_3m_sde", "dpmpp_sde"];
    golden.kinds(["euler", "heun", "dpm_2", "euler_ancestral", ...dpm]);
  });

  for (const kind of ["euler", "heun", "dpm_2", "euler_ancestral"]) {
    for (const [at, { inputs, expected }] of golden.cases<Run, Expected>(kind).entries()) {
      it(`${kind} ${at}`, async () => {
        const model = mixtureOf(inputs.mixture);
        const asked: { sigma: number; x: Float64Array }[] = [];
        const watched: Denoiser = {
          dimension: model.dimension,
          predict(input) {
            asked.push({ sigma: input.sigma[0]!, x: input.x });
            return model.predict(input);
          },
        };
        const given: Normals = {
          fill(out, { row, index, stage }) {
            assert.ok(index !== "start" && stage === 0, "one draw a step");
            out.set(inputs.noise[index]![row]!);
          },
        };
        const sampler = samplerOf(kind, inputs);
        const { x } = await sample(watched, {
          noise: varianceExploding(),
          schedule: times({ times: inputs.sigmas }),
          sampler,
          start: inputs.x.flat(),
          count: inputs.x.length,
          normals: given,
        });
        closeRows(x, expected.final, golden.tolerance("final"), "final");
        // The first call of each step; only the last, to sigma 0, makes do with it alone.
        const first = asked.filter((_, call) => call % sampler.calls === 0);
        assert.equal(asked.length, (first.length - 1) * sampler.calls + 1, "calls");
        const sigmas = first.map(({ sigma }) => sigma);
        close(sigmas, expected.sigma_hat, golden.tolerance("sigma_hat"), "sigma_hat");
        expected.states_before_model.forEach((rows, i) => {
          closeRows(first[i]!.x, rows, golden.tolerance("states_before_model"), `states_before_model[${i}]`);
        });
      });
    }
  }
});
