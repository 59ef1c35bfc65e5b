import type { Step } from "../samplers/sampler.ts";
import { type Dynamics, scaledRows } from "./dynamics.ts";
import { type Norms, rowNorms } from "./norms.ts";

/** What momentum remembers from move to move, in the memory of the run. */
interface Remembered {
  /** [batch, dimension] m, the latest score g, and the latest displacement */
  readonly momentum: Float64Array;
  readonly score: Float64Array;
  readonly displacement: Float64Array;
  /** [batch] beta and the adapted step of the latest move */
  readonly beta: Float64Array;
  readonly adapted: Float64Array;
}

const KEYS = ["momentum", "score", "displacement", "beta", "adapted"] as const;

/** How momentum moves. */
export interface MomentumOptions {
  /** A fixed beta in [0, 1); default: adaptive. */
  readonly beta?: number;
  /** The largest adaptive beta, in [0, 1), default 0.9999. */
  readonly maximum?: number;
  /** How long changes of score and displacement are, default of every row alone; published: the batch's mean. */
  readonly norms?: Norms;
  /** Deviation sqrt(2 s~) and not sqrt(2 s), so that the stationary law is right to leading order; default false. */
  readonly calibrated?: boolean;
  /** Takes the length of the step from m as it was before this move, as the released image code does; default false. */
  readonly lagging?: boolean;
  /** Adds the last level's step to the very first displacement, as the released annealed code does; default false. */
  readonly firstTwice?: boolean;
}

/**
 * Langevin with momentum, along the score g with the step s of the step size (which sees m):
 *
 *     r    = |g - g_before| / |displacement before|        the curvature met by the latest move
 *     beta = min(((1 - s~ r) / (1 + s~ r))^2, maximum)     s~ still of the move before
 *     m    = beta m + (1 - beta) g
 *     s~   = s (1 + beta)^2
 *     displacement = s~ m,   deviation = sqrt(2 s)         calibrated: sqrt(2 s~)
 *
 * The first move, and one after a row has not moved, has m = g, beta = 0, s~ = s. What is remembered goes on through all
 * times. With beta = 0 it is {@link overdamped}, to the bit.
 *
 * Biased as published: the drift grows by (1 + beta)^2 and the noise does not, so at small steps the stationary variance
 * of a Gaussian is v / (1 + beta)^2. For a fixed beta, with a = s~ / v and q = s / s~ (calibrated: q = 1), it is
 *
 *     v q (1 + 2 beta a / (1 - beta^2)) / (1 - (1 - beta) a / (2 (1 + beta)))
 *
 * Source: Wen, Deng, Luo, Sun and Li 2024 (2405.13726), adaptive momentum sampling, and its released code. Here the step
 * is taken from the new m, as the released code does for graphs and for fixed beta. `calibrated` is ours.
 */
export function momentum({
  beta: fixed,
  maximum = 0.9999,
  norms = rowNorms,
  calibrated = false,
  lagging = false,
  firstTwice = false,
}: MomentumOptions = {}): Dynamics {
  checkShare("beta", fixed ?? 0);
  checkShare("maximum", maximum);
  return {
    name: `${calibrated ? "calibrated-" : ""}${fixed === undefined ? "" : `${fixed}-`}momentum`,
    plainNoise: !calibrated,
    move(score, z, size, step) {
      const { batch } = step;
      const before = recalled(step.memory);
      const moved = before ? norms(before.displacement, batch) : new Float64Array(batch);
      const old = rowsWhere(moved, before?.momentum ?? score, score);
      const beta = before ? betas(before, score, moved) : new Float64Array(batch);
      const m = blended(old, score, beta);
      const sizes = size.of(lagging ? old : m, z, step);
      const adapted = sizes.map((s, row) => s * (1 + beta[row]!) ** 2);
      const lengths = firstTwice && !before ? withLastLevel(adapted, step) : adapted;
      const displacement = scaledRows(m, lengths);
      const latest: Remembered = { momentum: m, score, displacement, beta, adapted };
      for (const key of KEYS) step.memory[`langevin-${key}`] = latest[key];
      return { displacement, deviation: (calibrated ? adapted : sizes).map((s) => Math.sqrt(2 * s)) };
    },
  };

  function betas(
    { score: last, adapted }: Remembered,
    score: Float64Array,
    moved: Float64Array,
  ): Float64Array {
    if (fixed !== undefined) return moved.map((length) => (length > 0 ? fixed : 0));
    const changed = norms(
      score.map((value, at) => value - last[at]!),
      moved.length,
    );
    return moved.map((length, row) => {
      if (length === 0) return 0;
      const u = adapted[row]! * (changed[row]! / length);
      return Math.min(maximum, ((1 - u) / (1 + u)) ** 2);
    });
  }
}

function recalled(memory: Step["memory"]): Remembered | undefined {
  if (!memory["langevin-momentum"]) return undefined;
  const entries = KEYS.map((key) => [key, memory[`langevin-${key}`]!] as const);
  return Object.fromEntries(entries) as unknown as Remembered;
}

/** Rows of `values` that have moved, rows of `others` where they have not. */
function rowsWhere(moved: Float64Array, values: Float64Array, others: Float64Array): Float64Array {
  const dimension = values.length / moved.length;
  return values.map((value, at) => (moved[Math.floor(at / dimension)]! > 0 ? value : others[at]!));
}

/** beta m + (1 - beta) g of every row. */
function blended(m: Float64Array, g: Float64Array, beta: Float64Array): Float64Array {
  const dimension = m.length / beta.length;
  return m.map((value, at) => {
    const own = beta[Math.floor(at / dimension)]!;
    return own * value + (1 - own) * g[at]!;
  });
}

/** The step plus the one of the last level: s (1 + sigma_L^2 / sigma^2). */
function withLastLevel(adapted: Float64Array, { noise, t, ahead }: Step): Float64Array {
  const last = (noise.sigma(ahead[ahead.length - 1]!) / noise.sigma(t)) ** 2;
  return adapted.map((s) => s * (1 + last));
}

function checkShare(name: string, value: number): void {
  if (!(value >= 0 && value < 1)) {
    throw new RangeError(`momentum: ${name} = ${value}; expected a number >= 0 and below 1, such as 0.9`);
  }
}
