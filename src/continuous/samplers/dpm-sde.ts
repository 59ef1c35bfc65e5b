import { cleanFrom } from "../denoisers/prediction.ts";
import type { Noise } from "../noise/noise.ts";
import { posteriorDeviation } from "./ddim.ts";
import { checkNoise } from "./dpm-solver.ts";
import type { Sampler } from "./sampler.ts";

/**
 * DPM++ SDE, two calls a step: an ancestral step to m, the time at lambda_t + r h, then one from t to s with the slope of
 * x0 seen there,
 *
 *     x_m = A(t -> m; x_t, x0, z_1)
 *     x_s = A(t -> s; x_t, (1 - 1/(2 r)) x0 + 1/(2 r) x0(x_m, m), z_2)
 *     A(t -> s; x, x0, z) = alpha_s x0 + sqrt(sigma_s^2 - c^2) (x - alpha_t x0) / sigma_t + c z
 *
 * where c is eta times the deviation of x_s given x_t and x0, at most sigma_s: A is the step of DDIM with another x0. A
 * step to the clean end is x0, one call.
 *
 * Both draws are of one Brownian motion in rho = sigma / alpha: z_2 = q z_1 + sqrt(1 - q^2) z with
 * q^2 = (rho_t - rho_m) / (rho_t - rho_s). With independent ones x0(x_m, m) knows nothing of the noise that x_s gets, and
 * the law of x_s is no better than that of DDIM at half the calls.
 *
 * Two model calls a step. Order 2 (eta = 0: it is dpmSolverPlusPlusSinglestep), and 2 in law (eta > 0; 1 with
 * independent draws). Source: Lu et al. 2022 (2211.01095), in the variant of k-diffusion: sample_dpmpp_sde with its
 * BrownianTreeNoiseSampler (Crowson 2022), written for alpha = 1.
 *
 * @param options.ratio r in (0, 1], default 1/2 @param options.eta >= 0, default 1 @param options.noiseScale default 1
 * @param options.brownian false for independent draws, as k-diffusion makes of a plain source; default true
 */
export function dpmSolverPlusPlusSde({
  ratio: r = 0.5,
  eta = 1,
  noiseScale = 1,
  brownian = true,
}: {
  ratio?: number;
  eta?: number;
  noiseScale?: number;
  brownian?: boolean;
} = {}): Sampler {
  const name = `dpmpp-sde:ratio=${r}:eta=${eta}${brownian ? "" : ":independent"}`;
  checkNoise(name, { eta, noiseScale });
  if (!(r > 0 && r <= 1))
    throw new RangeError(`${name}: ratio = ${r}; expected a number in (0, 1], such as 0.5`);
  return {
    name,
    calls: 2,
    stochastic: eta > 0,
    async stepInto({ t, s, x, next, noise, predict, normal }) {
      const levels = { alpha: noise.alpha(t), sigma: noise.sigma(t) };
      const clean = cleanFrom(x, await predict(), levels);
      if (noise.sigma(s) === 0) {
        next.set(clean.map((value) => noise.alpha(s) * value));
        return;
      }
      const [lambda, end] = [noise.lambda(t), noise.lambda(s)];
      const m = r === 1 ? s : noise.timeAt(lambda + r * (end - lambda));
      const z1 = eta > 0 ? normal({ stage: 0 }) : undefined;
      const fresh = eta > 0 ? normal({ stage: 1 }) : undefined;
      // rho_t - rho_m over rho_t - rho_s: rho is e^-lambda
      const share = Math.expm1(r * (lambda - end)) / Math.expm1(lambda - end);
      const z2 = z1 && fresh && brownian ? mixed(z1, Math.sqrt(share), fresh, Math.sqrt(1 - share)) : fresh;
      const common = { noise, t, x, eta, noiseScale };
      const middle = ancestralStep({ ...common, s: m, clean, z: z1 });
      const eps = await predict({ x: middle, time: m });
      const later = cleanFrom(middle, eps, { alpha: noise.alpha(m), sigma: noise.sigma(m) });
      const extrapolated = mixed(clean, 1 - 1 / (2 * r), later, 1 / (2 * r));
      next.set(ancestralStep({ ...common, s, clean: extrapolated, z: z2 }));
    },
  };
}

/** a first + b second */
function mixed(first: Float64Array, a: number, second: Float64Array, b: number): Float64Array {
  return first.map((value, at) => a * value + b * second[at]!);
}

/** A(t -> s; x, x0, z). */
function ancestralStep({
  noise,
  t,
  s,
  x,
  clean,
  eta,
  noiseScale,
  z,
}: {
  noise: Noise;
  t: number;
  s: number;
  x: Float64Array;
  clean: Float64Array;
  eta: number;
  noiseScale: number;
  z: Float64Array | undefined;
}): Float64Array {
  const [alpha, sigma, alphaNext, sigmaNext] = [
    noise.alpha(t),
    noise.sigma(t),
    noise.alpha(s),
    noise.sigma(s),
  ];
  const fresh = Math.min(sigmaNext, eta * posteriorDeviation({ alpha, sigma, alphaNext, sigmaNext }));
  const kept = Math.sqrt(sigmaNext * sigmaNext - fresh * fresh) / sigma;
  return Float64Array.from(x, (value, at) => {
    const mean = alphaNext * clean[at]! + kept * (value - alpha * clean[at]!);
    return z ? mean + noiseScale * fresh * z[at]! : mean;
  });
}
