import type { Noise } from "../noise/noise.ts";
import { checkOrder } from "./check-order.ts";
import { type DpmForm, dataForm } from "./dpm-form.ts";
import { type Remembered, recall, remember, store } from "./history.ts";
import type { Sampler } from "./sampler.ts";
import { bh2, levelsAt, type UniPcWeight, uniPcUpdate } from "./unipc-update.ts";

/** What UniPC is made with. */
export interface UniPcOptions {
  /** Of the predictor, 1 to 3, default 2; the corrector makes it one more. */
  readonly order?: number;
  /** B(h), default bh2. */
  readonly weight?: UniPcWeight;
  /** What is expanded: x0 by dataForm, the default, which stands strong guidance; eps by noiseForm. */
  readonly form?: DpmForm;
  /** Falls to order 1 towards the end, so that few steps stay stable; default true. */
  readonly lowerOrderFinal?: boolean;
  /** Default true. */
  readonly corrector?: boolean;
  /** Steps, from 0, whose end is not corrected. */
  readonly uncorrected?: readonly number[];
}

/** The options with their defaults, and what follows from them. */
export interface UniPcMethod extends Required<UniPcOptions> {
  /** What its name adds to that of the method with bh2 in data form, such as "-bh1". */
  readonly variant: string;
  /** The order of a step with `buffered` predictions at hand and `remaining` steps to go, this one included. */
  orderAt(step: { buffered: number; remaining: number }): number;
  /** Whether the end of a step is corrected. */
  corrects(step: { index: number; remaining: number }): boolean;
  /** The prediction in the form of the method. */
  predicted(noise: Noise, at: { t: number; x: Float64Array; eps: Float64Array }): Remembered;
}

/** @throws RangeError unless the order is 1, 2 or 3 and steps are whole numbers */
export function uniPcMethod({
  order = 2,
  weight = bh2,
  form = dataForm,
  lowerOrderFinal = true,
  corrector = true,
  uncorrected = [],
}: UniPcOptions): UniPcMethod {
  checkOrder("uniPc", order, [1, 3]);
  const wrong = uncorrected.find((index) => !(Number.isInteger(index) && index >= 0));
  if (wrong !== undefined) {
    throw new RangeError(`uniPc: uncorrected has ${wrong}; expected steps, whole numbers from 0`);
  }
  const variant = [weight === bh2 ? "" : `-${weight.name}`, form === dataForm ? "" : `-${form.name}`].join(
    "",
  );
  return {
    variant,
    order,
    weight,
    form,
    lowerOrderFinal,
    corrector,
    uncorrected,
    orderAt: ({ buffered, remaining }) =>
      Math.min(order, buffered, lowerOrderFinal ? remaining : Number.POSITIVE_INFINITY),
    corrects: ({ index, remaining }) => corrector && remaining > 1 && !uncorrected.includes(index),
    predicted: (noise, { t, x, eps }) => ({ t, value: form.prediction(x, eps, levelsAt(noise, t)) }),
  };
}

/**
 * UniPC: a multistep predictor, and a corrector that uses the prediction made at the predicted point, which the next
 * step needs anyway. So a step from t is
 *
 *     M_t = model(x_p, t);  x_c = corrector(previous x_c, buffer, M_t);  buffer <- M_t;  x_p' = predictor(x_c, buffer)
 *
 * and the states of a run are the predicted points x_p; `memory.corrected` is x_c, where the last step started from. The
 * last point is not corrected. The first steps have as many orders as there are predictions.
 *
 * One model call a step. Order of convergence p + 1, and p without corrector. The last step, lowered to order 1, leaves an
 * error of second order; it is small, because sigma is, and shows at hundreds of steps. Source: Zhao et al. 2023 (2302.04867),
 * section 3; the update is in unipc-update.ts.
 */
export function uniPc(options: UniPcOptions = {}): Sampler {
  const method = uniPcMethod(options);
  return multistepUniPc(method, {
    name: `unipc${method.variant}:order=${method.order}`,
    keep: method.order,
    compensated: (buffer) => buffer,
  });
}

/**
 * UniPC with a say over its buffer: `compensated` returns what a step finds in it, and it stays so for later steps.
 *
 * @param options.keep predictions to keep, at least the order
 */
export function multistepUniPc(
  method: UniPcMethod,
  {
    name,
    keep,
    compensated,
  }: {
    name: string;
    keep: number;
    compensated(buffer: Remembered[], step: { index: number; remaining: number }): Remembered[];
  },
): Sampler {
  const { form, weight, orderAt } = method;
  return {
    name,
    calls: 1,
    stochastic: false,
    async stepInto({ t, s, x, next, index, ahead, noise, memory, predict }) {
      const latest = method.predicted(noise, { t, x, eps: await predict() });
      const remaining = ahead.length;
      const past = recall(memory);
      const before = { index: index - 1, remaining: remaining + 1 };
      const started = memory["corrected"];
      const corrected =
        started && method.corrects(before)
          ? uniPcUpdate({
              noise,
              form,
              weight,
              order: orderAt({ buffered: past.length, remaining: before.remaining }),
              x: started,
              s: t,
              buffer: past,
              latest,
            })
          : x;
      memory["corrected"] = corrected;
      const buffer = store(memory, compensated(remember(memory, latest, keep), { index, remaining }));
      const order = orderAt({ buffered: buffer.length, remaining });
      next.set(uniPcUpdate({ noise, form, weight, order, x: corrected, s, buffer }));
    },
  };
}
