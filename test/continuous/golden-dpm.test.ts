/**
 * DPM-Solver and DPM-Solver++ against the code of their authors. Where a case was made by code whose multistep solver of
 * order 3 has half of its second derivative (d2_factor 1), the released recursion is repeated here and must give the
 * case, and the library must give what the same recursion gives with d2_factor 2.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Denoiser,
  dpmSolver,
  dpmSolverPlusPlus,
  dpmSolverPlusPlusSinglestep,
  dpmSolverSinglestep,
  type EvenOptions,
  logSnr,
  type Noise,
  rhoAt,
  type Sampler,
  type Schedule,
  sample,
  singlestepOrders,
  singlestepTimes,
  steps,
  thresholded,
  timePower,
  times,
  timeUniform,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { publishedStates } from "./dpm-published.ts";
import { givenNormals } from "./given-normals.ts";
import {
  closeRows,
  continuousGolden,
  denoiserOf,
  type MixtureRecord,
  noiseOf,
  type ScheduleRecord,
} from "./golden.ts";

interface SolverInputs {
  readonly mixture: MixtureRecord;
  readonly guidance?: { readonly scale: number; readonly conditional_mixture: MixtureRecord } | null;
  readonly schedule: ScheduleRecord;
  readonly start: number[][];
  readonly steps: number;
  readonly order: number;
  readonly algorithm: "dpmsolver" | "dpmsolver++";
  readonly method: "multistep" | "singlestep";
  readonly skip_type: "time_uniform" | "time_quadratic" | "logSNR";
  readonly solver_type: "dpmsolver" | "taylor";
  readonly lower_order_final: boolean;
  readonly denoise_to_zero: boolean;
  readonly dynamic_thresholding: { readonly ratio: number; readonly max_val: number } | null;
  readonly d2_factor?: number;
}

interface SolverExpected {
  readonly states: number[][][];
  readonly final: number[][];
  readonly eval_times?: number[];
  readonly outer_times?: number[];
  readonly outer_orders?: number[];
}

interface SdeInputs {
  readonly mixture: MixtureRecord;
  readonly schedule: ScheduleRecord;
  readonly start: number[][];
  readonly order: number;
  readonly algorithm: string;
  readonly solver_type: "midpoint" | "heun";
  readonly final_sigma: "zero" | "sigma_min";
  readonly noise: number[][][];
}

const file = continuousGolden("dpm_solver.json");

const grids: Record<SolverInputs["skip_type"], (options: EvenOptions) => Schedule> = {
  time_uniform: timeUniform,
  time_quadratic: timePower,
  logSNR: logSnr,
};

describe("published DPM-Solver", () => {
  it("every kind of the file is read", () => file.kinds(["dpm_solver", "dpm_solver_sde"]));

  for (const [i, { inputs, expected }] of file.cases<SolverInputs, SolverExpected>("dpm_solver").entries()) {
    const { algorithm, method, order, skip_type, solver_type, d2_factor } = inputs;
    const title = `${i}: ${algorithm} ${method} ${order}, ${inputs.steps} calls, ${skip_type}, ${solver_type}`;

    it(`${title}${d2_factor === undefined ? "" : `, d2_factor ${d2_factor}`}`, async () => {
      const { noise, model, sampler, schedule } = setUp(inputs);
      const seen = await watchedRun(model, { noise, sampler, schedule, inputs });
      if (d2_factor === 1) {
        const published = {
          noise,
          times: schedule.resolve(noise),
          start: inputs.start.flat(),
          form: algorithm === "dpmsolver" ? ("noise" as const) : ("data" as const),
          order,
          taylor: solver_type === "taylor",
          lowerOrderFinal: inputs.lower_order_final,
        };
        const released = await publishedStates(model, { ...published, d2Factor: 1 });
        closeRows(released.at(-1)!, expected.final, file.tolerance("final"), "released recursion");
        const right = await publishedStates(model, { ...published, d2Factor: 2 });
        close(seen.final, right.at(-1)!, file.tolerance("final"), "final");
        const away = seen.final.map((value, at) => Math.abs(value - released.at(-1)![at]!));
        // Fewer steps may have none of order 3.
        if (inputs.steps > 4)
          assert.ok(Math.max(...away) > 1e-6, "the released result is not that of order 3");
        return;
      }
      closeRows(seen.final, expected.final, file.tolerance("final"), "final");
      expected.states.forEach((state, at) => {
        closeRows(seen.states[at]!, state, file.tolerance("states"), `state ${at}`);
      });
      assert.equal(seen.states.length, expected.states.length);
      if (expected.eval_times)
        close(seen.times, expected.eval_times, file.tolerance("eval_times"), "eval_times");
      if (expected.outer_times) {
        close(schedule.resolve(noise), expected.outer_times, file.tolerance("outer_times"), "outer_times");
      }
      if (expected.outer_orders) {
        assert.deepEqual(singlestepOrders({ calls: inputs.steps, order }), expected.outer_orders);
      }
    });
  }

  for (const [i, { inputs, expected }] of file
    .cases<SdeInputs, { timesteps: number[]; sigmas: number[]; trajectory: number[][][] }>("dpm_solver_sde")
    .entries()) {
    const { algorithm, order, solver_type, final_sigma } = inputs;
    it(`sde ${i}: ${algorithm} ${order}, ${solver_type}, to ${final_sigma}`, async () => {
      const noise = noiseOf(inputs.schedule);
      const n = inputs.schedule.n!;
      const end = final_sigma === "zero" ? -1 : 0;
      const schedule = times({ times: [...expected.timesteps, end].map((level) => (level + 1) / n) });
      const at = schedule.resolve(noise);
      const rho = at.map((t) => rhoAt(noise, t));
      close(rho, expected.sigmas, file.tolerance("sigmas"), "sigmas");
      const make = algorithm.endsWith("++") ? dpmSolverPlusPlus : dpmSolver;
      const eta = algorithm.startsWith("sde-") ? 1 : 0;
      const options = {
        noise,
        schedule,
        sampler: make({ order, eta, taylor: solver_type === "heun" }),
        start: inputs.start.flat(),
        count: inputs.start.length,
        normals: givenNormals(inputs.noise),
      };
      for await (const { index, x } of steps(denoiserOf(inputs.mixture), options)) {
        closeRows(x, expected.trajectory[index]!, file.tolerance("trajectory"), `state ${index}`);
      }
    });
  }
});

/** The parts of the library that a case asks for. */
function setUp(inputs: SolverInputs): {
  noise: Noise;
  model: Denoiser;
  sampler: Sampler;
  schedule: Schedule;
} {
  const { order, algorithm, method, steps: calls } = inputs;
  const data = algorithm === "dpmsolver++";
  assert.ok(data || algorithm === "dpmsolver", `algorithm ${algorithm}`);
  const grid = grids[inputs.skip_type];
  const taylor = inputs.solver_type === "taylor";
  const exact = denoiserOf(inputs.mixture, inputs.guidance ?? null);
  const bound = inputs.dynamic_thresholding;
  const model = bound && data ? thresholded(exact, { ratio: bound.ratio, largest: bound.max_val }) : exact;
  const noise = noiseOf(inputs.schedule);
  if (method === "multistep") {
    const make = data ? dpmSolverPlusPlus : dpmSolver;
    const sampler = make({ order, taylor, lowerOrderFinal: inputs.lower_order_final });
    return { noise, model, sampler, schedule: grid({ steps: calls }) };
  }
  assert.equal(method, "singlestep");
  const make = data ? dpmSolverPlusPlusSinglestep : dpmSolverSinglestep;
  const schedule =
    inputs.skip_type === "logSNR"
      ? logSnr({ steps: singlestepOrders({ calls, order }).length })
      : singlestepTimes({ calls, order, grid });
  return { noise, model, sampler: make({ order, calls, taylor, inner: grid }), schedule };
}

/** Runs a case. Every state but the last is one that the model is asked about. */
async function watchedRun(
  model: Denoiser,
  {
    noise,
    sampler,
    schedule,
    inputs,
  }: { noise: Noise; sampler: Sampler; schedule: Schedule; inputs: SolverInputs },
): Promise<{ states: Float64Array[]; times: number[]; final: Float64Array }> {
  const states: Float64Array[] = [];
  const asked: number[] = [];
  const watched: Denoiser = {
    ...model,
    predict(input) {
      states.push(input.x.slice());
      asked.push(input.time[0]!);
      return model.predict(input);
    },
  };
  const { x } = await sample(watched, {
    noise,
    schedule,
    sampler,
    start: inputs.start.flat(),
    count: inputs.start.length,
    batch: inputs.start.length,
    denoise: inputs.denoise_to_zero,
  });
  return { states: [...states, x], times: asked, final: x };
}
