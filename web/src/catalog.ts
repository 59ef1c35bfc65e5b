import type { Settings, Side, Weights } from "./settings.ts";

/** A model that the page offers: the folder of that name below models/. */
export interface ModelEntry {
  readonly name: string;
  readonly title: string;
  /** Whether positions are revealed one after another (absorbing noise) or all change until the end. */
  readonly masked: boolean;
  /** A network, in two files; else exact. */
  readonly network: boolean;
  /** Rows that are shown together, and how many more are drawn at once. */
  readonly shown: number;
  readonly more: number;
  readonly calls: number;
  readonly left: Side;
  readonly right: Side;
}

const plain: Side = { schedule: "uniform", order: "random" };
const better: Side = { schedule: "optimal", order: "stratified" };
const masked = { masked: true, network: true, shown: 4, more: 16, calls: 8, left: plain, right: better };
const exact = { network: false, more: 64 };
const unmasked = {
  masked: false,
  network: true,
  more: 16,
  calls: 8,
  left: { schedule: "uniform", order: "ancestral" },
  right: { schedule: "late", order: "systematic-ancestral" },
} as const;

/** The models that ship, the one that the page opens with first. */
export const models: readonly ModelEntry[] = [
  { name: "text", title: "Text: the King James Bible (network)", ...masked },
  { name: "countdown", title: "Countdown: a rule of numbers (exact)", ...masked, ...exact },
  { name: "bach", title: "Bach: soprano lines of chorales (network)", shown: 3, ...unmasked },
  { name: "digits", title: "Digits: small pictures (network)", shown: 16, ...unmasked, more: 64 },
  { name: "letters", title: "Letters: pairs in English (exact)", ...masked, ...exact },
  { name: "countdown-net", title: "Countdown, learned (network)", ...masked },
];

/** @throws RangeError if the page has no such model */
export function modelEntry(name: string): ModelEntry {
  const entry = models.find((each) => each.name === name);
  if (entry) return entry;
  throw new RangeError(
    `The page has no model "${name}"; expected one of ${models.map((each) => each.name).join(", ")}.`,
  );
}

/** What a model starts with. @param weights full where there is a graphics card to run them */
export function startingSettings(name: string, weights: Weights = "small"): Settings {
  const { calls, left, right, shown } = modelEntry(name);
  return { model: name, calls, left, right, seed: 1, temperature: 1, rows: shown, weights };
}

/** A choice of a list, as the page words it. */
export interface Choice {
  readonly id: string;
  readonly title: string;
  /** In the headline of a side: "uniform steps, random order". */
  readonly short: string;
}

/** Which positions a step commits, or, without a mask, which ones it moves; ids are parts as the command line takes them. */
export function ordersOf({ masked, length }: { masked: boolean; length: number }): readonly Choice[] {
  if (!masked) {
    return [
      { id: "ancestral", title: "Each position by itself", short: "independent moves" },
      { id: "systematic-ancestral", title: "Spread out (systematic)", short: "spread-out moves" },
      { id: "psi:kappa=0.9", title: "Psi sampler, kappa 0.9", short: "psi moves" },
    ];
  }
  return [
    { id: "random", title: "Random", short: "random order" },
    { id: "stratified", title: "Stratified: far apart", short: "stratified order" },
    { id: `dilated:length=${length}`, title: "Dilated: regular lattices", short: "dilated order" },
    { id: "confidence", title: "Most confident first", short: "confident first" },
    { id: "margin", title: "Largest margin first", short: "margin order" },
    { id: "entropy", title: "Lowest entropy first", short: "entropy order" },
    { id: "left-to-right", title: "Left to right", short: "left to right" },
  ];
}

/** The schedules there are to choose from; "own" comes about by moving a step. */
export function schedulesOf({ masked }: { masked: boolean }): readonly Choice[] {
  return [
    { id: "uniform", title: "Uniform", short: "uniform steps" },
    { id: "cosine", title: "Cosine", short: "cosine steps" },
    masked
      ? { id: "optimal", title: "Optimal on the curve", short: "optimal steps" }
      : { id: "late", title: "Smaller steps at the end", short: "small last steps" },
    { id: "own", title: "Own steps", short: "own steps" },
  ];
}
