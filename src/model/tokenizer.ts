import type { Tokenizer } from "@huggingface/tokenizers";
import { oneLine } from "../one-line.ts";
import type { TextCodec } from "./text-codec.ts";
import {
  checkTokens,
  type Fields,
  fields,
  namedToken,
  type TokenizerFile,
  tokenId,
  tokenText,
} from "./tokenizer-file.ts";

/** How a blank is written for every model; [MASK:12] for twelve of them. */
const BLANK = /\[MASK(?::(\d*))?\]/g;

/** Blanks that a template may have at most. */
const MOST = 2 ** 20;

/** What is shown for a token that the tokenizer does not know: a network may have more tokens than its tokenizer. */
const UNKNOWN = "\uFFFD";

/** What a text becomes where a tokenizer has no token for it, nor one for the unknown; the library would drop it. */
const NO_TOKEN = "\uFFFFno token";

/** Tokens that end a text where the tokenizer's config names none. */
const usualEnds = ["<|endoftext|>", "</s>", "<eos>", "[SEP]", "<|im_end|>", "<|end_of_text|>"];

/** What a manifest says of a model's tokens. */
export interface TokenMeaning {
  readonly vocabulary: number;
  /** The network's mask where it is one of the V tokens. */
  readonly mask?: number;
  /** The token that the network does not see. */
  readonly padding?: number;
}

/**
 * The codec of a tokenizer's files. A blank of a template is written [MASK] for every tokenizer, or as the tokenizer
 * itself writes its mask.
 *
 * @param file JSON of tokenizer.json
 * @param config JSON of the tokenizer_config.json beside it; without one {}
 * @param where tokenizer.json, as errors name it
 * @throws Error with one sentence if the file is none of a tokenizer, or has tokens that the model does not have
 */
export async function tokenizerCodec(
  file: unknown,
  config: Fields,
  { where, vocabulary, mask: own, padding }: TokenMeaning & { readonly where: string },
): Promise<TextCodec> {
  const checked = checkTokens(file, { where, vocabulary });
  const blank = own ?? vocabulary;
  const { library, maskText } = await made(checked, config, { where, blank });
  const id = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : library.token_to_id(text);
  const named = (key: string): number | undefined => id(namedToken(config[key]));

  const shownMask = library.token_to_id(maskText)!;
  const blanks = new Set([-1, vocabulary, blank, named("mask_token") ?? -1]);
  const unknown = named("unk_token") ?? id(namedToken(fields(checked.model)["unk_token"]));
  const special = new Set(checked.added_tokens.filter((token) => token.special).map((token) => token.id));
  if (unknown !== undefined) special.delete(unknown);
  const endings = [named("eos_token"), named("sep_token")].filter((each) => each !== undefined);
  const ends = new Set(endings.length > 0 ? endings : usualEnds.map(id).filter((each) => each !== undefined));

  function tokensOf(text: string, around: boolean): Int32Array {
    const whole = text.replace(BLANK, (written: string, count?: string) => {
      const times = count === undefined ? 1 : Number(count || Number.NaN);
      if (times >= 1 && times <= MOST) return maskText.repeat(times);
      throw new RangeError(`template: ${written} has no number of blanks from 1 to ${MOST}; write [MASK:12]`);
    });
    const { ids } = library.encode(whole, { add_special_tokens: around });
    return Int32Array.from(ids as readonly (number | undefined)[], (token, at) => {
      if (token === undefined) {
        throw new RangeError(
          `template: the tokenizer ${where} has no token for a character of the text, after ${at} tokens; write it in other characters`,
        );
      }
      return blanks.has(token) ? -1 : token;
    });
  }

  return {
    units: "pieces",
    encode: (text) => tokensOf(text, false),
    decode(tokens, { from = 0 } = {}) {
      // Runs of tokens that the tokenizer knows, between those that it does not.
      const runs: number[][] = [[]];
      let begun = from > 0;
      for (let at = from; at < tokens.length; at++) {
        const token = tokens[at]!;
        const masked = blanks.has(token);
        if (begun && ends.has(token)) break;
        if (!masked && (special.has(token) || ends.has(token))) continue;
        begun = true;
        const shown = masked ? shownMask : token;
        if (library.id_to_token(shown) === undefined) runs.push([]);
        else runs.at(-1)!.push(shown);
      }
      const options = { skip_special_tokens: false, clean_up_tokenization_spaces: false };
      return runs.map((run) => (run.length === 0 ? "" : library.decode(run, options))).join(UNKNOWN);
    },
    template(text, { length } = {}) {
      const found = tokensOf(text, true);
      if (length === undefined) return found;
      if (found.length > length) {
        throw new RangeError(
          `template: the text has ${found.length} tokens; expected at most ${length}, the positions of a sequence: shorten it, or load the model with a larger length if it takes one`,
        );
      }
      const whole = new Int32Array(length).fill(padding ?? -1);
      whole.set(found);
      return whole;
    },
    blanks: (count) => maskText.repeat(count),
  };
}

/** The library's tokenizer with a token for the mask, and how that is written. */
async function made(
  file: TokenizerFile,
  config: Fields,
  { where, blank }: { where: string; blank: number },
): Promise<{ library: Tokenizer; maskText: string }> {
  const { Tokenizer } = await import("@huggingface/tokenizers"); // Only models with a tokenizer want it.
  const named = namedToken(config["mask_token"]);
  const own =
    tokenText(file, blank) ?? (named !== undefined && tokenId(file, named) !== undefined ? named : "[MASK]");
  // An added token, so that a text is cut around it whatever the tokenizer makes of other words.
  const mask = { id: tokenId(file, own) ?? blank, content: own, special: true, normalized: false };
  const isAdded = file.added_tokens.some(({ content }) => content === own);
  try {
    const library = new Tokenizer(
      {
        ...file,
        model: { ...file.model, unk_token: file.model["unk_token"] ?? NO_TOKEN },
        added_tokens: isAdded ? file.added_tokens : [...file.added_tokens, mask],
      },
      config,
    );
    return { library, maskText: own };
  } catch (cause) {
    throw new Error(
      `${where} is no tokenizer that can be used: ${oneLine(cause)}; expected tokenizer.json as published with the checkpoint`,
      { cause },
    );
  }
}
