import { revealShade } from "../../src/report/reveal-shade.ts";
import { drawn, element } from "./element.ts";
import { tokenName } from "./facts.ts";
import { inspect, isGiven, sideBySide, stepText } from "./inspector.ts";
import type { Frame } from "./recording.ts";
import type { SampleView, ViewOptions } from "./sample-view.ts";

const HEIGHT = 64;
const BELOW = 8;
/** Bars of a kind are one path: masked ones, those of each of the eight shades, and caps on the newest. */
const kinds = ["m", "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "g", "now"] as const;
type Kind = (typeof kinds)[number];

/**
 * A sample of numbers as a row of bars as high as the numbers, coloured by the step that settled them. Under the
 * bars of a countdown are marks where its rule is broken: after x > 0 comes x - 1, after 0 anything.
 */
export function numbersView({ facts, name, given }: ViewOptions): SampleView {
  const { length, vocabulary, mask, countsDown } = facts;
  const bars = kinds.map((kind) => [kind, drawn("path", { class: `bar ${kind}` })] as const);
  const marks = drawn("path", { class: "broken" });
  const picture = drawn(
    "svg",
    { viewBox: `0 0 ${length} ${HEIGHT + BELOW}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...bars.map(([, path]) => path),
    marks,
  );
  const box = element("div", { role: "img", "aria-label": name }, picture);
  const caption = element("figcaption");
  let shown: Frame | undefined;
  inspect(box, {
    length,
    ...sideBySide(box, length),
    say: (position) => {
      if (!shown) return "";
      const when = stepText(position, { ...shown, given });
      const said = `${tokenName(shown.tokens[position]!, facts)}, number ${position + 1}`;
      return shown.tokens[position] === mask ? said : `${said}, ${when}`;
    },
  });
  return {
    element: element("figure", { class: "sample" }, caption, box),
    show(frame) {
      shown = frame;
      const { tokens, changedAt, step, steps } = frame;
      const paths: Partial<Record<Kind, string>> = {};
      tokens.forEach((token, position) => {
        const masked = token === mask;
        const shade = `r${revealShade(changedAt[position]!, steps)}` as Kind;
        const kind = masked ? "m" : isGiven(given, position) ? "g" : shade;
        const height = masked ? 3 : 5 + ((HEIGHT - 5) * token) / (vocabulary - 1);
        paths[kind] = (paths[kind] ?? "") + barPath(position, height, height);
        const isNew = !masked && step > 0 && changedAt[position] === step;
        if (isNew) paths.now = (paths.now ?? "") + barPath(position, height, 2.5);
      });
      for (const [kind, path] of bars) path.setAttribute("d", paths[kind] ?? "");
      const broken = countsDown ? brokenAt(tokens) : [];
      marks.setAttribute("d", broken.map((at) => `M${at - 0.5} ${HEIGHT + 2}h1v${BELOW - 2}h-1z`).join(""));
      const masked = tokens.filter((token) => token === mask).length;
      const rest = masked > 0 ? `${masked} still masked` : `of ${length - 1} places`;
      caption.textContent = countsDown
        ? `the rule is broken at ${broken.length} ${masked > 0 ? `places, ${rest}` : rest}`
        : "";
      box.setAttribute("aria-label", `${name}: ${caption.textContent}`);
    },
  };

  function brokenAt(tokens: Uint16Array): number[] {
    const broken: number[] = [];
    for (let position = 1; position < length; position++) {
      const [before, token] = [tokens[position - 1]!, tokens[position]!];
      if (before !== mask && token !== mask && before > 0 && token !== before - 1) broken.push(position);
    }
    return broken;
  }
}

/** So much of a bar, from its top down. */
function barPath(position: number, height: number, part: number): string {
  return `M${position}.06 ${(HEIGHT - height).toFixed(1)}h.88v${part.toFixed(1)}h-.88z`;
}
