/**
 * Feynman-Kac correctors, as their authors' code moves and weighs particles. Three things of the released code are not in
 * the library, and are written out here: weights that are centred and clamped, resampling weights clipped to >= 1e-6, and
 * a Heun sampler whose second scores subtract the point of the first.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  annealed,
  type Denoiser,
  feynmanKac,
  geometricAverage,
  type Noise,
  productOfExperts,
  systematicResampling,
  type Target,
  temperedNoise,
  weightsOf,
} from "../../src/continuous/index.ts";
import { diffusionSquared, steeredRates } from "../../src/continuous/steering/rates.ts";
import { effectiveSampleSize, normalisedWeights } from "../../src/particles/log-weights.ts";
import { close } from "../golden.ts";
import {
  chosenRows,
  clippedResampling,
  type Guided,
  published,
  type StepInputs,
  scheduleOf,
  stamps,
} from "./fkc-published.ts";
import { closeRows, continuousGolden, type MixtureRecord, mixtureOf, sigmaNoise } from "./golden.ts";
import { oneStep } from "./one-step.ts";
import { exactPower, exactProduct } from "./planar-mixture.ts";

const file = continuousGolden("fkc.json");

interface StepExpected {
  readonly sigma_score: number[][];
  readonly sigma_score_1: number[][];
  readonly sigma_score_2: number[][];
  readonly diffusion_squared: number;
  readonly dx: number[][];
  readonly dw: number[];
  readonly dw_euler: number[];
  readonly dw_constant_part: number;
  readonly dw_trapezoid: number[];
  readonly dw_end_point: number[];
  readonly g: number;
  readonly marginal_variance: number;
  readonly drift: number[][];
  readonly weight_rate: number[];
}

interface GuidedExpected {
  readonly resampling: { readonly log_weights: number[]; readonly u: number; readonly choice: number[] }[];
  readonly final: number[][];
}

/** One Euler-Maruyama step of the sampler: how far the particles go, and what their log-weights gain. */
async function moved(
  denoiser: Denoiser,
  target: Target,
  { schedule, t, dt, x, z, ...options }: StepInputs,
): Promise<{ x: Float64Array; dx: Float64Array; dw: Float64Array }> {
  const noiseScale = options.scaled_noise ? temperedNoise({ exponent: options.inverse_temperature }) : 1;
  const sampler = feynmanKac({ target, order: 1, noiseScale, threshold: 0, last: false });
  const step = oneStep(denoiser, {
    noise: scheduleOf(schedule),
    t,
    s: t - dt,
    x: x.flat(),
    draws: [z.flat()],
  });
  await sampler.stepInto(step);
  const dx = step.next.map((value, at) => value - step.x[at]!);
  return { x: step.next, dx, dw: weightsOf({ memory: step.memory, index: 1 }).logWeights };
}

/** eps of a mixture at one time. */
async function epsAt(denoiser: Denoiser, noise: Noise, x: Float64Array, t: number): Promise<Float64Array> {
  return oneStep(denoiser, { noise, t, s: t, x }).predict();
}

/** The weight rate of q^beta at points. */
async function powerRate(
  denoiser: Denoiser,
  noise: Noise,
  { x, t, exponent }: { x: Float64Array; t: number; exponent: number },
): Promise<Float64Array> {
  const { dimension } = denoiser;
  const experts = [{ exponent, eps: await epsAt(denoiser, noise, x, t) }];
  return steeredRates({ noise, t, x, dimension, experts }, { noiseScale: 1 }).weights;
}

/** Scores of the unconditional and of the conditional model of a case. */
async function guidedScores(
  inputs: Guided,
  x: Float64Array,
  t: number,
): Promise<[Float64Array, Float64Array]> {
  const noise = sigmaNoise();
  const free = await epsAt(mixtureOf(inputs.mixture), noise, x, t);
  const bound = await epsAt(mixtureOf(inputs.conditional_mixture), noise, x, t);
  return [free, bound];
}

function guidedRates(
  { mixture, guidance }: Guided,
  { x, t, free, bound }: { x: Float64Array; t: number; free: Float64Array; bound: Float64Array },
  noiseScale: number,
) {
  const experts = [
    { exponent: 1 - guidance, eps: free },
    { exponent: guidance, eps: bound },
  ];
  const dimension = mixture.means[0]!.length;
  return steeredRates({ noise: sigmaNoise(), t, x, dimension, experts }, { noiseScale });
}

describe("golden: Feynman-Kac correctors", () => {
  it("every kind of case is read", () => {
    file.kinds([
      "annealing_step",
      "product_step",
      "annealing_step_ve",
      "cfg_sampler_euler_maruyama",
      "cfg_sampler_heun",
      "systematic_resampling",
      "exact_annealed_target",
      "exact_product_target",
    ]);
  });

  for (const [at, { inputs, expected }] of file.cases<StepInputs, StepExpected>("annealing_step").entries()) {
    it(`annealing_step ${at}: exponent ${inputs.inverse_temperature}, t = ${inputs.t}`, async () => {
      const denoiser = mixtureOf(inputs.mixture);
      const noise = scheduleOf(inputs.schedule);
      const exponent = inputs.inverse_temperature;
      const { x, dx, dw } = await moved(denoiser, annealed({ exponent }), inputs);
      const eps = await epsAt(denoiser, noise, Float64Array.from(inputs.x.flat()), inputs.t);
      closeRows(
        eps.map((value) => -value),
        expected.sigma_score,
        file.tolerance("sigma_score"),
        "sigma_score",
      );
      close(
        [diffusionSquared(noise, inputs.t)],
        [expected.diffusion_squared],
        file.tolerance("diffusion_squared"),
        "g^2",
      );
      closeRows(dx, expected.dx, file.tolerance("dx"), "dx");
      close(dw, expected.dw_euler, file.tolerance("dw_euler"), "dw_euler");
      const constant = inputs.dt * (exponent - 1) * denoiser.dimension * noise.logAlphaSlope(inputs.t);
      close([constant], [expected.dw_constant_part], file.tolerance("dw_constant_part"), "constant part");
      const end = (await powerRate(denoiser, noise, { x, t: inputs.t - inputs.dt, exponent })).map(
        (rate) => inputs.dt * rate,
      );
      close(end, expected.dw_end_point, file.tolerance("dw_end_point"), "dw_end_point");
      close(
        end.map((value, i) => 0.5 * (value + dw[i]!)),
        expected.dw_trapezoid,
        file.tolerance("dw_trapezoid"),
        "dw_trapezoid",
      );
    });
  }

  for (const [at, { inputs, expected }] of file.cases<StepInputs, StepExpected>("product_step").entries()) {
    it(`product_step ${at}: t = ${inputs.t}`, async () => {
      const [first, second] = [mixtureOf(inputs.mixture), mixtureOf(inputs.mixture_2)];
      const noise = scheduleOf(inputs.schedule);
      const start = Float64Array.from(inputs.x.flat());
      const { dx, dw } = await moved(first, productOfExperts({ others: [second] }), inputs);
      for (const [model, scores] of [
        [first, expected.sigma_score_1],
        [second, expected.sigma_score_2],
      ] as const) {
        const eps = await epsAt(model, noise, start, inputs.t);
        closeRows(
          eps.map((value) => -value),
          scores,
          file.tolerance("sigma_score"),
          "sigma_score",
        );
      }
      closeRows(dx, expected.dx, file.tolerance("dx"), "dx");
      close(dw, expected.dw, file.tolerance("dw"), "dw");
    });
  }

  for (const [at, { inputs, expected }] of file
    .cases<StepInputs, StepExpected>("annealing_step_ve")
    .entries()) {
    it(`annealing_step_ve ${at}: ${inputs.schedule.kind}, exponent ${inputs.inverse_temperature}`, async () => {
      const denoiser = mixtureOf(inputs.mixture);
      const noise = scheduleOf(inputs.schedule);
      const { t, inverse_temperature: exponent } = inputs;
      const x = Float64Array.from(inputs.x.flat());
      const experts = [{ exponent, eps: await epsAt(denoiser, noise, x, t) }];
      const noiseScale = inputs.scaled_noise ? temperedNoise({ exponent }) : 1;
      const { dimension } = denoiser;
      const { drift, weights } = steeredRates({ noise, t, x, dimension, experts }, { noiseScale });
      close([Math.sqrt(diffusionSquared(noise, t))], [expected.g], file.tolerance("g"), "g");
      close([noise.sigma(t) ** 2], [expected.marginal_variance], file.tolerance("g"), "marginal variance");
      closeRows(drift, expected.drift, file.tolerance("drift"), "drift");
      close(weights, expected.weight_rate, file.tolerance("weight_rate"), "weight rate");
      const { dx, dw } = await moved(denoiser, annealed({ exponent }), inputs);
      closeRows(dx, expected.dx, file.tolerance("dx"), "dx");
      close(dw, expected.dw, file.tolerance("dw"), "dw");
    });
  }

  for (const [at, { inputs, expected }] of file
    .cases<Guided, GuidedExpected>("cfg_sampler_euler_maruyama")
    .entries()) {
    it(`cfg_sampler_euler_maruyama ${at}: scale ${inputs.guidance}`, async () => {
      const times = stamps(inputs);
      const target = geometricAverage({
        other: mixtureOf(inputs.conditional_mixture),
        scale: inputs.guidance,
      });
      let x: Float64Array = Float64Array.from(inputs.latents.flat(), (value) => value * times[0]!);
      for (const [i, t] of times.slice(0, -2).entries()) {
        const sampler = feynmanKac({ target, order: 1, threshold: 0, last: false });
        const step = oneStep(mixtureOf(inputs.mixture), {
          noise: sigmaNoise(),
          t,
          s: times[i + 1]!,
          x,
          draws: [inputs.z[i]!.flat()],
        });
        await sampler.stepInto(step);
        const logWeights = published(weightsOf({ memory: step.memory, index: 1 }).logWeights, 1);
        const { log_weights, u, choice } = expected.resampling[i]!;
        close(logWeights, log_weights, file.tolerance("log_weights"), `log-weights of step ${i}`);
        assert.deepEqual(clippedResampling(logWeights, u), choice);
        assert.deepEqual([...systematicResampling(normalisedWeights(logWeights), u)], choice);
        x = chosenRows(step.next, choice);
      }
      // The released code draws noise in its last step, to sigma = 0, too.
      const t = times[inputs.num_steps - 1]!;
      const [free, bound] = await guidedScores(inputs, x, t);
      const { drift } = guidedRates(inputs, { x, t, free, bound }, 1);
      const z = inputs.z[inputs.num_steps - 1]!.flat();
      const deviation = Math.sqrt(t * diffusionSquared(sigmaNoise(), t));
      const final = x.map((value, d) => value + t * drift[d]! + deviation * z[d]!);
      closeRows(final, expected.final, file.tolerance("final"), "final");
    });
  }

  for (const [at, { inputs, expected }] of file.cases<Guided, GuidedExpected>("cfg_sampler_heun").entries()) {
    it(`cfg_sampler_heun ${at}: scale ${inputs.guidance}, by its own recursion`, async () => {
      const times = stamps(inputs);
      let x: Float64Array = Float64Array.from(inputs.latents.flat(), (value) => value * times[0]!);
      for (const [i, t] of times.slice(0, -1).entries()) {
        const s = times[i + 1]!;
        const h = t - s;
        const [free, bound] = await guidedScores(inputs, x, t);
        const { drift } = guidedRates(inputs, { x, t, free, bound }, 0);
        let next = x.map((value, d) => value + h * drift[d]!);
        if (s === 0) {
          x = next;
          break;
        }
        const [free2, bound2] = await guidedScores(inputs, next, s);
        const later = guidedRates(inputs, { x: next, t: s, free: free2, bound: bound2 }, 0).drift;
        // eps of the middle of the two scores as released: D(next) - x in place of D(next) - next.
        const middle = (first: Float64Array, second: Float64Array): Float64Array =>
          first.map((eps, d) => 0.5 * (eps + t * (second[d]! / s + (x[d]! - next[d]!) / (s * s))));
        const mixed = { x, t, free: middle(free, free2), bound: middle(bound, bound2) };
        const increments = guidedRates(inputs, mixed, 0).weights.map((rate) => h * rate);
        next = x.map((value, d) => value + 0.5 * h * (drift[d]! + later[d]!));
        const logWeights = published(increments, 2);
        const { log_weights, u, choice } = expected.resampling[i]!;
        close(logWeights, log_weights, file.tolerance("log_weights"), `log-weights of step ${i}`);
        assert.deepEqual([...systematicResampling(normalisedWeights(logWeights), u)], choice);
        x = chosenRows(next, choice);
      }
      closeRows(x, expected.final, file.tolerance("final"), "final");
    });
  }

  for (const [at, { inputs, expected }] of file
    .cases<
      { log_weights: number[]; u: number },
      { weights: number[]; effective_sample_size: number; ids: number[]; ids_torch_clipped: number[] }
    >("systematic_resampling")
    .entries()) {
    it(`systematic_resampling ${at}: ${inputs.log_weights.length} particles`, () => {
      const logWeights = Float64Array.from(inputs.log_weights);
      const weights = normalisedWeights(logWeights);
      close(weights, expected.weights, file.tolerance("weights"), "weights");
      close(
        [effectiveSampleSize(weights)],
        [expected.effective_sample_size],
        file.tolerance("effective_sample_size"),
        "effective sample size",
      );
      assert.deepEqual([...systematicResampling(weights, inputs.u)], expected.ids);
      assert.deepEqual(clippedResampling(logWeights, inputs.u), expected.ids_torch_clipped);
    });
  }

  for (const [at, { inputs, expected }] of file
    .cases<
      { mixture: MixtureRecord; inverse_temperature: number },
      { log_integral_q_beta: number; mean: number[]; covariance: number[][]; mass_nearest_mode: number[] }
    >("exact_annealed_target")
    .entries()) {
    it(`exact_annealed_target ${at}: exponent ${inputs.inverse_temperature}`, () => {
      const found = exactPower(mixtureOf(inputs.mixture), inputs.inverse_temperature, { reach: 9 });
      const tolerance = file.tolerance("exact_annealed_target");
      close([found.logConstant], [expected.log_integral_q_beta], tolerance, "log constant");
      close(found.mean, expected.mean, tolerance, "mean");
      close(found.covariance.flat(), expected.covariance.flat(), tolerance, "covariance");
      close(found.masses, expected.mass_nearest_mode, file.tolerance("mass_nearest_mode"), "masses");
    });
  }

  for (const [at, { inputs, expected }] of file
    .cases<
      { mixture: MixtureRecord; mixture_2: MixtureRecord },
      {
        log_integral_q1_q2: number;
        weights: number[];
        means: number[][];
        stds: number[];
        mean: number[];
        covariance: number[][];
      }
    >("exact_product_target")
    .entries()) {
    it(`exact_product_target ${at}`, () => {
      const { logConstant, product } = exactProduct(mixtureOf(inputs.mixture), mixtureOf(inputs.mixture_2));
      const tolerance = file.tolerance("exact_product_target");
      close([logConstant], [expected.log_integral_q1_q2], tolerance, "log constant");
      close(product.weights, expected.weights, tolerance, "weights");
      close(product.means, expected.means.flat(), tolerance, "means");
      close(product.deviations, expected.stds, tolerance, "deviations");
      const { mean, covariance } = product.moments();
      close(mean, expected.mean, tolerance, "mean");
      close(covariance, expected.covariance.flat(), tolerance, "covariance");
    });
  }
});
