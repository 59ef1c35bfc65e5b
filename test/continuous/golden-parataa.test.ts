/** The published code of ParaTAA: its coefficients, its rounds on arrays and on a model, and what the sampler makes. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ddim,
  type Noise,
  type Normals,
  type Sampler,
  sample,
  steps,
  times,
  vpTable,
} from "../../src/continuous/index.ts";
import { type DdimCoefficients, ddimCoefficients } from "../../src/continuous/samplers/ddim.ts";
import { firstOrderResiduals, higherOrderResiduals } from "../../src/continuous/samplers/parallel-round.ts";
import { recallRow } from "../../src/continuous/samplers/parallel-row.ts";
import { parataa } from "../../src/continuous/samplers/parataa.ts";
import { type RoundMade, triangularAnderson } from "../../src/continuous/samplers/triangular-anderson.ts";
import { close, type Tolerance } from "../golden.ts";
import { closeRows, continuousGolden, type MixtureRecord, mixtureOf } from "./golden.ts";

interface Inputs {
  readonly alpha_bar: number[];
  readonly alpha_bar_prev: number[];
  readonly noise: number[][];
  readonly window_size: number;
  readonly order: number;
  readonly memory_size: number;
  readonly lambda: number;
  readonly eta: number;
  readonly tol1: number;
  readonly tol2: number;
}

interface Coefficients {
  readonly coeff_x: number[];
  readonly coeff_d: number[];
  readonly noise_coeff: number[];
  readonly threshold: number[];
}

interface RunExpected extends Coefficients {
  readonly iterations: number;
  readonly model_evaluations: number;
  readonly finished_index: number[];
  readonly evaluated: [number, number][];
  readonly final_x0: number[];
  readonly sequential_solution: number[][];
  readonly samples_after_iteration?: number[][][];
}

interface ArraysExpected extends Coefficients {
  readonly updates: {
    readonly evaluated: [number, number];
    readonly samples_before: number[][];
    readonly high_order_residual: number[][];
    readonly finished_index: number;
    readonly samples_after: number[][];
  }[];
}

const file = continuousGolden("paratAA.json");
const runs = file.cases<Inputs & { readonly mixture: MixtureRecord }, RunExpected>("run");
const arrays = file.cases<Inputs & { readonly directions: number[][][] }, ArraysExpected>(
  "updates_on_arrays",
);
const tolerance = file.tolerance();

/** Later rounds amplify rounding, as the file says. */
function ofStates(iteration: number): Tolerance {
  return iteration > 8 ? { abs: 1e-6, rel: 1e-6 } : file.tolerance("samples_after_iteration");
}

/** A noise whose level at time j is that of x_j, j = 0 .. T. */
function noiseOfLevels({ alpha_bar, alpha_bar_prev }: Inputs): Noise {
  close(alpha_bar_prev.slice(1), alpha_bar.slice(0, -1), { abs: 0, rel: 1e-14 }, "levels of one chain");
  const clean = alpha_bar_prev[0] === 1;
  const alphaBars = clean ? alpha_bar : [alpha_bar_prev[0]!, ...alpha_bar];
  return vpTable({ alphaBars, first: clean ? 1 : 0, last: alpha_bar.length, cutoff: 0 });
}

/** Of the steps in the order they are made. The published code draws no noise in the last step, to whatever level. */
function coefficientsOf(inputs: Inputs): DdimCoefficients[] {
  const last = inputs.alpha_bar.length;
  return inputs.alpha_bar.map((_, e) => {
    const at = { noise: noiseOfLevels(inputs), t: last - e, s: last - e - 1 };
    return ddimCoefficients({ ...at, eta: e + 1 === last ? 0 : inputs.eta });
  });
}

function checkCoefficients(inputs: Inputs, expected: Coefficients): void {
  const own = coefficientsOf(inputs).reverse();
  const carry = own.map(({ alpha, alphaNext }) => alphaNext / alpha);
  close(carry, expected.coeff_x, tolerance, "coeff_x");
  const push = own.map(({ kept, sigma }, t) => kept - sigma * carry[t]!);
  close(push, expected.coeff_d, tolerance, "coeff_d");
  const fresh = own.map((step) => step.fresh);
  close(fresh, expected.noise_coeff, tolerance, "noise_coeff");
  const posterior = own.map((step) => step.posterior);
  close(posterior, expected.threshold, tolerance, "threshold");
}

/** One round of the published bookkeeping: what it starts from, what it evaluates and what it makes. */
interface PublishedRound {
  readonly before: Float64Array;
  readonly evaluated: [number, number];
  readonly residuals: Float64Array;
  readonly finished: number;
  readonly after: Float64Array;
  /** Whether the next round will overwrite a state that is solved: what follows is not a solution. */
  readonly spoils: boolean;
}

/**
 * The published rounds, made of the library's residuals and mixture. Its bookkeeping differs from the sampler's in that a
 * step with a short past uses the oldest differences, which hold zeros from before its past.
 */
async function* publishedRounds(
  inputs: Inputs,
  predict: (
    states: Float64Array,
    from: number,
    to: number,
    round: number,
  ) => Promise<Float64Array> | Float64Array,
): AsyncGenerator<PublishedRound> {
  const { alpha_bar, noise, window_size: size, order, memory_size: memory, lambda, tol1, tol2 } = inputs;
  const [total, dimension] = [alpha_bar.length, noise[0]!.length];
  const all = coefficientsOf(inputs);
  const states = new Float64Array((total + 1) * dimension);
  states.set(noise[total]!);
  const part = (array: Float64Array, from: number, to: number) =>
    array.slice(from * dimension, to * dimension);
  const counts = new Array<number>(total).fill(0);
  const kept: RoundMade[] = [];
  let [done, reached] = [0, 0];
  for (let round = 0; done < total; round++) {
    const last = Math.min(total, done + size - 1);
    for (let state = reached + 1; state <= last; state++)
      states.set(part(states, reached, reached + 1), state * dimension);
    reached = Math.max(reached, last);
    const before = states.slice();
    const to = Math.min(total, done + size);
    const coefficients = all.slice(done, to);
    const first = firstOrderResiduals({
      dimension,
      coefficients,
      states: part(states, done, to + 1),
      predicted: await predict(states, done, to, round),
      normals: Float64Array.from(coefficients.flatMap((_, e) => noise[total - 1 - done - e]!)),
    });
    const unfinished = coefficients.findIndex(({ posterior }, e) => {
      const own = part(first, e, e + 1);
      const size = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0) / dimension);
      return size > tol1 && size > tol2 * posterior;
    });
    const residuals = higherOrderResiduals(first, {
      coefficients,
      dimension,
      order: Math.min(order, to - done),
    });
    const whole: RoundMade = {
      states: new Float64Array(total * dimension),
      residuals: new Float64Array(total * dimension),
    };
    whole.states.set(part(states, done + 1, to + 1), done * dimension);
    whole.residuals.set(residuals, done * dimension);
    kept.push(whole);
    if (kept.length > memory) kept.shift();
    for (let e = done; e < to; e++) counts[e] = Math.min(memory, counts[e]! + 1);
    const minus = (a: Float64Array, b: Float64Array): Float64Array =>
      part(
        a.map((value, at) => value - b[at]!),
        done,
        to,
      );
    const taken =
      unfinished < 0
        ? new Float64Array(residuals.length)
        : triangularAnderson({
            residuals,
            differences: kept.slice(1).map((newer, i) => ({
              states: minus(newer.states, kept[i]!.states),
              residuals: minus(newer.residuals, kept[i]!.residuals),
            })),
            usable: counts.slice(done, to).map((count) => count - 1),
            from: unfinished + 1,
            dimension,
            lambda,
          });
    residuals.forEach((residual, at) => {
      states[(done + 1) * dimension + at]! += residual - taken[at]!;
    });
    const evaluated: [number, number] = [total - to, total - 1 - done];
    done = unfinished < 0 ? to : done + unfinished + 1;
    const spoils = reached < done && done < total;
    yield { before, evaluated, residuals, finished: total - done, after: states.slice(), spoils };
  }
}

/** Their states are numbered from the clean end. */
function reversed(states: Float64Array, dimension: number): Float64Array {
  const rows = Array.from({ length: states.length / dimension }, (_, i) => [
    ...states.slice(i * dimension, (i + 1) * dimension),
  ]);
  return Float64Array.from(rows.reverse().flat());
}

/** Numbers of a mixture's model at the states from .. to - 1 of a run. */
function modelOf(inputs: Inputs & { readonly mixture: MixtureRecord }) {
  const model = mixtureOf(inputs.mixture);
  const all = coefficientsOf(inputs);
  return (states: Float64Array, from: number, to: number) =>
    model.predict({
      x: states.slice(from * model.dimension, to * model.dimension),
      batch: to - from,
      time: new Float64Array(to - from),
      alpha: Float64Array.from(all.slice(from, to), ({ alpha }) => alpha),
      sigma: Float64Array.from(all.slice(from, to), ({ sigma }) => sigma),
    });
}

describe("golden ParaTAA", () => {
  it("knows every kind", () => {
    file.kinds(["run", "updates_on_arrays"]);
  });

  arrays.forEach(({ inputs, expected }, number) => {
    it(`updates on arrays ${number}: window ${inputs.window_size}, order ${inputs.order}, memory ${inputs.memory_size}`, async () => {
      checkCoefficients(inputs, expected);
      const { directions, alpha_bar, noise } = inputs;
      const [total, dimension] = [alpha_bar.length, noise[0]!.length];
      const given = (_: Float64Array, from: number, to: number, round: number): Float64Array =>
        Float64Array.from(
          directions[round]!.slice(total - to, total - from)
            .reverse()
            .flat(),
        );
      let round = 0;
      for await (const own of publishedRounds(inputs, given)) {
        const update = expected.updates[round]!;
        const where = `round ${round}: `;
        assert.deepEqual(own.evaluated, update.evaluated, `${where}evaluated`);
        closeRows(reversed(own.before, dimension), update.samples_before, ofStates(round), `${where}before`);
        closeRows(
          reversed(own.residuals, dimension),
          update.high_order_residual,
          tolerance,
          `${where}residuals`,
        );
        assert.equal(own.finished, update.finished_index, `${where}finished`);
        closeRows(reversed(own.after, dimension), update.samples_after, ofStates(round), `${where}after`);
        round++;
        if (own.spoils || round === expected.updates.length) break;
      }
      assert.ok(round > 0, "no rounds");
    });
  });

  runs.forEach(({ inputs, expected }, number) => {
    const { window_size: window, order, memory_size: memory, eta, lambda, noise, alpha_bar } = inputs;
    const title = `run ${number}: ${alpha_bar.length} steps, window ${window}, order ${order}, memory ${memory}, eta ${eta}`;
    const [total, dimension] = [alpha_bar.length, noise[0]!.length];
    let spoiled = false;

    it(`${title}: the published rounds`, async () => {
      checkCoefficients(inputs, expected);
      let evaluations = 0;
      let round = 0;
      let last: Float64Array = new Float64Array();
      for await (const own of publishedRounds(inputs, modelOf(inputs))) {
        assert.deepEqual(own.evaluated, expected.evaluated[round], `round ${round}: evaluated`);
        assert.equal(own.finished, expected.finished_index[round], `round ${round}: finished`);
        const after = expected.samples_after_iteration?.[round];
        if (after) closeRows(reversed(own.after, dimension), after, ofStates(round), `after round ${round}`);
        evaluations += own.evaluated[1] - own.evaluated[0] + 1;
        last = own.after;
        round++;
        spoiled ||= own.spoils;
        if (spoiled) return;
      }
      assert.equal(round, expected.iterations);
      assert.equal(evaluations, expected.model_evaluations);
      close(last.slice(-dimension), expected.final_x0, ofStates(round), "final");
    });

    const model = mixtureOf(inputs.mixture);
    const normals: Normals = {
      fill(out, { index }) {
        out.set(noise[total - 1 - Number(index)]!);
      },
    };
    const schedule = times({ times: Array.from({ length: total + 1 }, (_, e) => total - e) });
    const options = { noise: noiseOfLevels(inputs), schedule, start: noise[total]!, normals };
    const tuned = { eta, window, order: Math.min(order, window), memory: Math.max(1, memory), lambda };
    // The published last step draws no noise even if it does not end at clean data, and DDIM does.
    const sameSteps = inputs.alpha_bar_prev[0] === 1 || eta === 0;

    it(`${title}: the sampler finds what the steps find one after the other`, async (test) => {
      if (!sameSteps) return test.skip("the last step draws noise");
      const finalOf = async (sampler: Sampler) => (await sample(model, { ...options, sampler })).x;
      const solution = expected.sequential_solution;
      close(await finalOf(ddim({ eta })), solution[0]!, tolerance, "ddim");
      const exact = { tolerance1: 1e-11, tolerance2: 0 };
      close(await finalOf(parataa({ ...tuned, ...exact })), solution[0]!, tolerance, "parataa");
    });

    it(`${title}: the sampler makes the published rounds`, async (test) => {
      // A short past is used otherwise where there is more than one difference, and no solved state is overwritten.
      if (!sameSteps || spoiled || (memory > 2 && window < total))
        return test.skip("other rounds, on purpose");
      const sampler = parataa({ ...tuned, tolerance1: inputs.tol1, tolerance2: inputs.tol2 });
      let [calls, evaluations] = [0, 0];
      let last: Float64Array = new Float64Array();
      for await (const state of steps(model, { ...options, sampler })) {
        if (state.calls > calls) {
          const row = recallRow(state.memory, 0)!;
          assert.equal(total - row.done, expected.finished_index[calls], `round ${calls}: finished`);
          const after = expected.samples_after_iteration?.[calls];
          if (after)
            closeRows(reversed(row.states, dimension), after, ofStates(calls), `after round ${calls}`);
        }
        ({ calls, evaluations } = state);
        last = state.x.slice();
      }
      assert.equal(calls, expected.iterations);
      assert.equal(evaluations, expected.model_evaluations);
      close(last, expected.final_x0, ofStates(calls), "final");
    });
  });
});
