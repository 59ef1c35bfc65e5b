/** The searches of continuous models and what help says of them; apart from `searches`, so that help loads no search. */
const texts = {
  s3: "times, orders and kinds of update of every step, searched together",
  gits: "times at which Euler steps along fine paths miss them least",
  dm: "times that make a bound of the solver's error small; no model call",
  ays: "times that make a bound of a stochastic solver's KL divergence small",
  dc: "how far DC-Solver moves its last prediction in every step, for guidance",
} as const;

/** Names of the searches. */
export type SearchName = keyof typeof texts;

/** Names that `--method` takes for continuous models, the default first. */
export const searchNames: readonly SearchName[] = Object.keys(texts) as SearchName[];

/** What help says of them. */
export const optionTexts: string = searchNames.map((name) => `${name}: ${texts[name]}`).join("; ");
