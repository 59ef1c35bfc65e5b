import { logSnr } from "../schedules/even-times.ts";
import type { EvenOptions, Schedule } from "../schedules/schedule.ts";
import { singlestepOrders } from "../schedules/singlestep-times.ts";
import { checkOrder } from "./check-order.ts";
import { type DpmForm, dataForm, noiseForm } from "./dpm-form.ts";
import { dpmStep } from "./dpm-step.ts";
import type { Remembered } from "./history.ts";
import type { Sampler, Step } from "./sampler.ts";

/** What the singlestep solvers are made with. */
export interface DpmSinglestepOptions {
  /** 1, 2 or 3. */
  readonly order?: number;
  /**
   * Model calls of the whole run: the last steps then have lower orders, by singlestepOrders, and the schedule must have
   * as many steps as there are orders. Without, every step has the full order.
   */
  readonly calls?: number;
  /** As published ("dpmsolver", default) or with the exact integrals of all derivatives ("taylor"). */
  readonly taylor?: boolean;
  /** Where between t and s the other calls are: the inner times of this grid, default logSnr, even in lambda. */
  readonly inner?: (options: EvenOptions) => Schedule;
}

/**
 * DPM-Solver, singlestep: a step t -> s of order k makes k calls, at t and at k - 1 times between, and remembers nothing.
 * With s_1, s_2 the inner times, M the predictions of eps there and "->" the update of dpm-step.ts with slopes from the
 * predictions in brackets,
 *
 *     order 2   x -> x_1 [M],  x -> x_s [M, M_1], midpoint
 *     order 3   x -> x_1 [M],  x -> x_2 [M, M_1],  x -> x_s [M, M_2], or [M, M_1, M_2] with `taylor`
 *
 * always from x at t. A step to the clean end is of order 1.
 *
 * `order` model calls a step. Order: `order`, default 3, with inner times that become even in lambda as steps shorten.
 * Source: Lu et al. 2022 (2206.00927), algorithms 1 and 2 (order 2 with r_1 = 1/2, order 3 with r_1 = 1/3, r_2 = 2/3), and
 * appendix B.
 */
export function dpmSolverSinglestep(options: DpmSinglestepOptions = {}): Sampler {
  const { order = 3 } = options;
  return singlestep(noiseForm, { ...options, order, name: `dpm-solver-singlestep:order=${order}` });
}

/**
 * DPM-Solver++, singlestep: dpmSolverSinglestep on x0. Order 2, the default, is known as DPM++ 2S.
 *
 * `order` model calls a step. Source: Lu et al. 2022 (2211.01095), algorithm 1.
 */
export function dpmSolverPlusPlusSinglestep(options: DpmSinglestepOptions = {}): Sampler {
  const { order = 2 } = options;
  return singlestep(dataForm, { ...options, order, name: `dpmpp-${order}s` });
}

function singlestep(
  form: DpmForm,
  {
    name,
    order,
    calls,
    taylor = false,
    inner = logSnr,
  }: DpmSinglestepOptions & { readonly name: string; readonly order: number },
): Sampler {
  checkOrder(name, order, [1, 3]);
  const orders = calls === undefined ? undefined : singlestepOrders({ calls, order });
  return {
    name: `${name}${taylor ? ":taylor" : ""}${calls === undefined ? "" : `:calls=${calls}`}`,
    calls: order,
    stochastic: false,
    async stepInto(step) {
      const { t, s, x, next, noise, index, ahead } = step;
      const total = index + ahead.length;
      if (orders && orders.length !== total) {
        throw new RangeError(
          `${name}: ${calls} calls are ${orders.length} steps, of orders ${orders.join(", ")}, but the schedule has ${total} steps; take singlestepTimes, or a schedule of ${orders.length} steps`,
        );
      }
      const own = noise.sigma(s) === 0 ? 1 : (orders?.[index] ?? order);
      const between = inner({ steps: own, from: t, to: s }).resolve(noise).subarray(1, own);
      const latest = await predictionAt(form, step, { t, x });
      const found: Remembered[] = [];
      for (const time of between) {
        const reached = dpmStep({ form, noise, s: time, x, latest, others: found });
        found.push(await predictionAt(form, step, { t: time, x: reached }));
      }
      // As published, order 3 uses the later of its two slopes alone.
      const others = taylor ? found : found.slice(-1);
      const midpoint = !taylor && own === 2;
      next.set(dpmStep({ form, noise, s, x, latest, others, midpoint }));
    },
  };
}

async function predictionAt(
  form: DpmForm,
  { noise, predict }: Step,
  { t, x }: { t: number; x: Float64Array },
): Promise<Remembered> {
  const eps = await predict({ x, time: t });
  return { t, value: form.prediction(x, eps, { alpha: noise.alpha(t), sigma: noise.sigma(t) }) };
}
