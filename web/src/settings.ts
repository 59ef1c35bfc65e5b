/** How one side spends its calls. */
export interface Side {
  /** "uniform", "cosine", "optimal", "late" or "own". */
  readonly schedule: string;
  /** Reveal counts from 0 to the length, or times from 1 to 0: always of own steps, and of any others to hold them fixed. */
  readonly steps?: readonly number[];
  /** The order of commitment, or the sampler where there is no mask: a part as the command line takes it. */
  readonly order: string;
}

/** Everything that a run depends on: plain data, kept in the address of the page. */
export interface Settings {
  readonly model: string;
  /** Model calls of a sequence. */
  readonly calls: number;
  readonly left: Side;
  readonly right: Side;
  readonly seed: number;
  readonly temperature: number;
  /** Sequences drawn on each side. */
  readonly rows: number;
  /** Which file of a network runs, full or eight bits: they draw different tokens. */
  readonly weights: Weights;
  /** What every sequence is given: [length], -1 where the model fills in; absent: nothing. */
  readonly given?: readonly number[];
}

/** A network as it was trained, or the same in fewer bytes. */
export type Weights = "full" | "small";

/** Most calls that the page offers; more look alike and take long. */
export const MOST_CALLS = 64;
/** Most sequences of a side. */
export const MOST_ROWS = 512;

export const sides = ["left", "right"] as const;
export type SideName = (typeof sides)[number];
