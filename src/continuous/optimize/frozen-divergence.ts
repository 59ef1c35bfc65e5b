import { type Abort, throwIfAborted } from "../../denoisers/abortable.ts";
import { philox, purposes } from "../../random.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { modelCalls } from "../model-calls.ts";
import type { Noise } from "../noise/noise.ts";
import { type Normals, normals } from "../normals.ts";
import { importanceTimes } from "./importance-times.ts";

/** How the divergence is estimated. */
export interface FrozenDivergenceOptions {
  readonly noise: Noise;
  /** [n, dimension] clean samples. */
  readonly data: ArrayLike<number>;
  /** c, that of the data about its mean, in every direction; it chooses the levels, and no choice is wrong. */
  readonly deviation: number;
  /** Draws an interval, default 1024. */
  readonly samples?: number;
  readonly seed?: number;
  /** Rows sent through the model at once, default 64. */
  readonly batch?: number;
  /** Checked before every model call. */
  readonly signal?: Abort;
  /** Replaces the counter-based source; a draw's row is its number, its stages are 0 and 1. */
  readonly normals?: Normals;
  /** The fraction in (0, 1) at which draw j takes its level; default (u + j (sqrt 5 - 1) / 2) mod 1. */
  readonly quantile?: (draw: number) => number;
}

/** What freezing the denoiser costs, interval by interval. */
export interface FrozenDivergence {
  /** Of the step from rho = `to` down to `from`, in nats; the same draws whatever the interval. */
  between(from: number, to: number): Promise<number>;
  counted(): { calls: number; evaluations: number };
}

/** Steps of this length on a circle are spread evenly whatever their number, and whatever the order of the data. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;
/** A level this close to the end of an interval, as a share, shows rounding and no difference. */
const NEAR = 1e-9;

/**
 * The bound of Align Your Steps for one step: how far in KL divergence the paths of the reverse SDE part from those with
 * D(x, rho) = E[x0 | x] frozen at the noisier end b of the step, by Girsanov's theorem, with y = x / alpha and
 * rho = sigma / alpha,
 *
 *     K(a, b) = integral over rho from a to b of rho^-3 E |D(y_rho, rho) - D(y_b, b)|^2
 *
 * The sum over the steps bounds the KL divergence of the samples from data, but for the start's. In rho and y it reads the
 * same for all noise.
 *
 * The estimate is Z mean(|D(y_rho, rho) - D(y_b, b)|^2 / spread(rho)) with rho from `importanceTimes`, of which Z is the
 * total: unbiased, and for Gaussian data of deviation c the same at all rho. Draw j starts from row j mod n of data, and
 *
 *     y_b = x0 + b z,   y_rho = x0 + (rho^2 / b) z + rho sqrt(1 - rho^2 / b^2) w
 *
 * which is the law of the forward process, and leaves D(y_b, b) the same for all a: it is asked once in a row.
 *
 * Two model evaluations a draw, one where b is that of the interval before. Source: Sabour, Fidler and Kreis 2024
 * (2404.14507), section 3.
 *
 * @throws RangeError if data are not whole rows, or an option is out of range
 */
export function frozenDivergence(denoiser: Denoiser, options: FrozenDivergenceOptions): FrozenDivergence {
  const { noise, deviation, samples = 1024, batch = 64, seed = 0, signal } = options;
  const { dimension } = denoiser;
  const data = Float64Array.from(options.data);
  check(data, { dimension, samples, batch, deviation });
  const shift = philox(seed).at(0, 0, purposes.data).uniform(0);
  const { quantile = (draw) => (shift + draw * GOLDEN) % 1 } = options;
  const [z, w] = [0, 1].map((stage) => {
    const drawn = new Float64Array(samples * dimension);
    const source = options.normals ?? normals(seed);
    for (let draw = 0; draw < samples; draw++) {
      const own = drawn.subarray(draw * dimension, (draw + 1) * dimension);
      source.fill(own, { row: draw, index: 0, stage });
    }
    return drawn;
  });
  const model = modelCalls(denoiser, noise, { calls: 0, evaluations: 0 });

  /** D at y = x0 + kept z + fresh w, [samples, dimension], every draw at its own rho. */
  async function clean(
    rhos: Float64Array,
    scales: (rho: number) => { kept: number; fresh: number },
  ): Promise<Float64Array> {
    const time = rhos.map((rho) => noise.timeAt(-Math.log(rho)));
    const y = new Float64Array(samples * dimension);
    const x = new Float64Array(samples * dimension);
    for (let draw = 0; draw < samples; draw++) {
      const { kept, fresh } = scales(rhos[draw]!);
      const alpha = noise.alpha(time[draw]!);
      for (let at = draw * dimension; at < (draw + 1) * dimension; at++) {
        y[at] = data[at % data.length]! + kept * z![at]! + fresh * w![at]!;
        x[at] = alpha * y[at]!;
      }
    }
    for (let first = 0; first < samples; first += batch) {
      throwIfAborted(signal);
      const last = Math.min(samples, first + batch);
      const eps = await model.predict({
        x: x.slice(first * dimension, last * dimension),
        time: time.slice(first, last),
      });
      for (let draw = first; draw < last; draw++) {
        for (let d = 0; d < dimension; d++) {
          y[draw * dimension + d]! -= rhos[draw]! * eps[(draw - first) * dimension + d]!;
        }
      }
    }
    return y;
  }

  const cleanAt = (b: number): Promise<Float64Array> =>
    clean(new Float64Array(samples).fill(b), () => ({ kept: b, fresh: 0 }));
  let frozen: { at: number; clean: Float64Array } | undefined;
  return {
    counted: model.counted,
    async between(a, b) {
      const end = frozen?.at === b ? frozen : { at: b, clean: await cleanAt(b) };
      frozen = end;
      const levels = importanceTimes([a, b], { deviation });
      const rhos = Float64Array.from({ length: samples }, (_, draw) =>
        Math.min(levels.quantile(quantile(draw)), b * (1 - NEAR)),
      );
      const moving = await clean(rhos, (rho) => ({
        kept: (rho * rho) / b,
        fresh: rho * Math.sqrt((1 - rho / b) * (1 + rho / b)),
      }));
      let sum = 0;
      for (let draw = 0; draw < samples; draw++) {
        let square = 0;
        for (let at = draw * dimension; at < (draw + 1) * dimension; at++) {
          square += (moving[at]! - end.clean[at]!) ** 2;
        }
        sum += square / levels.spread(rhos[draw]!);
      }
      return (levels.total * sum) / samples;
    },
  };
}

function check(
  data: Float64Array,
  {
    dimension,
    samples,
    batch,
    deviation,
  }: { dimension: number; samples: number; batch: number; deviation: number },
): void {
  if (data.length === 0 || data.length % dimension !== 0 || !data.every(Number.isFinite)) {
    throw new RangeError(
      `frozenDivergence: data has ${data.length} numbers; expected rows of ${dimension} finite numbers, at least one`,
    );
  }
  if (!(Number.isInteger(samples) && samples >= 1 && Number.isInteger(batch) && batch >= 1)) {
    throw new RangeError(
      `frozenDivergence: samples = ${samples}, batch = ${batch}; expected whole numbers >= 1, such as 1024 and 64`,
    );
  }
  if (!(deviation > 0 && Number.isFinite(deviation))) {
    throw new RangeError(
      `frozenDivergence: deviation = ${deviation}; expected that of the data, a positive number such as 0.5`,
    );
  }
}
