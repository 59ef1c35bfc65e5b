/**
 * Clocks: what a multistep method takes its predictions for polynomials in. A clock reads a number at every noise level
 * and integrates functions of its reading over rho = sigma / alpha, the time in which x / alpha moves along eps.
 */
import { type Noise, rhoAt } from "../noise/noise.ts";
import { gaussLegendre, type Quadrature } from "./gauss-legendre.ts";

/** A way to read the noise level. */
export interface Clock {
  /** What it shows at time t. */
  at(noise: Noise, t: number): number;
  /** The integral of f d rho from t to s, for f of the reading: the sum of weights[q] f(points[q]). */
  quadrature(noise: Noise, t: number, s: number): Quadrature;
}

/** Reads rho itself. Two Gauss points integrate the cubics of four predictions exactly. */
export const rhoClock: Clock = {
  at: rhoAt,
  quadrature: (noise, t, s) => gaussLegendre({ from: rhoAt(noise, t), to: rhoAt(noise, s), count: 2 }),
};

/** Reads lambda = -log rho. */
export const lambdaClock: Clock = {
  at: (noise, t) => noise.lambda(t),
  quadrature: (noise, t, s) => overLambda({ from: noise.lambda(t), to: noise.lambda(s) }),
};

/**
 * Reads time: that of the run, or that of another noise at the same rho.
 *
 * @param options.of whose time, default the run's own noise
 */
export function timeClock({ of }: { of?: Noise } = {}): Clock {
  return {
    at: (noise, t) => (of ? of.timeAt(noise.lambda(t)) : t),
    quadrature(noise, t, s) {
      const { knots, lambda, timeAt } = of ?? noise;
      const kinks = knots && Array.from(knots, lambda);
      const { points, weights } = overLambda({ from: noise.lambda(t), to: noise.lambda(s), kinks });
      return { points: points.map(timeAt), weights };
    },
  };
}

/**
 * Integrates over d rho = -e^-lambda d lambda, in lambda. In t the integrand has a branch point at 0, close to the last
 * step, and in rho at +-i, close to the first for its length. In lambda both are far: the nearest singularity of
 * variance-preserving noise, that of log(1 + e^(-2 lambda)), is pi / 2 away from the axis, so that 16 points reach the
 * last digit on panels up to 2 wide that do not cross a kink.
 */
function overLambda({
  from,
  to,
  kinks = [],
}: {
  from: number;
  to: number;
  kinks?: readonly number[] | undefined;
}): Quadrature {
  const inside = kinks.filter((lambda) => lambda > from && lambda < to);
  const cuts = [from, ...inside.sort((a, b) => a - b), to];
  const panels = cuts.slice(1).flatMap((end, i) => {
    const begin = cuts[i]!;
    const count = Math.ceil((end - begin) / 2);
    return Array.from({ length: count }, (_, k) =>
      gaussLegendre({
        from: begin + ((end - begin) * k) / count,
        to: begin + ((end - begin) * (k + 1)) / count,
        count: 16,
      }),
    );
  });
  const points = Float64Array.from(panels.flatMap((panel) => Array.from(panel.points)));
  const weights = Float64Array.from(panels.flatMap((panel) => Array.from(panel.weights)));
  return { points, weights: weights.map((weight, q) => -Math.exp(-points[q]!) * weight) };
}
