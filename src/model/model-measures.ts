import { chainSamples } from "../denoisers/chain-samples.ts";
import { afterPrefix } from "../measures/after-prefix.ts";
import { chainNGramLaw } from "../measures/chain-n-gram-law.ts";
import { distinct } from "../measures/distinct.ts";
import type { Measure } from "../measures/measure.ts";
import { countNGrams } from "../measures/n-gram-counts.ts";
import { nGramKL } from "../measures/n-gram-kl.ts";
import { unigramEntropy } from "../measures/unigram-entropy.ts";
import { type SampleOptions, sample } from "../sample.ts";
import { uniform } from "../schedules/uniform.ts";
import { measuresFrom } from "./measures-from.ts";
import type { Model } from "./model.ts";

/** Bigrams that stand for a known law where counts are wanted. */
const ENDLESS = 1e6;

/** Clean sequences of a model's domain, and where they are from. */
export interface ModelData {
  /** [n, length] */
  readonly tokens: Int32Array;
  readonly origin: "held out" | "exact" | "own samples";
  /** Sequences sent through the model to make them. */
  readonly evaluations: number;
}

/** Seeds of data that an optimiser looks at and of data that a floor is measured on: never those of samples. */
const SEARCH_SEED = 2 ** 40;
const FRESH_SEED = 2 ** 41;

/**
 * Sequences to search a schedule on: exact ones of a chain, held-out data where the model has them, else the
 * model's own samples in 64 stratified calls.
 *
 * @param options.count at most this many; held-out data may have fewer
 * @param options.signal checked before every model call
 */
export async function searchData(
  model: Model,
  {
    count,
    seed = 0,
    batch = 8,
    signal,
  }: { count: number; seed?: number; batch?: number; signal?: SampleOptions["signal"] },
): Promise<ModelData> {
  const { denoiser, chain } = model;
  const { length } = denoiser;
  if (chain) {
    return {
      tokens: chainSamples(chain, { count, seed: SEARCH_SEED + seed }),
      origin: "exact",
      evaluations: 0,
    };
  }
  const heldOut = await model.heldOut();
  if (heldOut) return { tokens: heldOut.subarray(0, count * length), origin: "held out", evaluations: 0 };
  const { process, noise } = model;
  const schedule = uniform({ steps: Math.min(64, length) });
  const own = await sample(denoiser, {
    ...{ process, noise, schedule, count, seed: SEARCH_SEED + seed, batch },
    ...(signal ? { signal } : {}),
  });
  return { tokens: own.tokens, origin: "own samples", evaluations: own.evaluations };
}

/** Data that took no part in a model's measures, for the value that perfect samples would get; if there are any. */
export async function freshData(model: Model, { count }: { count: number }): Promise<Int32Array | undefined> {
  if (model.chain) return chainSamples(model.chain, { count, seed: FRESH_SEED });
  return model.fresh();
}

/**
 * The measures of a model: those its manifest names, else the bigram KL to its data.
 *
 * @param options.prefix tokens that every sequence is given, the first of a row of the fresh data; they count in no
 * measure. Default 0: nothing is given, and measures that need a beginning are left out
 * @throws Error in one sentence if a file that a measure needs cannot be used
 */
export async function modelMeasures(
  model: Model,
  data: ModelData,
  { prefix = 0 }: { prefix?: number } = {},
): Promise<Measure[]> {
  const { vocabulary, length } = model.denoiser;
  if (!Number.isInteger(prefix) || prefix < 0 || prefix >= length) {
    throw new RangeError(
      `modelMeasures: prefix = ${prefix}; expected a whole number from 0 to ${length - 1}, one below the length`,
    );
  }
  const described = model.manifest?.measures;
  if (described && described.length > 0) return measuresFrom(model, described, { prefix });
  const general = [unigramEntropy(), ...(length - prefix >= 4 ? [distinct()] : [])];
  if (vocabulary ** 2 > 2 ** 22) return general.map((measure) => afterPrefix(measure, prefix));
  // The counts of an endless sample, smoothed: a bigram that the chain excludes is dear, not infinitely so.
  const counts = model.chain
    ? chainNGramLaw(model.chain, { n: 2 }).map((share) => share * ENDLESS)
    : countNGrams(data.tokens, length, { n: 2, vocabulary });
  return [nGramKL({ n: 2, vocabulary, counts }), ...general].map((measure) => afterPrefix(measure, prefix));
}
