import type { Denoiser, Logits, Noised } from "../denoisers/denoiser.ts";
import { maskAmongTokens } from "../denoisers/mask-among-tokens.ts";
import { oneLine } from "../one-line.ts";
import { widenInto } from "../onnx/half-floats.ts";
import { spareFloats } from "../onnx/spare-floats.ts";
import { knownTokens, maskOf, padOf, type Tokenizer, vocabularyOf } from "./tokenizer.ts";

/** What is used of a model of @huggingface/transformers, as `AutoModelForMaskedLM.from_pretrained` returns it. */
export interface MaskedModel {
  (inputs: object): Promise<object>;
  readonly config: { readonly max_position_embeddings: number | undefined };
}

/** How a fill-mask model is sampled from. */
export interface FromTransformersOptions {
  /** D, the tokens of a sequence, with [CLS], [SEP] and the like. */
  readonly length: number;
  /**
   * Tokens that are never drawn; they may still be given. Default the tokenizer's special tokens. The mask, and
   * what the tokenizer has no text for, is never drawn in any case.
   */
  readonly forbid?: readonly number[];
}

/** What is used of the library's tensors. */
interface Tensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

type TensorConstructor = new (type: "int64", data: BigInt64Array, dims: readonly number[]) => unknown;

/**
 * Makes a time-free denoiser of a fill-mask model that was loaded with @huggingface/transformers: a masked language
 * model, which fills in any share of masks, is a masked diffusion model. With A the tokens that may be drawn,
 *
 *     p(x0^d = v | x_t) = [v in A] exp(logits[d, v]) / sum over A of exp(logits[d, w])
 *
 * The vocabulary is the tokenizer's: columns of the logits beyond it, which many models have, are left out, and
 * tokens beyond the columns are never drawn. Padding (the tokenizer's, where given) gets no attention.
 *
 * One call of the model a prediction, for all positions; only rows that are wanted are copied. What the model
 * returned is not changed.
 *
 * @throws RangeError if the tokenizer has no mask, the length is more than model or tokenizer take, or a forbidden
 * token is none; when sampling, if the model returns no logits [batch, length, at least one column]
 * Source: Wang, Cho 2019, arXiv 1902.04094 (sampling from BERT); Sahoo et al. 2024, arXiv 2406.07524 (masked
 * diffusion as masked language modelling).
 */
export function fromTransformers(
  model: MaskedModel,
  tokenizer: Tokenizer,
  { length, forbid = specialTokens(tokenizer) }: FromTransformersOptions,
): Denoiser {
  const mask = maskOf(tokenizer, "fromTransformers");
  const pad = padOf(tokenizer);
  const vocabulary = vocabularyOf(tokenizer);
  checkLength(length, { model, tokenizer });
  const forbidden = forbiddenTokens(forbid, { known: knownTokens(tokenizer), vocabulary });
  // The library wants tensors of its own class, and this one is of the copy that the caller loaded.
  const LibraryTensor = tokenizer(tokenizer.mask_token!).input_ids.constructor as TensorConstructor;
  const spare = spareFloats();

  async function logitsOf({ tokens, batch }: Noised): Promise<Tensor> {
    const int64 = (data: BigInt64Array): unknown => new LibraryTensor("int64", data, [batch, length]);
    let output: object;
    try {
      // The library passes on what the model's file takes, and adds the token types where it wants them.
      output = await model({
        input_ids: int64(BigInt64Array.from(tokens, BigInt)),
        attention_mask: int64(BigInt64Array.from(tokens, (token) => (token === pad ? 0n : 1n))),
      });
    } catch (cause) {
      throw new Error(
        `fromTransformers: the model failed on ${batch} x ${length} tokens: ${oneLine(cause)}; check that the tokenizer is this model's, and that it takes this length`,
        { cause },
      );
    }
    const { logits } = output as { logits?: Tensor };
    if (!logits) {
      const names = Object.keys(output).filter((name) => name !== "logits");
      throw new RangeError(
        `fromTransformers: the model returned ${names.join(", ") || "nothing"} and no logits; load it with AutoModelForMaskedLM, from files with the masked language head`,
      );
    }
    const { dims } = logits;
    if (dims.length === 3 && dims[0] === batch && dims[1] === length && dims[2]! > 0) return logits;
    throw new RangeError(
      `fromTransformers: the model returned logits [${dims.join(", ")}]; expected [${batch}, ${length}, vocabulary]: load it with AutoModelForMaskedLM`,
    );
  }

  const network: Denoiser = {
    vocabulary,
    length,
    timeFree: true,
    async predict(input): Promise<Logits> {
      const { batch, wanted } = input;
      const rows = wanted?.length ?? batch * length;
      const positions = wanted ? { positions: wanted } : {};
      if (rows === 0) return { data: new Float32Array(0), width: vocabulary, ...positions };
      const logits = await logitsOf(input);
      const columns = logits.dims[2]!;
      const copied = Math.min(columns, vocabulary);
      const copyInto = rowCopier(logits);
      const { data, release } = spare.take(rows * vocabulary);
      for (let i = 0; i < rows; i++) {
        const row = data.subarray(i * vocabulary, (i + 1) * vocabulary);
        copyInto(row.subarray(0, copied), (wanted?.[i] ?? i) * columns);
        row.fill(Number.NEGATIVE_INFINITY, copied);
        for (const token of forbidden) row[token] = Number.NEGATIVE_INFINITY;
      }
      return { data, width: vocabulary, ...positions, release };
    },
  };
  return maskAmongTokens(network, { mask });
}

/** Copies numbers of a tensor as float32. */
function rowCopier({ type, data }: Tensor): (out: Float32Array, from: number) => void {
  if (type === "float16") {
    const halves = data as Uint16Array;
    return (out, from) => widenInto(out, halves.subarray(from, from + out.length));
  }
  if (type === "float32" || type === "float64") {
    const floats = data as Float32Array | Float64Array;
    return (out, from) => out.set(floats.subarray(from, from + out.length));
  }
  throw new RangeError(
    `fromTransformers: the model returned logits as ${type}; expected float32, float64 or float16: load it with another dtype`,
  );
}

/** The tokens that are no text: those that the tokenizer's files call special, and those that it names. */
function specialTokens(tokenizer: Tokenizer): number[] {
  const { all_special_ids: listed, pad_token_id, eos_token_id, unk_token_id } = tokenizer;
  return [...listed, pad_token_id, eos_token_id, unk_token_id].filter((token) => token !== undefined);
}

/** What is forbidden, and every id that stands for no text. */
function forbiddenTokens(
  forbid: readonly number[],
  { known, vocabulary }: { known: ReadonlySet<number>; vocabulary: number },
): number[] {
  const odd = forbid.find((token) => !(Number.isInteger(token) && token >= 0 && token < vocabulary));
  if (odd !== undefined) {
    throw new RangeError(
      `fromTransformers: forbid has ${odd}; expected tokens of the tokenizer, 0 to ${vocabulary - 1}`,
    );
  }
  const ids = Array.from({ length: vocabulary }, (_, token) => token);
  return [...new Set(forbid), ...ids.filter((token) => !known.has(token))];
}

function checkLength(
  length: number,
  { model, tokenizer }: { model: MaskedModel; tokenizer: Tokenizer },
): void {
  // A tokenizer without a longest text says Infinity, or 1e30.
  const places = model.config.max_position_embeddings ?? Number.POSITIVE_INFINITY;
  const longest = Math.min(places, tokenizer.model_max_length);
  if (Number.isInteger(length) && length >= 1 && length <= longest) return;
  throw new RangeError(
    `fromTransformers: length = ${length}; expected ${longest < Number.MAX_SAFE_INTEGER ? `1 to ${longest}, the most that the model and its tokenizer take` : "a whole number >= 1"}`,
  );
}
