import type { Denoiser } from "./denoisers/denoiser.ts";
import type { Noise } from "./noise/noise.ts";

/**
 * Where the probability flow takes start points: Runge-Kutta 4 on d(x / alpha) / d rho = eps, in steps that are even in
 * lambda, so that the error is far below that of any sampler at its few steps. The reference that samplers are measured
 * against.
 *
 * Source: Song et al. 2021 (2011.13456), equation 13; the change of variables of Song, Meng and Ermon 2021 (2010.02502),
 * equation 14.
 *
 * @param options.start [batch, dimension] x at `from` @param options.from default the noise's horizon
 * @param options.to > 0, default its cutoff @param options.steps default 2000, of four model calls each
 * @returns [batch, dimension] x at `to`
 */
export async function probabilityFlow(
  denoiser: Denoiser,
  {
    noise,
    start,
    from = noise.horizon,
    to = noise.cutoff,
    steps = 2000,
  }: { noise: Noise; start: ArrayLike<number>; from?: number; to?: number; steps?: number },
): Promise<Float64Array> {
  const batch = start.length / denoiser.dimension;
  const [first, last] = [noise.lambda(from), noise.lambda(to)];
  // Both ends as given: their lambda may belong to more than one time of a table's rounding.
  const timeAt = (lambda: number): number =>
    lambda === first ? from : lambda === last ? to : noise.timeAt(lambda);
  const slope = async (lambda: number, scaled: Float64Array): Promise<Float64Array> => {
    const t = timeAt(lambda);
    const [alpha, sigma] = [noise.alpha(t), noise.sigma(t)];
    const eps = await denoiser.predict({
      x: scaled.map((value) => alpha * value),
      batch,
      time: new Float64Array(batch).fill(t),
      alpha: new Float64Array(batch).fill(alpha),
      sigma: new Float64Array(batch).fill(sigma),
    });
    // d rho / d lambda = -rho
    return eps.map((value) => -Math.exp(-lambda) * value);
  };
  let scaled = Float64Array.from(start, (value) => value / noise.alpha(from));
  for (let i = 0; i < steps; i++) {
    const [lambda, end] = [first + ((last - first) * i) / steps, first + ((last - first) * (i + 1)) / steps];
    const [h, middle] = [end - lambda, 0.5 * (lambda + end)];
    const along = (k: Float64Array, size: number): Float64Array =>
      scaled.map((value, at) => value + size * k[at]!);
    const k1 = await slope(lambda, scaled);
    const k2 = await slope(middle, along(k1, h / 2));
    const k3 = await slope(middle, along(k2, h / 2));
    const k4 = await slope(i + 1 === steps ? last : end, along(k3, h));
    scaled = scaled.map((value, at) => value + (h / 6) * (k1[at]! + 2 * k2[at]! + 2 * k3[at]! + k4[at]!));
  }
  return scaled.map((value) => noise.alpha(to) * value);
}
