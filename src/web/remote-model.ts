import type { NamedPart } from "../make-part.ts";
import type { Measured } from "../measures/measured.ts";
import type { Manifest } from "../model/manifest.ts";
import type { InformationCurve } from "../optimize/information-curve.ts";
import type { Plan } from "../plan.ts";
import type { State } from "../sample.ts";
import type { Calls } from "./calls.ts";
import type { Job } from "./job.ts";
import type { Loaded, MeasuredValue, Provider } from "./messages.ts";

/** How an information curve is measured. */
export interface CurveOptions {
  /** Default `random`. */
  readonly selector?: NamedPart;
  /** At most this many; default 16. */
  readonly sequences?: number;
  /** Reveal counts it is measured at, at most; default 32. */
  readonly levels?: number;
  readonly seed?: number;
  /** Told which share is done, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal;
}

/** A model in the worker. */
export interface RemoteModel {
  readonly manifest: Manifest;
  /** As in Node: SHA-256 of the .onnx file, or of a chain's canonical JSON. */
  readonly fingerprint: string;
  readonly provider: Provider | "exact";
  /** Runs a job and yields every state of every batch. Leaving the loop, or the signal, stops it between steps. */
  sample(job: Job, options?: { readonly signal?: AbortSignal }): AsyncGenerator<State, void, undefined>;
  /** The information curve on the model's held-out sequences, on exact ones of a chain, or on samples of its own. */
  curve(options?: CurveOptions): Promise<InformationCurve>;
  /**
   * The predicted KL(data || samples) of reveal counts in nats per sequence, along the path that the selector's own
   * steps take: what a curve cannot say of orders that spread out. 24 + N evaluations a sequence.
   *
   * @param options.selector one that looks at positions only
   * @param options.sequences at most this many; default 16
   */
  nats(
    counts: readonly number[],
    options: {
      readonly selector: NamedPart;
      readonly sequences?: number;
      readonly seed?: number;
      readonly signal?: AbortSignal;
    },
  ): Promise<Measured>;
  /**
   * The measures of the manifest that need no second network, on finished samples.
   *
   * @param tokens [count, length]
   * @param options.names of measures; default all
   */
  measure(tokens: Int32Array, options?: { readonly names?: readonly string[] }): Promise<MeasuredValue[]>;
  /**
   * Reads a plan for this model: the file that `fewstep optimize` writes, of the network's main file or its smaller one.
   *
   * @param where the file, as errors name it
   * @throws Error with one sentence if it is no plan, or one for another model
   */
  readPlan(text: string, where: string): Promise<Plan>;
  /** The text of tokens, with marks where they are masked or -1: of the model's tokenizer, its alphabet, else numbers. */
  decode(tokens: Int32Array): Promise<string>;
  /**
   * The tokens of a text with blanks, [length], -1 at blanks: what `Job.given` takes. A blank is written _ where tokens
   * are characters or numbers, and [MASK] where there is a tokenizer.
   *
   * @throws RangeError if it has more tokens than a sequence, or such as the model does not have
   */
  template(text: string): Promise<Int32Array>;
  /** Frees what the worker holds of the model; what still runs on it fails. */
  dispose(): Promise<void>;
}

/** A model that the worker has loaded. */
export function remoteModel({ model, ...known }: Loaded, { ask, states }: Calls): RemoteModel {
  return {
    ...known,
    sample: (job, options) => states({ kind: "sample", model, job }, options),
    curve: ({ onProgress, signal, ...options } = {}) =>
      ask({ kind: "curve", model, ...options }, { onProgress, signal }),
    nats: (counts, { signal, ...options }) => ask({ kind: "nats", model, counts, ...options }, { signal }),
    measure: (tokens, options = {}) => ask({ kind: "measure", model, tokens, ...options }),
    readPlan: (text, where) => ask({ kind: "plan", model, text, where }),
    decode: (tokens) => ask({ kind: "decode", model, tokens }),
    template: (text) => ask({ kind: "template", model, text }),
    dispose: () => ask({ kind: "dispose", model }),
  };
}
