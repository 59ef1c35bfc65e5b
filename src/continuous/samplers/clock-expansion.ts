import { cleanFrom } from "../denoisers/prediction.ts";
import { type Clock, rhoClock, timeClock } from "./clocks.ts";
import type { Expansion } from "./expansion.ts";
import { rhoChange } from "./rho-step.ts";
import { levelsAt } from "./unipc-update.ts";

/** Expands eps in time, as tAB-DEIS does. */
export const timeExpansion: Expansion = clockExpansion({ name: "noise-time", clock: timeClock() });

/** Expands eps in rho = sigma / alpha, as rhoAB-DEIS does. */
export const rhoExpansion: Expansion = clockExpansion({ name: "noise-rho", clock: rhoClock });

/**
 * Expands eps in steps, as if all were equally long, as iPNDM does. Over u steps its derivative i is weighted by
 * (rho_s - rho_t) u^i / (i + 1)!. Where rho does not fall evenly the order is at most 2.
 */
export const stepExpansion: Expansion = inRho({
  name: "noise-steps",
  reading: (_noise, { back }) => -back,
  weight: ({ noise, t, s, length }, i) => rhoChange(noise, t, s) * power(length, i) * (1 / (i + 1)),
});

/**
 * Expands eps in a clock c: d(x / alpha) / d rho = eps, so that derivative i in c is weighted by the integral of
 * (c - c_t)^i / i! d rho.
 *
 * Not in the unified framework as published, whose series are all in lambda. Source of the methods: Zhang and Chen 2023
 * (2204.13902), section 3.
 */
export function clockExpansion({ name, clock }: { readonly name: string; readonly clock: Clock }): Expansion {
  return inRho({
    name,
    reading: (noise, { t }) => clock.at(noise, t),
    weight({ noise, t, s }, i) {
      const origin = clock.at(noise, t);
      const { points, weights } = clock.quadrature(noise, t, s);
      return points.reduce((sum, point, q) => sum + weights[q]! * power(point - origin, i), 0);
    },
  });
}

type Interval = Pick<Required<Parameters<Expansion["over"]>[0]>, "noise" | "t" | "s" | "length">;

/** An expansion of eps in which x / alpha moves by the sum of weight(i) M^(i). */
function inRho({
  name,
  reading,
  weight,
}: Pick<Expansion, "name" | "reading"> & { weight(step: Interval, i: number): number }): Expansion {
  return {
    name,
    reading,
    clean: ({ t, x, eps }, noise) => cleanFrom(x, eps, levelsAt(noise, t)),
    over({ noise, t, s, derivatives, dimension, length = 1 }) {
      const every = (value: number): Float64Array => new Float64Array(dimension).fill(value);
      const alpha = noise.alpha(s);
      return {
        h: noise.lambda(s) - noise.lambda(t),
        rate: 1,
        kept: every(alpha / noise.alpha(t)),
        offset: every(0),
        weights: Array.from({ length: derivatives }, (_, i) =>
          every(alpha * weight({ noise, t, s, length }, i)),
        ),
        prediction: ({ eps }) => eps,
      };
    },
  };
}

/** c^i / i! */
function power(c: number, i: number): number {
  let term = 1;
  for (let j = 1; j <= i; j++) term *= c / j;
  return term;
}
