import { offer, part } from "./element.ts";
import type { Facts } from "./facts.ts";

/** What the reader can give a model to start from. */
export interface GivenEditor {
  /** @param openings first halves of real sequences, for tokens that nobody can type */
  update(state: {
    readonly facts: Facts;
    readonly given: readonly number[] | undefined;
    readonly openings: readonly (readonly number[])[];
  }): void;
}

/**
 * Text with blanks for models of letters or numbers; for melodies and pictures the first half of a real one, or of a
 * sample that is shown.
 *
 * @param options.sample the tokens of the first sample of A that is shown, if there is one
 * @param options.onGiven told what is given, [length] with -1 where free; undefined for nothing
 */
export function givenEditor({
  sample,
  onGiven,
}: {
  sample: () => ArrayLike<number> | undefined;
  onGiven: (given: readonly number[] | undefined) => void;
}): GivenEditor {
  const box = part("given", HTMLDetailsElement);
  const typed = part("given-text", HTMLElement);
  const halves = part("given-half", HTMLElement);
  const template = part("given-template", HTMLTextAreaElement);
  const source = part("given-source", HTMLSelectElement);
  const said = part("given-said", HTMLElement);
  let facts: Facts | undefined;
  let openings: readonly (readonly number[])[] = [];

  part("given-use", HTMLButtonElement).addEventListener("click", () => {
    if (!facts) return;
    try {
      onGiven(facts.tokens ? firstHalf(facts) : fromText(facts));
    } catch (cause) {
      say(`${(cause as Error).message.replace(/^\w+: /, "")}.`, true);
    }
  });
  part("given-clear", HTMLButtonElement).addEventListener("click", () => onGiven(undefined));
  template.addEventListener("input", () => {
    if (facts) say(countText(facts), false);
  });

  function say(text: string, wrong: boolean): void {
    said.textContent = text;
    template.setAttribute("aria-invalid", String(wrong));
  }

  function fromText({ text, length }: Facts): number[] | undefined {
    const tokens = Array.from(text.template(template.value.replace(/\n/g, " "), { length }));
    if (tokens.every((token) => token >= 0)) {
      throw new RangeError("Everything is given; leave a blank _ for the model to fill in");
    }
    return tokens.some((token) => token >= 0) ? tokens : undefined;
  }

  function firstHalf({ length }: Facts): number[] | undefined {
    const half = Math.floor(length / 2);
    const tokens = source.value === "sample" ? sample() : openings[Number(source.value)];
    if (!tokens) return undefined;
    return Array.from({ length }, (_, position) => (position < half ? tokens[position]! : -1));
  }

  function countText({ length, alphabet }: Facts): string {
    const own = alphabet === undefined ? template.value.split(/\s+/).filter(Boolean) : [...template.value];
    const unit = alphabet === undefined ? "numbers" : "characters";
    return own.length > length
      ? `${own.length} ${unit}, and a sequence has ${length}: remove ${own.length - length}.`
      : `${own.length} of ${length} ${unit}; what you leave off at the end is blank.`;
  }

  return {
    update(state) {
      ({ facts, openings } = state);
      const { given } = state;
      const { tokens, text, alphabet } = facts;
      typed.hidden = tokens !== undefined;
      halves.hidden = tokens === undefined;
      const what = tokens?.kind === "notes" ? "melody" : "picture";
      offer(
        source,
        [
          ...openings.map((_, i) => ({ id: String(i), title: `real ${what} ${i + 1}` })),
          { id: "sample", title: `the first ${what} of A that is shown` },
        ],
        openings.length > 0 ? "0" : "sample",
      );
      const last = given?.findLastIndex((token) => token >= 0) ?? -1;
      template.value = given && !tokens ? text.decode(given.slice(0, last + 1)) : "";
      template.placeholder =
        alphabet === undefined
          ? "7 6 5 _ _ _ _ 0 _ _ 12"
          : alphabet.includes("'")
            ? "and in the beginning ____________ and the earth was ________."
            : "and in the beginning ____________ and the earth";
      if (given) box.open = true;
      const halfGiven = given ? "The first half is given." : "Both sides then write the rest.";
      say(tokens ? halfGiven : countText(facts), false);
    },
  };
}
