import { revealShade } from "../../src/report/colours.ts";
import { drawn, element } from "./element.ts";
import { tokenName } from "./facts.ts";
import { inspect, stepText } from "./inspector.ts";
import type { Frame } from "./recording.ts";
import type { SampleView, ViewOptions } from "./sample-view.ts";

const HEIGHT = 64;
const BELOW = 8;

/**
 * A sample of numbers as a row of bars as high as the numbers, coloured by the step that settled them. Under the
 * bars of a countdown are marks where its rule is broken: after x > 0 comes x - 1, after 0 anything.
 */
export function numbersView({ facts, name, given }: ViewOptions): SampleView {
  const { length, vocabulary, mask, countsDown } = facts;
  const bars = Array.from({ length }, (_, position) => drawn("rect", { x: position + 0.06, width: 0.88 }));
  const marks = Array.from({ length: countsDown ? length : 0 }, (_, position) =>
    drawn("rect", {
      x: position - 0.5,
      y: HEIGHT + 2,
      width: 1,
      height: BELOW - 2,
      class: "broken",
      display: "none",
    }),
  );
  const picture = drawn(
    "svg",
    { viewBox: `0 0 ${length} ${HEIGHT + BELOW}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...bars,
    ...marks,
  );
  const box = element("div", { role: "img", "aria-label": name }, picture);
  const said = element("figcaption");
  let shown: Frame | undefined;
  inspect(box, {
    length,
    positionAt: ({ clientX }) => {
      const { left, width } = box.getBoundingClientRect();
      const position = Math.floor(((clientX - left) / width) * length);
      return position >= 0 && position < length ? position : undefined;
    },
    place: (position) => bars[position]!.getBoundingClientRect(),
    say: (position) => {
      if (!shown) return "";
      const when = stepText(position, { ...shown, given: (given?.[position] ?? -1) >= 0 });
      return `${tokenName(shown.tokens[position]!, facts)}, number ${position + 1}, ${when}`;
    },
  });
  return {
    element: element("figure", { class: "sample" }, said, box),
    show(frame) {
      shown = frame;
      const { tokens, changedAt, step, steps } = frame;
      bars.forEach((bar, position) => {
        const token = tokens[position]!;
        const masked = token === mask;
        const height = masked ? 3 : 3 + ((HEIGHT - 3) * token) / (vocabulary - 1);
        const now = changedAt[position] === step && step > 0 && !masked ? " now" : "";
        bar.setAttribute("y", String(HEIGHT - height));
        bar.setAttribute("height", String(height));
        bar.setAttribute(
          "class",
          masked ? "bar m" : `bar r${revealShade(changedAt[position]!, steps)}${now}`,
        );
      });
      if (!countsDown) return;
      let broken = 0;
      for (let position = 1; position < length; position++) {
        const [before, token] = [tokens[position - 1]!, tokens[position]!];
        const breaks = before !== mask && token !== mask && before > 0 && token !== before - 1;
        if (breaks) broken++;
        marks[position]!.setAttribute("display", breaks ? "inline" : "none");
      }
      const masked = tokens.filter((token) => token === mask).length;
      const rest = masked > 0 ? `${masked} still masked` : `of ${length - 1} places`;
      said.textContent = `the rule is broken at ${broken} ${masked > 0 ? `places, ${rest}` : rest}`;
      box.setAttribute("aria-label", `${name}: ${said.textContent}`);
    },
  };
}
