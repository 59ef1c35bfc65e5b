/** What is used of a tokenizer of @huggingface/transformers, as `AutoTokenizer.from_pretrained` returns it. */
export interface Tokenizer {
  (text: string): { readonly input_ids: object };
  encode(text: string): number[];
  decode(tokens: number[]): string;
  get_vocab(): ReadonlyMap<string, number>;
  /** Tokens of the tokenizer's files that are no text: [CLS], [PAD] and their like. */
  readonly all_special_ids: readonly number[];
  readonly mask_token: string | null;
  readonly mask_token_id: number | undefined;
  readonly pad_token_id: number | undefined;
  readonly eos_token_id: number | undefined;
  readonly unk_token_id: number | undefined;
  readonly model_max_length: number;
}

/** The ids that stand for a text; a vocabulary may have gaps. */
export function knownTokens(tokenizer: Tokenizer): Set<number> {
  const entries: Iterable<readonly [unknown, number]> = tokenizer.get_vocab();
  const known = new Set<number>();
  for (const [text, id] of entries) if (typeof text === "string") known.add(id);
  return known;
}

/** V: ids are below it. */
export function vocabularyOf(tokenizer: Tokenizer): number {
  let most = -1;
  for (const id of knownTokens(tokenizer)) most = Math.max(most, id);
  return most + 1;
}

/** @throws RangeError if the tokenizer has no token for "masked" */
export function maskOf(tokenizer: Tokenizer, where: string): number {
  const { mask_token: text, mask_token_id: mask } = tokenizer;
  if (mask !== undefined) return mask;
  throw new RangeError(
    `${where}: the tokenizer ${text ? `calls its mask ${text}, which is not among its tokens` : "has no mask token"}; expected that of a fill-mask model, with mask_token in its tokenizer_config.json`,
  );
}

/** The padding; undefined where the end of a text doubles as it, which a model must see. */
export function padOf({ pad_token_id: pad, eos_token_id: end }: Tokenizer): number | undefined {
  return pad === end ? undefined : pad;
}
