/**
 * DPM-Solver++ as EDM users run it, against diff-sampler and k-diffusion. Where a case was made by code whose solver of
 * order 3 has half of its second derivative (d2_factor 1), the released recursion is repeated here and must give the
 * case, and the library must give what the same recursion gives with d2_factor 2.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  cleanFrom,
  type Denoiser,
  dpmSolver,
  dpmSolverPlusPlus,
  dpmSolverPlusPlusSde,
  type Normals,
  type Sampler,
  steps,
  thresholded,
  times,
} from "../../src/continuous/index.ts";
import { close, type Tolerance } from "../golden.ts";
import { type PublishedOptions, publishedStates } from "./dpm-published.ts";
import { givenNormals } from "./given-normals.ts";
import { closeRows, continuousGolden, denoiserOf, type MixtureRecord, sigmaNoise } from "./golden.ts";

interface GridInputs {
  readonly mixture: MixtureRecord;
  readonly latents: number[][];
  readonly order: number;
  readonly afs: boolean;
  readonly denoise_to_zero: boolean;
  readonly predict_x0: boolean;
  readonly lower_order_final: boolean;
  readonly x0_dynamic_thresholding: boolean;
  readonly d2_factor?: number;
}

interface ChurnInputs {
  readonly mixture: MixtureRecord;
  readonly x: number[][];
  readonly sigmas: number[];
  readonly noise: number[][][];
  readonly eta?: number;
  readonly s_noise?: number;
  readonly solver_type?: "midpoint" | "heun";
  readonly r?: number;
  readonly d2_factor?: number;
}

interface ChurnExpected {
  readonly noises_used: number;
  readonly states_before_model: number[][][];
  readonly final: number[][];
}

const solvers = continuousGolden("edm_solvers.json");
const churn = continuousGolden("edm_churn_sde.json");

describe("published DPM-Solver++ on EDM grids", () => {
  it("every kind is read, here or with the other solvers of EDM", () => {
    const others = ["grids", "euler", "heun", "dpm_2", "ipndm", "ipndm_v", "deis", "unipc"];
    solvers.kinds(["dpmpp", ...others]);
  });

  for (const [i, { inputs, expected }] of solvers
    .cases<GridInputs, { sigmas: number[]; trajectory: number[][][]; eval_sigmas: number[] }>("dpmpp")
    .entries()) {
    const { order, predict_x0: data, d2_factor, lower_order_final: lowerOrderFinal } = inputs;
    it(`dpmpp ${i}: order ${order}, ${data ? "data" : "noise"}, d2_factor ${d2_factor}`, async () => {
      const { sigmas } = expected;
      const { model, plain, asked } = edmModel(inputs, sigmas[0]!);
      const make = data ? dpmSolverPlusPlus : dpmSolver;
      const start = inputs.latents.flat().map((value) => value * sigmas[0]!);
      const states = await statesOf(model, {
        sigmas,
        start,
        count: inputs.latents.length,
        sampler: make({ order, lowerOrderFinal }),
      });
      if (inputs.denoise_to_zero) states.push(await denoised(plain, states.at(-1)!, sigmas.at(-1)!));
      const tolerance = solvers.tolerance("trajectory");
      close(asked, expected.eval_sigmas, solvers.tolerance("eval_sigmas"), "eval_sigmas");
      if (d2_factor === 1) {
        await checkReleased(states, expected.trajectory.slice(0, sigmas.length), tolerance, model, {
          noise: sigmaNoise(),
          times: sigmas,
          start,
          form: data ? "data" : "noise",
          order,
          taylor: false,
          lowerOrderFinal,
        });
        return;
      }
      assert.equal(states.length, expected.trajectory.length);
      for (const [at, state] of expected.trajectory.entries()) {
        closeRows(states[at]!, state, tolerance, `state ${at}`);
      }
    });
  }
});

describe("published DPM-Solver++ and its SDE samplers in k-diffusion", () => {
  const kinds: Record<string, (inputs: ChurnInputs) => { sampler: Sampler; draws: number }> = {
    dpmpp_2m: () => ({ sampler: dpmSolverPlusPlus({ lowerOrderFinal: false }), draws: 0 }),
    dpmpp_2m_sde: (inputs) => ({
      sampler: dpmSolverPlusPlus({
        ...noiseOptions(inputs),
        lowerOrderFinal: false,
        taylor: inputs.solver_type === "heun",
      }),
      draws: 1,
    }),
    dpmpp_3m_sde: (inputs) => ({
      sampler: dpmSolverPlusPlus({
        ...noiseOptions(inputs),
        order: 3,
        lowerOrderFinal: false,
        taylor: true,
      }),
      draws: 1,
    }),
    dpmpp_sde: (inputs) => ({
      sampler: dpmSolverPlusPlusSde({ ...noiseOptions(inputs), ratio: inputs.r ?? 0.5, brownian: false }),
      draws: 2,
    }),
  };

  it("every kind is read, here or with the samplers of EDM", () => {
    churn.kinds([...Object.keys(kinds), "euler", "heun", "dpm_2", "euler_ancestral"]);
  });

  for (const [kind, make] of Object.entries(kinds)) {
    for (const [i, { inputs, expected }] of churn.cases<ChurnInputs, ChurnExpected>(kind).entries()) {
      it(`${kind} ${i}: eta ${inputs.eta}, d2_factor ${inputs.d2_factor}`, async () => {
        const { sampler, draws } = make(inputs);
        const normals = givenNormals(inputs.noise, draws);
        const start = inputs.x.flat();
        const model = denoiserOf(inputs.mixture);
        const count = inputs.x.length;
        const states = await statesOf(model, { sigmas: inputs.sigmas, start, count, sampler, normals });
        const published = [...expected.states_before_model, expected.final];
        assert.equal(normals.used(), expected.noises_used);
        if (inputs.d2_factor === 1) {
          await checkReleased(states, published, churn.tolerance("final"), model, {
            noise: sigmaNoise(),
            times: inputs.sigmas,
            start,
            form: "data",
            order: 3,
            taylor: true,
            lowerOrderFinal: false,
            ...noiseOptions(inputs),
            normals: inputs.noise.map((z) => z.flat()),
          });
          return;
        }
        assert.equal(states.length, published.length);
        for (const [at, state] of published.entries()) {
          closeRows(states[at]!, state, churn.tolerance("states_before_model"), `state ${at}`);
        }
      });
    }
  }
});

function noiseOptions({ eta = 1, s_noise: noiseScale = 1 }: ChurnInputs): {
  eta: number;
  noiseScale: number;
} {
  return { eta, noiseScale };
}

/** The states of a run of the library. */
async function statesOf(
  model: Denoiser,
  {
    sigmas,
    ...run
  }: { sigmas: number[]; start: number[]; count: number; sampler: Sampler; normals?: Normals },
): Promise<Float64Array[]> {
  const states: Float64Array[] = [];
  const options = { ...run, noise: sigmaNoise(), schedule: times({ times: sigmas }) };
  for await (const { x } of steps(model, options)) states.push(x);
  return states;
}

/** The released recursion gives the released states, and the library those of the same recursion with d2_factor 2. */
async function checkReleased(
  states: Float64Array[],
  published: number[][][],
  tolerance: Tolerance,
  model: Denoiser,
  options: Omit<PublishedOptions, "d2Factor">,
): Promise<void> {
  const released = await publishedStates(model, { ...options, d2Factor: 1 });
  const right = await publishedStates(model, { ...options, d2Factor: 2 });
  assert.equal(released.length, published.length);
  for (const [at, state] of published.entries()) {
    closeRows(released[at]!, state, tolerance, `released state ${at}`);
    close(states[at]!, right[at]!, tolerance, `state ${at}`);
  }
  const away = states.flatMap((state, at) =>
    Array.from(state, (value, d) => Math.abs(value - released[at]![d]!)),
  );
  // Fewer steps may have none of order 3.
  if (states.length > 5) assert.ok(Math.max(...away) > 1e-6, "the released states are not those of order 3");
}

/**
 * The model of a case: x0 is thresholded where it is predicted, and the first call may be answered by
 * x / sqrt(1 + sigma^2). `asked` lists the levels at which the exact model was asked.
 */
function edmModel(
  { mixture, afs, predict_x0, x0_dynamic_thresholding }: GridInputs,
  sigmaMax: number,
): { model: Denoiser; plain: Denoiser; asked: number[] } {
  const plain = denoiserOf(mixture);
  const asked: number[] = [];
  const watched: Denoiser = {
    ...plain,
    predict(input) {
      const sigma = input.time[0]!;
      if (afs && sigma === sigmaMax) return input.x.map((value) => value / Math.hypot(1, sigma));
      asked.push(sigma);
      return plain.predict(input);
    },
  };
  return { model: predict_x0 && x0_dynamic_thresholding ? thresholded(watched) : watched, plain, asked };
}

/** x0 at sigma, as the last call of a run. */
async function denoised(model: Denoiser, x: Float64Array, sigma: number): Promise<Float64Array> {
  const batch = x.length / model.dimension;
  const all = (value: number) => new Float64Array(batch).fill(value);
  const eps = await model.predict({ x, batch, time: all(sigma), alpha: all(1), sigma: all(sigma) });
  return cleanFrom(x, eps, { alpha: 1, sigma });
}
