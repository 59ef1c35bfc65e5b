import { parse } from "npyjs";
import { afterPrefix, columnsFrom } from "../measures/after-prefix.ts";
import { chainNGramLaw } from "../measures/chain-n-gram-law.ts";
import { distinct } from "../measures/distinct.ts";
import { farShare, nearestDistance } from "../measures/far-share.ts";
import { frechet } from "../measures/frechet.ts";
import { countIntervals, intervalKL } from "../measures/interval-kl.ts";
import { likelihood } from "../measures/likelihood.ts";
import type { Measure } from "../measures/measure.ts";
import { nGramKL } from "../measures/n-gram-kl.ts";
import { noteHellinger } from "../measures/note-hellinger.ts";
import { noteOutliers } from "../measures/note-outliers.ts";
import { ruleError } from "../measures/rule-error.ts";
import { tanhFeatures } from "../measures/tanh-features.ts";
import { unigramEntropy } from "../measures/unigram-entropy.ts";
import { wordBigramKL } from "../measures/word-bigram-kl.ts";
import { wordShare } from "../measures/word-share.ts";
import { type Files, readLinesOf } from "./files.ts";
import type { MeasureDescription } from "./manifest.ts";
import type { Model, ModelSource } from "./model.ts";
import { parseSequences } from "./sequences.ts";

/** What errors begin with. */
const caller = "measures";

/** How samples come about. */
interface Setting {
  /** Tokens given to every sequence. */
  readonly prefix: number;
}

type Described<Kind extends MeasureDescription["kind"]> = Extract<MeasureDescription, { kind: Kind }>;

/**
 * The measures that a manifest describes, in its order, of what comes after the first `prefix` tokens. A description
 * may stand for none (note-outliers without a prefix) or two (far-share also tells the distance itself).
 *
 * @throws Error in one sentence if a file that a measure needs cannot be used
 */
export async function measuresFrom(
  model: Model,
  descriptions: readonly MeasureDescription[],
  setting: Setting,
): Promise<Measure[]> {
  return (await Promise.all(descriptions.map((each) => measureFrom(model, each, setting)))).flat();
}

async function measureFrom(
  model: Model,
  description: MeasureDescription,
  { prefix }: Setting,
): Promise<Measure[]> {
  const rest = (measure: Measure) => [afterPrefix(measure, prefix)];
  switch (description.kind) {
    case "rule-error":
      return rest(ruleError());
    case "unigram-entropy":
      return rest(unigramEntropy());
    case "distinct":
      return rest(distinct());
    case "n-gram-kl":
      return rest(await nGramKLFrom(model, description));
    case "word-share":
      return rest(
        wordShare({
          alphabet: model.alphabet ?? "",
          words: await readLinesOf(filesOf(model), description.words, { caller }),
        }),
      );
    case "word-bigram-kl":
      return rest(await wordBigramKLFrom(model, description));
    case "likelihood":
      return [await likelihoodFrom(model, description, prefix)];
    case "interval-kl": {
      const { truth, length, notes } = await notesOf(model, 0);
      return rest(intervalKL({ notes, counts: countIntervals(truth, length, notes) }));
    }
    case "note-hellinger":
      return [noteHellinger(await notesOf(model, prefix))];
    case "note-outliers":
      return prefix > 0 ? [noteOutliers(await notesOf(model, prefix))] : [];
    case "frechet":
      return rest(await frechetFrom(model, description, prefix));
    case "far-share": {
      const reference = await referenceFrom(model, description.reference, prefix);
      return [farShare(reference), nearestDistance(reference)].flatMap(rest);
    }
  }
}

async function nGramKLFrom(model: Model, { n, reference }: Described<"n-gram-kl">): Promise<Measure> {
  const { vocabulary } = model.denoiser;
  if (reference !== "chain") {
    return numbersBeside(model, reference, (counts) => nGramKL({ n, vocabulary, counts }));
  }
  if (!model.chain) throw new Error(`measures: "${model.name}" is no chain; name a file of n-gram counts`);
  return nGramKL({ n, vocabulary, law: chainNGramLaw(model.chain, { n }) });
}

async function wordBigramKLFrom(model: Model, description: Described<"word-bigram-kl">): Promise<Measure> {
  const words = await readLinesOf(filesOf(model), description.words, { caller });
  const common = await readLinesOf(filesOf(model), description.common, { caller });
  return numbersBeside(model, description.reference, (counts) =>
    wordBigramKL({ alphabet: model.alphabet ?? "", words, common, counts }),
  );
}

/** The network is opened at once, to see that it fits, and again for every set of samples: none stays open. */
async function likelihoodFrom(
  model: Model,
  { network }: Described<"likelihood">,
  prefix: number,
): Promise<Measure> {
  const { vocabulary, length } = model.denoiser;
  const opened = async <T>(use: (measure: ReturnType<typeof likelihood>) => T | Promise<T>): Promise<T> => {
    const { denoiser, dispose } = await sourceOf(model).openNetwork(
      { file: network },
      { name: network, vocabulary, length },
    );
    try {
      return await use(likelihood({ network: denoiser, prefix }));
    } finally {
      await dispose();
    }
  };
  const checked = await opened((measure) => measure);
  return { ...checked, scores: (tokens, own) => opened((measure) => measure.scores(tokens, own)) };
}

/** With a prefix the truth is the fresh data, whose beginnings are given; without, what fresh data are held against. */
async function notesOf(model: Model, prefix: number) {
  const { vocabulary, length } = model.denoiser;
  const described = model.manifest?.tokens;
  if (described?.kind !== "notes") {
    throw new Error(
      `measures: the tokens of "${model.name}" are not said to be notes; describe them in the manifest as tokens of kind "notes"`,
    );
  }
  const truth = prefix > 0 ? await model.fresh() : await model.heldOut();
  if (!truth) {
    throw new Error(
      `measures: "${model.name}" comes without real sequences to compare notes with; name files of some as heldOut and fresh in its manifest`,
    );
  }
  const { rest, hold, firstOnset } = described;
  return { truth, length, prefix, notes: { rest, hold, firstOnset, vocabulary } };
}

async function frechetFrom(
  model: Model,
  { features, reference }: Described<"frechet">,
  prefix: number,
): Promise<Measure> {
  const { vocabulary } = model.denoiser;
  const real = await referenceFrom(model, reference, prefix);
  return numbersBeside(model, features, (all, shape) => {
    const [rows, width = 0] = shape;
    if (shape.length !== 2 || rows !== model.denoiser.length + 1) {
      throw new Error(
        `its shape is [${shape.join(", ")}]; expected [${model.denoiser.length + 1}, features], a row for each position and one for the bias`,
      );
    }
    const weights = all.subarray(prefix * width);
    return frechet({ ...real, features: tanhFeatures({ weights, length: real.length, vocabulary }) });
  });
}

/** Real sequences after the prefix. */
async function referenceFrom(model: Model, name: string, prefix: number) {
  const { vocabulary, length } = model.denoiser;
  const files = filesOf(model);
  const bytes = await files.bytes(name, { caller });
  const all = parseSequences(bytes, { length, vocabulary, path: files.where(name), where: caller });
  return { reference: columnsFrom(all, { length, prefix }), length: length - prefix };
}

/** @throws Error in one sentence if the file is no .npy or `use` refuses what is in it */
async function numbersBeside<T>(
  model: Model,
  name: string,
  use: (numbers: Float64Array, shape: readonly number[]) => T,
): Promise<T> {
  const bytes = await filesOf(model).bytes(name, { caller });
  try {
    const { data, shape, fortranOrder } = parse(new Uint8Array(bytes).buffer);
    if (fortranOrder) throw new Error("it is in column order; save it in row order");
    return use(Float64Array.from(data as unknown as ArrayLike<number>, Number), shape);
  } catch (cause) {
    throw new Error(`measures: ${name} of "${model.name}" is not usable: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function filesOf(model: Model): Files {
  return sourceOf(model).files;
}

function sourceOf({ name, source }: Model): ModelSource {
  if (source) return source;
  throw new Error(`measures: "${name}" has no folder with files; expected a model with a manifest`);
}
