/** A part of a JSON file whose fields are not known. */
export type Fields = Readonly<Record<string, unknown>>;

/** What a tokenizer.json must have for its tokens to be known. */
export interface TokenizerFile extends Fields {
  readonly model: Fields;
  readonly added_tokens: readonly {
    readonly id: number;
    readonly content: string;
    readonly special?: boolean;
  }[];
}

/**
 * Checks that a tokenizer.json has tokens, and none that the model does not have: ids are below the vocabulary, or
 * the mask, token V.
 *
 * @param where the file, as errors name it
 * @throws Error with one sentence
 */
export function checkTokens(
  file: unknown,
  { where, vocabulary }: { where: string; vocabulary: number },
): TokenizerFile {
  const { model, added_tokens: added = [] } = fields(file);
  const { vocab } = fields(model);
  if (typeof vocab !== "object" || vocab === null) {
    throw new Error(`${where}: model.vocab is missing; expected a tokenizer.json with the tokens in it`);
  }
  if (!Array.isArray(added)) throw new Error(`${where}: added_tokens is no list; expected one of tokens`);
  for (const [text, id] of entriesOf(vocab)) check(text, id);
  for (const token of added) check(fields(token)["content"], fields(token)["id"]);
  return { ...fields(file), model: fields(model), added_tokens: added as TokenizerFile["added_tokens"] };

  function check(text: unknown, id: unknown): void {
    if (
      typeof text === "string" &&
      Number.isInteger(id) &&
      (id as number) >= 0 &&
      (id as number) <= vocabulary
    ) {
      return;
    }
    const what = `the token ${JSON.stringify(text)?.slice(0, 60)} has the id ${JSON.stringify(id)?.slice(0, 60)}`;
    throw new Error(
      Number.isInteger(id) && (id as number) > vocabulary
        ? `${where}: ${what}, and the model has ${vocabulary} tokens; it is the tokenizer of another model`
        : `${where}: ${what}; expected text, and a whole number >= 0`,
    );
  }
}

/** The id of a token with this text, if there is one. */
export function tokenId({ model, added_tokens }: TokenizerFile, text: string): number | undefined {
  const added = added_tokens.find(({ content }) => content === text)?.id;
  if (added !== undefined) return added;
  const vocab = model["vocab"] as object;
  if (Array.isArray(vocab)) return entriesOf(vocab).find(([own]) => own === text)?.[1];
  return Object.hasOwn(vocab, text) ? (vocab as Readonly<Record<string, number>>)[text] : undefined;
}

/** The text of the token with this id, if there is one. */
export function tokenText({ model, added_tokens }: TokenizerFile, id: number): string | undefined {
  const added = added_tokens.find((token) => token.id === id)?.content;
  return added ?? entriesOf(model["vocab"] as object).find(([, own]) => own === id)?.[0];
}

/** Texts and ids: of an object of ids, or of the scored pieces of a unigram model, whose place is their id. */
function entriesOf(vocab: object): [string, number][] {
  return Array.isArray(vocab)
    ? vocab.map((piece: unknown, id) => [Array.isArray(piece) ? piece[0] : undefined, id])
    : Object.entries(vocab);
}

/** The text of a token as configs name it: "</s>" or { content: "</s>" }. */
export function namedToken(value: unknown): string | undefined {
  const text = typeof value === "string" ? value : fields(value)["content"];
  return typeof text === "string" ? text : undefined;
}

/** The fields of an object; of anything else none. */
export function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
