import { throwIfAborted } from "./denoisers/abortable.ts";
import type { Denoiser } from "./denoisers/denoiser.ts";
import { estimate, type Measure, measureValue } from "./measures/measure.ts";
import { type Measured, meanOf } from "./measures/measured.ts";
import { type SampleOptions, sample } from "./sample.ts";

/** One way to sample, with a name for tables. */
export interface Method {
  readonly name: string;
  readonly options: SampleOptions;
}

/** What a method's samples scored. */
export interface MethodResult {
  readonly method: string;
  readonly calls: number;
  readonly evaluations: number;
  readonly seconds: number;
  readonly sequences: number;
  /** By the measures' names. */
  readonly measured: Readonly<Record<string, Measured>>;
  /** [sequences, length] of the first seed. */
  readonly tokens: Int32Array;
}

export interface MeasureOptions {
  readonly measures: readonly Measure[];
  /** Sequences per seed. */
  readonly sequences: number;
  /** Default [0]. With several, values are means over seeds and errors those of the mean. */
  readonly seeds?: readonly number[];
  readonly batch?: number;
  /** Checked before every model call and every measure. */
  readonly signal?: SampleOptions["signal"];
  /** Called after every step with the share of this method's work that is done. */
  readonly progress?: (share: number) => void;
}

/**
 * Samples with a method and measures the samples.
 *
 * With one seed the standard error is the jackknife's over sequences; with several it is the spread between
 * seeds divided by the root of their number, and a measure's bias is that of one seed's sequences.
 */
export async function measureMethod(
  denoiser: Denoiser,
  method: Method,
  { measures, sequences, seeds = [0], batch = 8, signal, progress }: MeasureOptions,
): Promise<MethodResult> {
  const started = Date.now();
  const samples = [];
  let done = 0;
  const total = seeds.length * Math.ceil(sequences / batch) * method.options.schedule.steps;
  for (const seed of seeds) {
    const made = await sample(denoiser, {
      ...method.options,
      count: sequences,
      batch,
      seed,
      ...(signal ? { signal } : {}),
      progress: ({ state }) => {
        if (state.index > 0) progress?.(++done / total);
      },
    });
    samples.push(made);
  }
  const seconds = (Date.now() - started) / 1000;
  const measured: Record<string, Measured> = {};
  for (const measure of measures) {
    throwIfAborted(signal);
    if (samples.length === 1) {
      const { value, standardError } = await estimate(measure, samples[0]!.tokens, denoiser.length);
      measured[measure.name] = { value, standardError };
    } else {
      const values: number[] = [];
      for (const { tokens } of samples) values.push(await measureValue(measure, tokens, denoiser.length));
      measured[measure.name] = meanOf(values);
    }
  }
  return {
    method: method.name,
    calls: Math.max(...samples.map(({ calls }) => calls)),
    evaluations: samples.reduce((sum, { evaluations }) => sum + evaluations, 0),
    seconds,
    sequences: sequences * seeds.length,
    measured,
    tokens: samples[0]!.tokens,
  };
}
