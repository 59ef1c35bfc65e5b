/** DC-Solver against the published code: given ratios, the moved prediction, the search's losses, the cascade. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  cascadeRatios,
  compensated,
  dcRatios,
  dcSolver,
  leastRatio,
  probabilityFlow,
  type RatioSearch,
  rhoAt,
  uniPc,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { closeRows, continuousGolden } from "./golden.ts";
import { type RunRecord, setupOf, trajectoryOf } from "./unipc-golden.ts";

const golden = continuousGolden("dpm_unipc_dc.json");

interface GivenInputs extends RunRecord {
  readonly start: number[][];
  readonly dc_order: number;
  readonly dc_ratios: number[];
}

describe("golden: DC-Solver", () => {
  it("no kind of case is passed over", () => {
    golden.kinds([
      "unipc",
      "dc_given_ratios",
      "dc_given_ratios_scheduler",
      "compensation",
      "dc_search",
      "dc_search_scheduler",
      "cpr",
    ]);
  });

  interface Given {
    readonly times: number[];
    readonly trajectory: number[][][];
    readonly final: number[][];
  }
  for (const [index, { inputs, expected }] of golden.cases<GivenInputs, Given>("dc_given_ratios").entries()) {
    it(`given ratios ${index}: order ${inputs.order}, K = ${inputs.dc_order}`, async () => {
      const setup = setupOf(inputs);
      close(setup.schedule.resolve(setup.noise), expected.times, golden.tolerance("times"), "times");
      const sampler = dcSolver({
        ...setup.method,
        ratios: inputs.dc_ratios,
        compensationOrder: inputs.dc_order,
      });
      const { corrected, last } = await trajectoryOf(setup, { sampler, start: inputs.start });
      assert.equal(corrected.length, expected.trajectory.length);
      expected.trajectory.forEach((state, i) => {
        closeRows(corrected[i]!, state, golden.tolerance("trajectory"), `state ${i}`);
      });
      closeRows(last.x, expected.final, golden.tolerance("final"), "final");
    });
  }

  interface GivenScheduler {
    readonly timesteps: number[];
    readonly sigmas: number[];
    readonly states_after_predictor: number[][][];
  }
  const schedulerCases = golden.cases<GivenInputs, GivenScheduler>("dc_given_ratios_scheduler");
  for (const [index, { inputs, expected }] of schedulerCases.entries()) {
    it(`given ratios of a table ${index}: order ${inputs.order}, K = ${inputs.dc_order}`, async () => {
      const setup = setupOf(inputs, expected.timesteps);
      const rhos = setup.schedule.resolve(setup.noise).map((t) => rhoAt(setup.noise, t));
      close(rhos, expected.sigmas, golden.tolerance("sigmas"), "rho");
      const sampler = dcSolver({
        ...setup.method,
        ratios: inputs.dc_ratios,
        compensationOrder: inputs.dc_order,
      });
      const { predicted } = await trajectoryOf(setup, { sampler, start: inputs.start });
      assert.equal(predicted.length, expected.states_after_predictor.length);
      expected.states_after_predictor.forEach((state, i) => {
        closeRows(predicted[i]!, state, golden.tolerance("states_after_predictor"), `state ${i}`);
      });
    });
  }

  interface Moved {
    readonly buffer: number[][][];
    readonly times: number[];
    readonly ratio: number;
    readonly dc_order: number;
  }
  const moves = golden.cases<Moved, { compensated: number[][] }>("compensation");
  for (const [index, { inputs, expected }] of moves.entries()) {
    it(`compensation ${index}: K = ${inputs.dc_order}, ratio ${inputs.ratio}`, () => {
      const buffer = inputs.buffer
        .map((value, i) => ({ t: inputs.times[i]!, value: Float64Array.from(value.flat()) }))
        .reverse();
      const [newest, ...rest] = compensated(buffer, {
        ratio: inputs.ratio,
        compensationOrder: inputs.dc_order,
      });
      closeRows(newest!.value, expected.compensated, golden.tolerance("compensated"), "newest");
      assert.deepEqual(rest, buffer.slice(1));
    });
  }

  interface Cascade {
    readonly coefficients: number[][][];
    readonly queries: { readonly cfg: number; readonly nfe: number }[];
  }
  for (const [index, { inputs, expected }] of golden
    .cases<Cascade, { dc_ratios: number[][] }>("cpr")
    .entries()) {
    it(`cascade polynomial ${index}`, () => {
      inputs.queries.forEach(({ cfg, nfe }, i) => {
        const ratios = cascadeRatios(inputs.coefficients, { guidance: cfg, steps: nfe });
        close(ratios, expected.dc_ratios[i]!, golden.tolerance("default"), `guidance ${cfg}, ${nfe} calls`);
      });
    });
  }
});

interface SearchInputs extends RunRecord {
  readonly start: number[][];
  readonly test_start: number[][];
  readonly dc_order: number;
  /** From 1. */
  readonly searched_steps: number[];
  readonly targets: number[][][];
  readonly curve_ratios: number[];
}

interface Ends {
  readonly ode_end?: number[][];
  readonly final_unipc: number[][];
  readonly final_dc: number[][];
  readonly rmse_unipc?: number;
  readonly rmse_dc?: number;
}

interface Searched {
  readonly dc_ratios: number[];
  readonly loss_at_ratio_1: number[];
  readonly loss_at_official_ratio: number[];
  readonly loss_curves: number[][];
  readonly result: { readonly calibration: Ends; readonly test: Ends };
}

describe("golden: search of DC-Solver's ratios", () => {
  const searches = [
    ...golden.cases<SearchInputs, Searched>("dc_search"),
    ...golden.cases<SearchInputs, Searched>("dc_search_scheduler"),
  ];
  for (const [index, { inputs, expected }] of searches.entries()) {
    const name = `case ${index}: ${inputs.variant} of order ${inputs.order}, ${inputs.steps} steps`;
    const setup = setupOf(inputs);
    const { denoiser, noise, schedule } = setup;
    const method = { ...setup.method, compensationOrder: inputs.dc_order };
    /** Our search on the file's targets, each step after the published ratios of those before. */
    const searchWith = (search: RatioSearch) =>
      dcRatios(denoiser, {
        ...method,
        noise,
        schedule,
        start: inputs.start.flat(),
        search,
        teacher: async (_, { start }) =>
          Array.from({ length: inputs.steps }, (_, step) => {
            const at = inputs.searched_steps.indexOf(step + 1);
            return at < 0 ? start : Float64Array.from(inputs.targets[at]!.flat());
          }),
      });

    it(`${name}: losses at given ratios`, async () => {
      const curves: number[][] = [];
      const { searched } = await searchWith(async (loss, step) => {
        const curve: number[] = [];
        for (const ratio of inputs.curve_ratios) curve.push(await loss(ratio));
        curves.push(curve);
        return expected.dc_ratios[step]!;
      });
      const own = inputs.searched_steps.map((step) => searched[step - 1]!);
      const tolerance = golden.tolerance("loss");
      close(
        own.map(({ lossAtOne }) => lossAtOne),
        expected.loss_at_ratio_1,
        tolerance,
        "loss at ratio 1",
      );
      close(
        own.map(({ loss }) => loss),
        expected.loss_at_official_ratio,
        tolerance,
        "loss at the published ratio",
      );
      assert.equal(curves.length, expected.loss_curves.length);
      expected.loss_curves.forEach((curve, i) => {
        close(curves[i]!, curve, tolerance, `losses of step ${inputs.searched_steps[i]}`);
      });
    });

    it(`${name}: the minimiser reaches the published losses`, async () => {
      const minimise = leastRatio();
      await searchWith(async (loss, step) => {
        const found = await loss(await minimise(loss, step));
        const published = expected.loss_at_official_ratio[inputs.searched_steps.indexOf(step + 1)]!;
        assert.ok(found <= published * (1 + 1e-6), `step ${step + 1}: ${found}, published ${published}`);
        assert.ok(found <= (await loss(1)));
        return expected.dc_ratios[step]!;
      });
    });

    for (const part of ["calibration", "test"] as const) {
      it(`${name}: where the ${part} rows end`, async () => {
        const start = part === "test" ? inputs.test_start : inputs.start;
        const ends = expected.result[part];
        const plain = await trajectoryOf(setup, { sampler: uniPc(method), start });
        const sampler = dcSolver({ ...method, ratios: expected.dc_ratios });
        const moved = await trajectoryOf(setup, { sampler, start });
        closeRows(plain.last.x, ends.final_unipc, golden.tolerance("final_unipc"), "UniPC");
        closeRows(moved.last.x, ends.final_dc, golden.tolerance("final_dc"), "DC-Solver");
        if (!ends.ode_end) return;
        const exact = await probabilityFlow(denoiser, { noise, start: start.flat() });
        closeRows(exact, ends.ode_end, golden.tolerance("ode_end"), "exact flow");
        close(rootMeanSquare(plain.last.x, exact), ends.rmse_unipc!, golden.tolerance("rmse_unipc"));
        close(rootMeanSquare(moved.last.x, exact), ends.rmse_dc!, golden.tolerance("rmse_dc"));
      });
    }
  }
});

function rootMeanSquare(a: Float64Array, b: Float64Array): number {
  return Math.sqrt(a.reduce((sum, value, at) => sum + (value - b[at]!) ** 2, 0) / a.length);
}
