/**
 * Multistep DPM-Solver as released code writes it, one formula per form and order, to hold the library's single update
 * against, and the released results of order 3 whose h^2 M'' is half of what it should be.
 */
import { cleanFrom, type Denoiser, type Noise } from "../../src/continuous/index.ts";

/** What released code takes. */
export interface PublishedOptions {
  readonly noise: Noise;
  readonly times: ArrayLike<number>;
  readonly start: ArrayLike<number>;
  readonly form: "data" | "noise";
  readonly order: number;
  /** 1 in most released code, 2 where it is of order 3. */
  readonly d2Factor: number;
  readonly taylor: boolean;
  readonly lowerOrderFinal: boolean;
  readonly eta?: number;
  readonly noiseScale?: number;
  /** [steps][batch * dimension] */
  readonly normals?: ArrayLike<number>[];
}

/** What a step has of x, of M, of h M', of h^2 M'' and of the normals. */
export interface PublishedWeights {
  readonly x: number;
  readonly m: number;
  readonly slope: number;
  readonly bend: number;
  readonly z: number;
}

/** The weights of a step t -> s. */
export function publishedWeights({
  noise,
  t,
  s,
  form,
  eta = 0,
}: {
  noise: Noise;
  t: number;
  s: number;
  form: "data" | "noise";
  eta?: number;
}): PublishedWeights {
  const h = noise.lambda(s) - noise.lambda(t);
  if (form === "data") {
    const all = (1 + eta) * h;
    const phi1 = 1 - Math.exp(-all);
    const phi2 = 1 - phi1 / all;
    const phi3 = 0.5 - phi2 / all;
    const [alpha, sigma] = [noise.alpha(s), noise.sigma(s)];
    return {
      x: (sigma / noise.sigma(t)) * Math.exp(-eta * h),
      m: alpha * phi1,
      slope: alpha * phi2,
      bend: alpha * phi3,
      z: sigma * Math.sqrt(1 - Math.exp(-2 * eta * h)),
    };
  }
  const phi1 = Math.exp(h) - 1;
  const phi2 = phi1 / h - 1;
  const phi3 = phi2 / h - 0.5;
  const scale = -(1 + eta) * noise.sigma(s);
  return {
    x: noise.alpha(s) / noise.alpha(t),
    m: scale * phi1,
    slope: scale * phi2,
    bend: scale * phi3,
    z: noise.sigma(s) * Math.sqrt(eta * (Math.exp(2 * h) - 1)),
  };
}

/** The states from the start on. */
export async function publishedStates(
  denoiser: Denoiser,
  options: PublishedOptions,
): Promise<Float64Array[]> {
  const { noise, times, start, form, order, lowerOrderFinal } = options;
  const states = [Float64Array.from(start)];
  const past: { lambda: number; m: Float64Array }[] = [];
  for (let i = 0; i + 1 < times.length; i++) {
    const [x, t, s] = [states[i]!, times[i]!, times[i + 1]!];
    const batch = x.length / denoiser.dimension;
    const all = (value: number) => new Float64Array(batch).fill(value);
    const levels = { alpha: noise.alpha(t), sigma: noise.sigma(t) };
    const eps = await denoiser.predict({
      x,
      batch,
      time: all(t),
      alpha: all(levels.alpha),
      sigma: all(levels.sigma),
    });
    const clean = cleanFrom(x, eps, levels);
    past.unshift({ lambda: noise.lambda(t), m: form === "data" ? clean : eps });
    if (noise.sigma(s) === 0) {
      states.push(clean.map((value) => noise.alpha(s) * value));
      continue;
    }
    const most = lowerOrderFinal ? Math.min(order, times.length - 1 - i) : order;
    states.push(x.map((value, at) => updated(options, { i, t, s, at, x: value, past: past.slice(0, most) })));
  }
  return states;
}

function updated(
  { noise, form, taylor, d2Factor, eta = 0, noiseScale = 1, normals }: PublishedOptions,
  {
    i,
    t,
    s,
    at,
    x,
    past,
  }: { i: number; t: number; s: number; at: number; x: number; past: { lambda: number; m: Float64Array }[] },
): number {
  const [l0, l1, l2] = past.map(({ lambda }) => lambda);
  const [m0, m1, m2] = past.map(({ m }) => m[at]!);
  const h = noise.lambda(s) - l0!;
  const weights = publishedWeights({ noise, t, s, form, eta });
  const noised = eta > 0 ? noiseScale * weights.z * normals![i]![at]! : 0;
  const first = weights.x * x + weights.m * m0! + noised;
  if (past.length === 1) return first;
  const r0 = (l0! - l1!) / h;
  const d10 = (m0! - m1!) / r0;
  if (past.length === 2) return first + (taylor ? weights.slope : weights.m / 2) * d10;
  const r1 = (l1! - l2!) / h;
  const d11 = (m1! - m2!) / r1;
  const d1 = d10 + (r0 / (r0 + r1)) * (d10 - d11);
  const d2 = (d2Factor * (d10 - d11)) / (r0 + r1);
  return first + weights.slope * d1 + weights.bend * d2;
}
