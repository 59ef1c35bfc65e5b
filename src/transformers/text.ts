import { maskOf, padOf, type Tokenizer, vocabularyOf } from "./tokenizer.ts";

/**
 * A text with blanks as given tokens for `sample`: each mask token in it ("[MASK]", "<mask>"; one for each token to
 * be filled in) becomes -1. The tokenizer puts its own [CLS], [SEP] around the text.
 *
 * @param options.length pads the tokens up to this length, so that texts of different lengths can be rows of one run
 * @returns [length], by default as long as the text
 * @throws RangeError if there is no blank, or the text is longer than `length`
 */
export function template(
  tokenizer: Tokenizer,
  text: string,
  { length }: { length?: number } = {},
): Int32Array {
  const mask = maskOf(tokenizer, "template");
  const tokens = tokenizer.encode(text);
  const size = length ?? tokens.length;
  if (!tokens.includes(mask)) {
    throw new RangeError(
      `template: ${JSON.stringify(text)} has no ${tokenizer.mask_token}; write one for each token to be filled in`,
    );
  }
  if (!(Number.isInteger(size) && size >= tokens.length)) {
    throw new RangeError(
      `template: length = ${length}; the text is ${tokens.length} tokens, so expected at least as many`,
    );
  }
  const pad = padOf(tokenizer);
  if (size > tokens.length && pad === undefined) {
    throw new RangeError(
      `template: length = ${length} is more than the ${tokens.length} tokens of the text, and the tokenizer has no padding token; leave the length out`,
    );
  }
  return Int32Array.from({ length: size }, (_, at) => {
    const token = at < tokens.length ? tokens[at]! : pad!;
    return token === mask ? -1 : token;
  });
}

/**
 * The texts of samples, or of the states of a run, whose masks are written as the tokenizer writes them. Other special
 * tokens are left out.
 *
 * @param samples tokens [count, length], as `sample` and `steps` return them
 */
export function decode(
  tokenizer: Tokenizer,
  { tokens, length }: { tokens: ArrayLike<number>; length: number },
): string[] {
  const mask = maskOf(tokenizer, "decode");
  const masked = vocabularyOf(tokenizer);
  const special = new Set(tokenizer.all_special_ids);
  return Array.from({ length: tokens.length / length }, (_, row) => {
    const texts = Array.from({ length }, (_, at) => tokens[row * length + at]!)
      .filter((token) => !special.has(token))
      .map((token) => (token === masked ? mask : token));
    return texts.length > 0 ? tokenizer.decode(texts) : "";
  });
}
