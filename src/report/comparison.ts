import type { GreyDescription } from "../tokens/grey.ts";
import type { NotesDescription } from "../tokens/notes.ts";

/** Methods run on one model at several numbers of calls, with their quality: what every report shows. */
export interface Compared {
  readonly title: string;
  readonly model: { readonly name: string; readonly description: string };
  /** What one row of the samples is called; default "sequence". */
  readonly noun?: "sequence" | "sample";
  /** The command line that makes this comparison again. */
  readonly command: string;
  readonly seed: number;
  /** The class of machine the wall times are from. */
  readonly machine: string;
  /** Sequences sampled for every result. */
  readonly sequences: number;
  /** Wall time of the whole comparison. */
  readonly seconds: number;
  readonly measures: readonly Measure[];
  readonly results: readonly Result[];
  /** By the name of a method: the order at which the first measure falls with the number of calls. */
  readonly slopes?: Readonly<Record<string, Estimate>>;
  /** One sentence; made from the numbers where it is absent. */
  readonly headline?: string;
}

/** Everything a report on a model of tokens shows. */
export interface Comparison extends Compared {
  readonly model: Compared["model"] & {
    readonly length: number;
    readonly vocabulary: number;
    /** What the tokens stand for where they are no characters. */
    readonly tokens?: NotesDescription | GreyDescription;
  };
  readonly curve: InformationCurve;
  readonly optimal: readonly OptimalSchedule[];
  /** What searches for plans chose, by the number of calls. */
  readonly chosen?: readonly { readonly steps: number; readonly text: string }[];
  readonly samples: readonly SampleSet[];
}

/** h(m): expected entropy of a still masked token when m tokens are revealed by the selector. */
export interface InformationCurve {
  /** Rising numbers of revealed tokens, each in 0 .. length - 1. */
  readonly counts: readonly number[];
  /** Nats, one for each count. */
  readonly entropies: readonly number[];
  readonly selector: string;
}

export interface OptimalSchedule {
  readonly steps: number;
  /** [steps + 1] reveal counts, rising from 0 to the length. */
  readonly counts: readonly number[];
  /** Nats lost per sequence: the area between the staircase of the counts and the curve. */
  readonly predictedNats: number;
}

export interface Measure {
  /** The key in a result's `measured`. */
  readonly name: string;
  /** What readers see, with the unit in brackets. */
  readonly label: string;
  readonly better: "lower" | "higher" | "neither";
  /** What fresh real data of the same size scores. */
  readonly floor?: Estimate;
  /** Where beginnings were given: what real continuations of other beginnings score. */
  readonly unrelated?: Estimate;
}

/** A mean and its standard error; NaN where it could not be measured. */
export interface Estimate {
  readonly value: number;
  readonly standardError: number;
}

export interface Result {
  readonly method: string;
  readonly schedule: string;
  /** Absent for models whose positions are not selected. */
  readonly selector?: string;
  readonly steps: number;
  /** Model calls a sequence needed. */
  readonly calls: number;
  /** Sequences that went through the model in all. */
  readonly evaluations: number;
  readonly seconds: number;
  /** Nats lost per sequence that the information curve predicts. */
  readonly predictedNats?: Estimate;
  readonly measured: Readonly<Record<string, Estimate>>;
}

export interface SampleSet {
  readonly method: string;
  readonly steps: number;
  /** One string a sequence: a character a token, or tokens separated by blanks. */
  readonly text: readonly string[];
  /** True where the tokens are pieces of the text, neither characters nor separated by blanks. */
  readonly pieces?: boolean;
  /** tokens[i] are those of sequence i; needed to show melodies and images. */
  readonly tokens?: readonly (readonly number[])[];
  /** revealedAt[i][d] = step 1 .. steps at which position d of sequence i was revealed; 0 where it was given. */
  readonly revealedAt?: readonly (readonly number[])[];
}
