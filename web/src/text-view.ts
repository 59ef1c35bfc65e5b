import { revealShade } from "../../src/report/reveal-shade.ts";
import { element } from "./element.ts";
import { tokenName } from "./facts.ts";
import { inspect, isGiven, stepText } from "./inspector.ts";
import type { Frame } from "./recording.ts";
import type { SampleView, ViewOptions } from "./sample-view.ts";

const MASKED = "·";

/** A sample as text: the colour of a character tells the step that settled it. */
export function textView({ facts, name, given }: ViewOptions): SampleView {
  const { length, mask } = facts;
  const characters = [...(facts.alphabet ?? "")];
  const spans = Array.from({ length }, () => element("span", { class: "m" }, MASKED));
  const at = new Map<EventTarget, number>(spans.map((span, position) => [span, position]));
  const box = element("div", { class: "letters", role: "img", "aria-label": name }, ...spans);
  let shown: Frame | undefined;
  // What the spans are now, so that only what changes is touched.
  const texts: string[] = [];
  const styles: string[] = [];
  inspect(box, {
    length,
    positionAt: ({ target }) => (target ? at.get(target) : undefined),
    place: (position) => spans[position]!.getBoundingClientRect(),
    mark: (position) => {
      box.querySelector(".at")?.classList.remove("at");
      if (position !== undefined) spans[position]!.classList.add("at");
    },
    say: (position) => {
      if (!shown) return "";
      const when = stepText(position, { ...shown, given });
      const said = `${tokenName(shown.tokens[position]!, facts)}, character ${position + 1}`;
      return shown.tokens[position] === mask ? said : `${said}, ${when}`;
    },
  });
  return {
    element: element("figure", { class: "sample" }, box),
    show(frame) {
      shown = frame;
      const { tokens, changedAt, step, steps } = frame;
      spans.forEach((span, position) => {
        const token = tokens[position]!;
        const settled = changedAt[position]!;
        const text = token === mask ? MASKED : (characters[token] ?? "?");
        if (texts[position] !== text) span.firstChild!.nodeValue = text;
        const kind =
          token === mask ? "m" : isGiven(given, position) ? "g" : `r${revealShade(settled, steps)}`;
        const style = settled === step && step > 0 && token !== mask ? `${kind} now` : kind;
        if (styles[position] !== style) span.className = style;
        texts[position] = text;
        styles[position] = style;
      });
      box.setAttribute("aria-label", `${name}: ${spoken(tokens)}`);
    },
  };

  function spoken(tokens: Uint16Array): string {
    return Array.from(tokens, (token) => (token === mask ? "_" : (characters[token] ?? "?")))
      .join("")
      .replace(/_{2,}/g, (blanks) => ` ${blanks.length} blanks `);
  }
}
