/**
 * The tokens of a text: the index of each character in the alphabet.
 *
 * @throws RangeError naming the first character that is not in the alphabet
 */
export function encode(text: string, alphabet: string): Int32Array {
  const characters = [...alphabet];
  const indexes = new Map(characters.map((character, token) => [character, token]));
  return Int32Array.from([...text], (character, position) => {
    const token = indexes.get(character);
    if (token === undefined) throw unknownCharacter("encode", character, position, alphabet);
    return token;
  });
}

/**
 * The text of tokens. The mask (one above the last token) and -1 (free) are shown as `blank`.
 *
 * @param tokens [any length]
 * @throws RangeError on any other token outside the alphabet
 */
export function decode(
  tokens: ArrayLike<number>,
  alphabet: string,
  { blank = "_" }: { blank?: string } = {},
): string {
  const characters = [...alphabet];
  let text = "";
  for (let position = 0; position < tokens.length; position++) {
    const token = tokens[position]!;
    if (token === -1 || token === characters.length) {
      text += blank;
    } else {
      const character = characters[token];
      if (character === undefined) {
        throw new RangeError(
          `decode: token ${token} at position ${position}; expected 0 to ${characters.length - 1} for this alphabet, the mask ${characters.length}, or -1`,
        );
      }
      text += character;
    }
  }
  return text;
}

/**
 * Reads a template for infilling: characters that stay, and blanks for the model to fill in. Without an
 * alphabet, tokens are numbers and blanks separated by spaces.
 *
 * @param options.length number of positions the template must have
 * @param options.vocabulary number of tokens, used where there is no alphabet
 * @param options.blank one character that is not in the alphabet; default "_"
 * @returns [length] tokens, -1 at blanks
 * @throws RangeError if the template has another length or an unknown token
 */
export function parseTemplate(
  text: string,
  {
    alphabet,
    vocabulary = Number.POSITIVE_INFINITY,
    length,
    blank = "_",
  }: { alphabet?: string; vocabulary?: number; length: number; blank?: string },
): Int32Array {
  if ([...blank].length !== 1 || alphabet?.includes(blank)) {
    throw new RangeError(
      `parseTemplate: blank = ${JSON.stringify(blank)}; expected one character that is not in the alphabet`,
    );
  }
  const parts = alphabet === undefined ? text.split(/\s+/).filter((part) => part !== "") : [...text];
  const unit = alphabet === undefined ? "tokens" : "characters";
  if (parts.length !== length) {
    throw new RangeError(
      `parseTemplate: the template has ${parts.length} ${unit}; expected ${length}, so ${
        parts.length < length
          ? `add ${length - parts.length} (${blank} where the model fills in)`
          : `remove ${parts.length - length}`
      }`,
    );
  }
  const indexes = new Map([...(alphabet ?? "")].map((character, token) => [character, token]));
  return Int32Array.from(parts, (part, position) => {
    if (part === blank) return -1;
    if (alphabet !== undefined) {
      const token = indexes.get(part);
      if (token === undefined) throw unknownCharacter("parseTemplate", part, position, alphabet, blank);
      return token;
    }
    const token = /^\d+$/.test(part) ? Number(part) : Number.NaN;
    if (!(token < vocabulary && token < 2 ** 31)) {
      throw new RangeError(
        `parseTemplate: ${JSON.stringify(part)} at position ${position} is no token; expected a whole number from 0 to ${vocabulary - 1}, or ${blank} where the model fills in`,
      );
    }
    return token;
  });
}

/** @throws Error unless the alphabet has one character per token, each a different one */
export function checkAlphabet(alphabet: string, vocabulary: number, where: string): void {
  const characters = [...alphabet];
  if (characters.length !== vocabulary) {
    throw new Error(
      `${where}: the alphabet has ${characters.length} characters, the vocabulary ${vocabulary} tokens; expected one character per token`,
    );
  }
  const twice = characters.find((character, at) => characters.indexOf(character) !== at);
  if (twice !== undefined) {
    throw new Error(
      `${where}: the alphabet has ${JSON.stringify(twice)} twice; expected each character once`,
    );
  }
}

function unknownCharacter(
  where: string,
  character: string,
  position: number,
  alphabet: string,
  blank?: string,
): RangeError {
  const also = blank === undefined ? "" : `, or ${blank} where the model fills in`;
  return new RangeError(
    `${where}: the character ${JSON.stringify(character)} at position ${position} is not in the alphabet; expected one of ${JSON.stringify(alphabet)}${also}`,
  );
}
