import { decode, encode, parseTemplate } from "./text.ts";

/** How the text of a model becomes tokens, and tokens text. */
export interface TextCodec {
  /** What a token is: a character, a piece of text as a tokenizer cuts it, or nothing but a number. */
  readonly units: "characters" | "pieces" | "numbers";
  /** The tokens of a text, -1 at blanks; nothing is put around them. */
  encode(text: string): Int32Array;
  /**
   * The text of tokens as a reader wants it, with a mark where a token is masked or -1. A tokenizer's text begins
   * after its special tokens and ends where one says that the text is over.
   *
   * @param tokens [any length]
   * @param options.from the first position that is shown; default 0
   */
  decode(tokens: ArrayLike<number>, options?: { readonly from?: number }): string;
  /**
   * The tokens of a sequence with blanks: -1 where the model is to fill in. What the tokenizer puts around a text is
   * put around it.
   *
   * @param options.length positions of the sequence; behind a shorter text is padding where the network does not see
   * it, else blanks. Default: as many as the text has.
   * @returns [length]
   * @throws RangeError if the text has more tokens, or is not of the model's tokens
   */
  template(text: string, options?: { readonly length?: number }): Int32Array;
  /** How `count` blanks are written in a template. */
  blanks(count: number): string;
}

/** The codec of a model without a tokenizer: characters if it has an alphabet, else numbers. */
export function plainCodec({
  alphabet,
  vocabulary,
}: {
  alphabet?: string | undefined;
  vocabulary: number;
}): TextCodec {
  return alphabet === undefined ? numbersCodec({ vocabulary }) : alphabetCodec(alphabet);
}

/** One character a token; a blank is written _. */
function alphabetCodec(alphabet: string): TextCodec {
  return {
    units: "characters",
    encode: (text) => encode(text, alphabet),
    decode: (tokens, { from = 0 } = {}) => decode(Array.from(tokens).slice(from), alphabet),
    template(text, { length } = {}) {
      const own = [...text].length;
      const whole = text + "_".repeat(Math.max(0, (length ?? own) - own));
      return parseTemplate(whole, { alphabet, length: length ?? own });
    },
    blanks: (count) => "_".repeat(count),
  };
}

/** Tokens as numbers with spaces between them; a blank is written _. */
function numbersCodec({ vocabulary }: { vocabulary: number }): TextCodec {
  const template: TextCodec["template"] = (text, { length } = {}) => {
    const own = text.split(/\s+/).filter(Boolean).length;
    const whole = `${text} ${"_ ".repeat(Math.max(0, (length ?? own) - own))}`;
    return parseTemplate(whole, { vocabulary, length: length ?? own });
  };
  return {
    units: "numbers",
    encode: (text) => template(text),
    decode: (tokens, { from = 0 } = {}) => Array.from(tokens).slice(from).join(" "),
    template,
    blanks: (count) => " _".repeat(count),
  };
}
