import { checkOrder } from "./check-order.ts";
import { rhoMultistep } from "./rho-multistep.ts";
import { rhoChange } from "./rho-step.ts";
import type { Sampler } from "./sampler.ts";

/** Adams-Bashforth for steps of one length, newest prediction first; row i uses i + 1 predictions. */
export const evenAdamsBashforth: readonly (readonly number[])[] = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

/**
 * iPNDM: a DDIM step along the predictions weighed as if all steps were equally long,
 * x_s = alpha_s (x_t / alpha_t + (rho_s - rho_t) sum_j a_j eps_j) with the weights of Adams-Bashforth.
 *
 * One model call a step; no Runge-Kutta steps to start with, unlike PNDM. Its order is `order` where rho falls evenly.
 * Where it does not, as in every schedule of use, steps next to each other differ by a second-order amount and the
 * order is 2 however many predictions are used; `deisRhoAb` has the weights for uneven steps.
 *
 * Source: Zhang and Chen 2023 (2204.13902), appendix, after the linear multistep part of PNDM, Liu et al. 2022
 * (2202.09778).
 *
 * @param options.order predictions used, 1 (DDIM) to 4, default 4
 */
export function ipndm({ order = 4 }: { order?: number } = {}): Sampler {
  checkOrder("ipndm", order, [1, 4]);
  return rhoMultistep({
    name: `ipndm:order=${order}`,
    keep: order,
    weights({ noise, times, s }) {
      const change = rhoChange(noise, times[0]!, s);
      return evenAdamsBashforth[times.length - 1]!.map((weight) => weight * change);
    },
  });
}
