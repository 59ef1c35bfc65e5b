/** A step made by hand, for what is to be seen from inside: one move, its memory, the linear map that it is. */
import type { Denoiser, Noise, Step } from "../../src/continuous/index.ts";

/** What a step is made of; `draws` are handed out in the order they are asked for. */
export interface StepRecord {
  readonly noise: Noise;
  readonly t: number;
  readonly s: number;
  readonly x: ArrayLike<number>;
  readonly draws?: readonly ArrayLike<number>[];
  readonly memory?: Record<string, Float64Array>;
  /** Default s alone. */
  readonly ahead?: readonly number[];
}

/** A step of these, which asks the denoiser and hands out the draws. */
export function oneStep(
  denoiser: Denoiser,
  { noise, t, s, x, draws = [], memory = {}, ahead = [s] }: StepRecord,
): Step {
  const { dimension } = denoiser;
  const own = Float64Array.from(x);
  let drawn = 0;
  return {
    t,
    s,
    index: 0,
    ahead: Float64Array.from(ahead),
    batch: own.length / dimension,
    dimension,
    x: own,
    next: own.slice(),
    noise,
    memory,
    async predict({ x: at = own, time = t, denoiser: asked = denoiser } = {}) {
      const batch = at.length / dimension;
      const times = typeof time === "number" ? new Float64Array(batch).fill(time) : time;
      const [alpha, sigma] = [times.map(noise.alpha), times.map(noise.sigma)];
      return asked.predict({ x: at, batch, time: times, alpha, sigma });
    },
    normal() {
      const z = draws[drawn++];
      if (!z) throw new RangeError(`oneStep: ${drawn} draws asked for, ${draws.length} given`);
      return Float64Array.from(z);
    },
  };
}

/** The SDEs of the golden files: how levels, and the steps between them, follow from a time in [0, 1]. */
export interface SdeRecord {
  readonly kind: string;
  readonly N: number;
  readonly sigma_min?: number;
  readonly sigma_max?: number;
  readonly beta_min?: number;
  readonly beta_max?: number;
}

/**
 * The noise of a file's SDE at t, and at the `s` for which a and G of our step are those of the file's: there the score is
 * that of continuous time, but a^2 = 1 - beta_i and G of the table entry i = floor(t (N - 1)).
 */
export function sdeStep(
  sde: SdeRecord,
  t: number,
): { noise: Noise; t: number; s: number; deviation: number } {
  const i = Math.floor(t * (sde.N - 1));
  const { alpha, sigma, kept, squared } =
    sde.kind === "ve" ? explodingStep(sde, t, i) : preservingStep(sde, t, i);
  const scaled = alpha / kept;
  const before = Math.sqrt(Math.max(0, sigma * sigma - squared)) / kept;
  const noise: Noise = {
    name: sde.kind,
    horizon: 1,
    cutoff: 0,
    priorScale: () => 1,
    alpha: (time) => (time === 1 ? alpha : scaled),
    sigma: (time) => (time === 1 ? sigma : before),
    logAlpha: (time) => Math.log(time === 1 ? alpha : scaled),
    logAlphaSlope: () => Number.NaN,
    lambda: (time) => Math.log(time === 1 ? alpha / sigma : scaled / before),
    lambdaSlope: () => Number.NaN,
    timeAt: () => Number.NaN,
  };
  return { noise, t: 1, s: 0, deviation: Math.sqrt(squared) };
}

function explodingStep({ sigma_min: low = 0, sigma_max: high = 0, N }: SdeRecord, t: number, i: number) {
  const at = (share: number) => low * (high / low) ** share;
  const below = i === 0 ? 0 : at((i - 1) / (N - 1));
  return { alpha: 1, sigma: at(t), kept: 1, squared: at(i / (N - 1)) ** 2 - below ** 2 };
}

function preservingStep({ beta_min: low = 0, beta_max: high = 0, N }: SdeRecord, t: number, i: number) {
  const beta = (low + ((high - low) * i) / (N - 1)) / N;
  const logAlpha = -0.25 * t * t * (high - low) - 0.5 * t * low;
  const sigma = Math.sqrt(-Math.expm1(2 * logAlpha));
  return { alpha: Math.exp(logAlpha), sigma, kept: Math.sqrt(1 - beta), squared: beta };
}
