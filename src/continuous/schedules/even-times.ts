import { type EvenOptions, evenly, type Schedule } from "./schedule.ts";

/** Evenly spaced in t: t_i = T + (i / N)(t0 - T). */
export function timeUniform(options: EvenOptions): Schedule {
  return evenly("time-uniform", options, () => ({ clock: (t) => t, back: (t) => t }));
}

/**
 * Evenly spaced in t^(1/power): denser towards data. With power 2 the "quadratic" grid.
 *
 * Source: Song, Meng and Ermon 2021 (2010.02502), appendix D.2 (power 2).
 */
export function timePower({ power = 2, ...options }: EvenOptions & { readonly power?: number }): Schedule {
  if (!(power > 0 && Number.isFinite(power))) {
    throw new RangeError(`timePower: power = ${power}; expected a positive number, such as 2`);
  }
  return evenly(`time-power:power=${power}`, options, () => ({
    clock: (t) => t ** (1 / power),
    back: (value) => value ** power,
  }));
}

/** Evenly spaced in log t. */
export function timeLog(options: EvenOptions): Schedule {
  return evenly("time-log", options, () => ({ clock: Math.log, back: Math.exp }));
}

/**
 * Evenly spaced in lambda, half the log signal-to-noise ratio.
 *
 * Source: Lu et al. 2022 (2206.00927), section 3.3.
 */
export function logSnr(options: EvenOptions): Schedule {
  return evenly("log-snr", options, (noise) => ({ clock: noise.lambda, back: noise.timeAt }));
}

/**
 * Evenly spaced in rho^(1/power), rho = sigma / alpha.
 *
 * Source: Karras et al. 2022 (2206.00364), equation 5, where the power is called rho and is 7.
 */
export function polynomial({ power = 7, ...options }: EvenOptions & { readonly power?: number }): Schedule {
  if (!(power > 0 && Number.isFinite(power))) {
    throw new RangeError(`polynomial: power = ${power}; expected a positive number, such as 7`);
  }
  return evenly(`polynomial:power=${power}`, options, (noise) => ({
    clock: (t) => Math.exp(-noise.lambda(t) / power),
    back: (value) => noise.timeAt(-power * Math.log(value)),
  }));
}
