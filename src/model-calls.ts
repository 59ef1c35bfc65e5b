import type { Denoiser, Logits } from "./denoisers/denoiser.ts";
import { type Predictions, predictions, type Shaping } from "./denoisers/predictions.ts";
import type { Prediction } from "./samplers/sampler.ts";

/** What the calls of one run have in common. */
export interface CallSettings {
  readonly denoiser: Denoiser;
  readonly batch: number;
  readonly firstRow: number;
  /** [batch, length] 1 where a token was given. */
  readonly fixed: Uint8Array;
  /** Counters to go on from. */
  readonly calls: number;
  readonly evaluations: number;
}

/** The model calls of one run, counted. */
export interface ModelCalls {
  predict(input: Prediction & { readonly tokens: Int32Array }, shaping: Shaping): Promise<Predictions>;
  counted(): { calls: number; evaluations: number };
  /** Gives the buffers of the last answers back. */
  release(): void;
}

/** What a model last said. */
interface Answer {
  readonly tokens: Int32Array;
  /** What was asked for, in the flat indexes of what was sent; absent: all. */
  readonly wanted: Int32Array | undefined;
  readonly logits: Logits;
  readonly broadcast: boolean;
}

/** Calls the model, counts the calls, and leaves out those whose answer is known. */
export function modelCalls(settings: CallSettings): ModelCalls {
  const { denoiser: own, batch, firstRow, fixed } = settings;
  const { length, vocabulary } = own;
  let { calls, evaluations } = settings;
  const givenAlike = batch > 1 && rowsAlike(fixed, length);
  const answers = new Map<Denoiser, Answer>();

  return {
    counted: () => ({ calls, evaluations }),
    release() {
      for (const { logits } of answers.values()) logits.release?.();
      answers.clear();
    },
    async predict({ tokens, time = 1, wanted, denoiser = own }, shaping) {
      const { timeFree, callsPerPrediction = 1 } = denoiser;
      if (denoiser.length !== length || denoiser.vocabulary !== vocabulary) {
        throw new RangeError(
          `sample: a second model has ${denoiser.vocabulary} tokens and ${denoiser.length} positions, the first ${vocabulary} and ${length}; they must agree`,
        );
      }
      let answer = answers.get(denoiser);
      const known = timeFree && answer && sameTokens(answer.tokens, tokens) && covers(answer, wanted, length);
      if (!known) {
        // Rows that are all alike (a run's first call) have one answer between them.
        const broadcast = timeFree && givenAlike && rowsAlike(tokens, length);
        const size = broadcast ? 1 : batch;
        const asked = broadcast && wanted ? onceEach(wanted, length) : wanted;
        // Given back first, so that the model can write into the same array again.
        answer?.logits.release?.();
        answers.delete(denoiser);
        const logits = await denoiser.predict({
          tokens: broadcast ? tokens.subarray(0, length) : tokens,
          batch: size,
          time: typeof time === "number" ? new Float64Array(size).fill(time) : time.subarray(0, size),
          fixed: broadcast ? fixed.subarray(0, length) : fixed,
          ...(asked ? { wanted: asked } : {}),
        });
        checkShape(logits, { batch: size, length, vocabulary });
        calls += callsPerPrediction;
        evaluations += size * callsPerPrediction;
        answer = { tokens: tokens.slice(), wanted: asked, logits, broadcast };
        answers.set(denoiser, answer);
      }
      const { logits, broadcast } = answer!;
      return predictions(logits, { length, vocabulary, broadcast, firstRow }, shaping);
    },
  };
}

/** @throws RangeError unless the logits cover every row and position */
function checkShape(
  { data, width, positions }: Logits,
  { batch, length, vocabulary }: { batch: number; length: number; vocabulary: number },
): void {
  if (!(width >= vocabulary)) {
    throw new RangeError(
      `sample: the model's logits have width ${width}; expected at least the ${vocabulary} tokens of its vocabulary`,
    );
  }
  const rows = positions?.length ?? batch * length;
  if (data.length < rows * width) {
    throw new RangeError(
      `sample: the model returned ${data.length} logits; expected ${positions ? rows : `${batch} x ${length}`} x ${width} = ${rows * width}`,
    );
  }
}

function rowsAlike(tokens: ArrayLike<number>, length: number): boolean {
  for (let at = length; at < tokens.length; at++) if (tokens[at] !== tokens[at - length]) return false;
  return true;
}

function sameTokens(a: Int32Array, b: Int32Array): boolean {
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** Whether an answer has every index of `wanted`; undefined stands for all. */
function covers(answer: Answer, wanted: Int32Array | undefined, length: number): boolean {
  if (answer.wanted === undefined) return true;
  if (wanted === undefined) return false;
  const set = new Set(answer.wanted);
  return wanted.every((at) => set.has(answer.broadcast ? at % length : at));
}

/** The positions that any row wants, ascending. */
function onceEach(wanted: Int32Array, length: number): Int32Array {
  return new Int32Array(new Set(wanted.map((at) => at % length))).sort();
}
