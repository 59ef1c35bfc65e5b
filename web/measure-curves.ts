/**
 * Measures what the page starts with, so that nobody has to wait for it: the information curves of the models that
 * ship, one for each order of commitment, and some real beginnings. `node --import tsx web/measure-curves.ts [model]`.
 *
 * Made from the full networks, with 16 sequences at 40 reveal counts.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { curveLevels, type InformationCurve, informationCurve } from "../src/index.ts";
import { makePart, parsePart } from "../src/make-part.ts";
import { searchData } from "../src/model/model-measures.ts";
import { loadModel, type Model } from "../src/node/index.ts";
import { selectors } from "../src/parts.ts";
import { models, ordersOf } from "./src/catalog.ts";

const SEQUENCES = 16;
const LEVELS = 40;
/** Real sequences to take beginnings of; rows of the fresh data that differ from one another. */
const OPENINGS = [0, 7, 20];

const folder = new URL("measured/", import.meta.url);
await mkdir(folder, { recursive: true });
const wanted = process.argv.slice(2);
for (const { name } of models) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const model = await loadModel(name);
  const curves: Record<string, InformationCurve> = {};
  if (model.process.mask !== undefined) {
    const data = await searchData(model, { count: SEQUENCES });
    for (const { id } of ordersOf({ masked: true, length: model.denoiser.length })) {
      const curve = await informationCurve(model.denoiser, {
        data: data.tokens,
        selector: makePart("selector", selectors, parsePart(id)),
        counts: curveLevels(model.denoiser.length, LEVELS),
        noise: model.noise,
      });
      curves[id] = rounded(curve);
      console.log(`${name}: ${id}`);
    }
  }
  const measured = { fingerprint: model.fingerprint, curves, openings: await openings(model) };
  await writeFile(new URL(`${name}.json`, folder), `${JSON.stringify(measured)}\n`);
  await model.dispose();
}

/** Five digits are finer than the standard errors. */
function rounded(curve: InformationCurve): InformationCurve {
  const short = (values: readonly number[]) => values.map((value) => Number(value.toPrecision(5)));
  return {
    ...curve,
    entropy: short(curve.entropy),
    standardError: short(curve.standardError),
    crossEntropy: short(curve.crossEntropy),
  };
}

/** The first halves of real melodies and pictures, which nobody can type. */
async function openings(model: Model): Promise<number[][]> {
  const fresh = model.manifest?.tokens ? await model.fresh() : undefined;
  if (!fresh) return [];
  const { length } = model.denoiser;
  return OPENINGS.map((row) => Array.from(fresh.subarray(row * length, row * length + length / 2)));
}
