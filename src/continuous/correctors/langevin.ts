import { checkWhole } from "../../correctors/check-whole.ts";
import type { Step } from "../samplers/sampler.ts";
import type { Corrector } from "./corrector.ts";
import { addRowsInto, type Dynamics, overdamped } from "./dynamics.ts";
import { type MomentumOptions, momentum } from "./momentum.ts";
import { type Norms, rowNorms } from "./norms.ts";
import { checkPositive, levelSize, type StepSize, signalToNoise } from "./step-size.ts";

/** What every Langevin corrector has. */
export interface LangevinOptions {
  /** Moves a correction makes, >= 1, default 1. */
  readonly steps?: number;
  /** Drift against noise in a move, > 0, default 0.16: the step is 2 (snr sigma)^2, {@link levelSize}. */
  readonly snr?: number;
  /** Measures how long drift and noise are, as published: {@link signalToNoise}, which is biased in few dimensions. */
  readonly norms?: Norms;
  /** Replaces the rule that `snr` and `norms` state. */
  readonly size?: StepSize;
}

/**
 * Langevin corrector: x + s g + sqrt(2 s) z along the score g = grad log p_t(x) = -eps / sigma, z ~ N(0, I).
 *
 * Model calls: `steps`. Takes a Gaussian of variance v to v / (1 - s / (2 v)): at most 2.6 % too wide with the default
 * step. Source: Song et al. 2021 (2011.13456), algorithms 4 and 5, whose step is that of `norms: batchNorms`.
 */
export function langevin(options: LangevinOptions = {}): Corrector {
  return moving("langevin", options, overdamped());
}

/**
 * Langevin corrector with momentum, by default adaptive: "AMS". See {@link momentum} for the formulas and the bias: it
 * reaches the bulk in fewer moves and under-disperses.
 *
 * Model calls: `steps`. With a fixed `beta`, 0.9 for images and 0.8 for graphs, it is what the paper compares with as
 * "CLD". Source: Wen et al. 2024 (2405.13726).
 *
 * @param options.published takes the step from m as it was before the move, as the released image code does; with `norms:
 * batchNorms` its numbers are met exactly
 */
export function momentumLangevin({
  beta,
  maximum,
  published = false,
  ...options
}: LangevinOptions &
  Pick<MomentumOptions, "beta" | "maximum"> & { readonly published?: boolean } = {}): Corrector {
  const { norms = rowNorms } = options;
  const dynamics = momentum({ ...betas({ beta, maximum }), norms, lagging: published });
  return moving(`${dynamics.name}-langevin`, options, dynamics);
}

/**
 * {@link momentumLangevin} with noise that has grown as much as the drift: deviation sqrt(2 s~). Ours, not the paper's. The
 * stationary variance is then right as the step goes to 0; what is left of the bias is of order sqrt(s), see {@link
 * momentum}.
 */
export function calibratedMomentumLangevin({
  beta,
  maximum,
  ...options
}: LangevinOptions & Pick<MomentumOptions, "beta" | "maximum"> = {}): Corrector {
  const { norms = rowNorms } = options;
  const dynamics = momentum({ ...betas({ beta, maximum }), norms, calibrated: true });
  return moving(`${dynamics.name}-langevin`, options, dynamics);
}

function moving(
  name: string,
  { steps = 1, snr = 0.16, norms, size: given }: LangevinOptions,
  dynamics: Dynamics,
): Corrector {
  checkWhole(name, "steps", steps);
  checkPositive(name, "snr", snr);
  const size = given ?? (norms ? signalToNoise({ snr, norms }) : levelSize({ size: 2 * snr * snr }));
  return {
    name: `${name}:${size.name}:steps=${steps}`,
    calls: steps,
    async correctInto(step) {
      for (let stage = 0; stage < steps; stage++) await moveInto(step, { stage, size, dynamics });
    },
  };
}

/** One move of `step.next` at time `step.t`; the noise is that of the stage, by default added after the score is known. */
export async function moveInto(
  step: Step,
  {
    stage,
    size,
    dynamics,
    noiseFirst = false,
  }: { stage: number; size: StepSize; dynamics: Dynamics; noiseFirst?: boolean },
): Promise<void> {
  const { t, next, noise } = step;
  const z = step.normal({ stage });
  if (noiseFirst) {
    addRowsInto(
      next,
      z,
      size.of(z, z, step).map((s) => Math.sqrt(2 * s)),
    );
  }
  const eps = await step.predict({ x: next, time: t });
  const sigma = noise.sigma(t);
  const { displacement, deviation } = dynamics.move(
    eps.map((value) => -value / sigma),
    z,
    size,
    step,
  );
  for (let at = 0; at < next.length; at++) next[at]! += displacement[at]!;
  if (!noiseFirst) addRowsInto(next, z, deviation);
}

/** Beta and its maximum, where given. */
function betas({ beta, maximum }: { beta: number | undefined; maximum: number | undefined }): {
  beta?: number;
  maximum?: number;
} {
  return { ...(beta !== undefined && { beta }), ...(maximum !== undefined && { maximum }) };
}
