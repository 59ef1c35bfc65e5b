import { estimate, type Measure, measureValue } from "../measures/measure.ts";
import { samplingFloor } from "../measures/sampling-floor.ts";
import type { Model } from "../model/model.ts";
import { freshData, modelMeasures, searchData } from "../model/model-measures.ts";
import type { MeasuredValue } from "./messages.ts";

/** Measures samples of one model. */
export interface Measurer {
  /**
   * The values of the model's measures on samples, with the standard error from two sequences on. Beside each what as
   * many fresh sequences score, where there are that many and at least two.
   *
   * @param tokens [count, length]
   * @param names of measures; default all
   */
  values(tokens: Int32Array, names: readonly string[] | undefined): Promise<MeasuredValue[]>;
}

/** Fresh sequences that a floor is measured on, at most. */
const FRESH = 256;

/** What measures need, read once. */
interface Ready {
  readonly measures: readonly Measure[];
  readonly fresh: Int32Array | undefined;
}

/** The measures of a model but those that ask a second network. Files are read at the first call, floors kept. */
export function measurer(model: Model): Measurer {
  const { length } = model.denoiser;
  const floors = new Map<string, number>();
  let ready: Promise<Ready> | undefined;

  async function floorOf(measure: Measure, fresh: Int32Array | undefined, count: number) {
    if (!fresh || !Number.isInteger(count) || count < 2 || count * length > fresh.length) return {};
    const key = `${measure.name} ${count}`;
    const floor = floors.get(key) ?? (await samplingFloor(measure, fresh, length, { count })).value;
    floors.set(key, floor);
    return { floor };
  }

  return {
    async values(tokens, names) {
      ready ??= readied(model);
      const { measures, fresh } = await ready.catch((error) => {
        ready = undefined; // What failed for want of a network may be tried again.
        throw error;
      });
      const count = tokens.length / length;
      const values: MeasuredValue[] = [];
      for (const measure of measures) {
        const { name, label, better } = measure;
        if (names && !names.includes(name)) continue;
        const found =
          count >= 2
            ? await estimate(measure, tokens, length)
            : { value: await measureValue(measure, tokens, length) };
        const { value } = found;
        const error = "standardError" in found ? { standardError: found.standardError } : {};
        values.push({ name, label, better, value, ...error, ...(await floorOf(measure, fresh, count)) });
      }
      return values;
    },
  };
}

async function readied(model: Model): Promise<Ready> {
  const { manifest } = model;
  const described = manifest?.measures?.filter(({ kind }) => kind !== "likelihood");
  const own = manifest && described ? { ...model, manifest: { ...manifest, measures: described } } : model;
  const [measures, fresh] = await Promise.all([
    searchData(own, { count: FRESH }).then((data) => modelMeasures(own, data)),
    freshData(own, { count: FRESH }),
  ]);
  return { measures, fresh };
}
