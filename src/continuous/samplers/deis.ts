/**
 * DEIS: exponential integrators with the latest predictions taken for a polynomial. Three clocks to take it in give three
 * methods; all of them are DDIM at order 0 and cost one model call a step.
 *
 * `order` is r, the degree of the polynomial, as the paper counts: a step uses r + 1 predictions, and the method is of
 * order r + 1. The first step is one of DDIM and leaves an error of second order, small because eps hardly changes where
 * all is noise: at r = 3 it is seen beyond 100 steps. On VP noise times must be denser towards data, as rho grows like the
 * root of t at 0: a polynomial in t on times even in t shows no order up to 320 steps.
 *
 * Source: Zhang and Chen 2023 (2204.13902), section 3 (tAB) and section 4 (rhoAB). The published code integrates with left
 * Riemann sums of 10,000 points, 1e-4 to 1.5e-3 off in each weight; here the integrals are exact to rounding.
 */
import type { Noise } from "../noise/noise.ts";
import { adamsBashforth } from "./adams-bashforth.ts";
import { checkOrder } from "./check-order.ts";
import { type Clock, lambdaClock, rhoClock, timeClock } from "./clocks.ts";
import { rhoMultistep } from "./rho-multistep.ts";
import type { Sampler } from "./sampler.ts";

/**
 * tAB-DEIS: a polynomial in time. The paper's
 * C_j = integral of sqrt(alpha_bar_s / alpha_bar) (-d log alpha_bar / 2 dt) / sqrt(1 - alpha_bar) l_j dt is
 * alpha_s w_j, because -(d log alpha_bar / 2 dt) / sqrt(alpha_bar (1 - alpha_bar)) = d rho / dt.
 *
 * @param options.order degree r, 0 to 3, default 3
 * @param options.clock the noise whose time is meant, at the same sigma / alpha; default the run's own. Where time is
 * sigma itself (`varianceExploding`), tAB is rhoAB unless a variance-preserving noise is given here
 */
export function deisTab({ order = 3, clock }: { order?: number; clock?: Noise } = {}): Sampler {
  return deis(clock ? `deis-tab:${clock.name}` : "deis-tab", order, timeClock(clock ? { of: clock } : {}));
}

/**
 * rhoAB-DEIS: a polynomial in rho = sigma / alpha. This is Adams-Bashforth with steps of any length, which for models that
 * speak in sigma is published as iPNDM_v with `order` + 1; its released weights for orders 3 and 4 are not these, and
 * wrong.
 *
 * @param options.order degree r, 0 to 3, default 3
 */
export function deisRhoAb({ order = 3 }: { order?: number } = {}): Sampler {
  return deis("deis-rho-ab", order, rhoClock);
}

/**
 * A polynomial in log rho, integrated over rho: the DEIS of the diffusers library, which counts order + 1. In neither of
 * the paper's families.
 *
 * @param options.order degree r, 0 to 3, default 2
 */
export function deisLogRho({ order = 2 }: { order?: number } = {}): Sampler {
  return deis("deis-log-rho", order, lambdaClock);
}

function deis(name: string, order: number, clock: Clock): Sampler {
  checkOrder(name, order, [0, 3]);
  return rhoMultistep({
    name: `${name}:order=${order}`,
    keep: order + 1,
    weights: (options) => adamsBashforth({ ...options, clock }),
  });
}
