import type { Plan } from "../../src/plan.ts";
import { copied, inside } from "./element.ts";
import type { SideName } from "./settings.ts";
import { badge, letters } from "./side-panel.ts";

/**
 * Export and import of one side as a plan file.
 *
 * @param options.plan the side as it is now; undefined before the model is there
 * @param options.onText told the text of a file that was chosen, and its name
 */
export function planPanel(
  name: SideName,
  { plan, onText }: { plan: () => Plan | undefined; onText: (text: string, file: string) => void },
): HTMLElement {
  const box = copied("plan");
  box.classList.add(name);
  inside(box, "h3", HTMLHeadingElement).replaceChildren(badge(name), "as a plan");
  const save = inside(box, "button.export", HTMLButtonElement);
  const file = inside(box, "input", HTMLInputElement);
  save.setAttribute("aria-label", `Export plan of ${letters[name]}`);
  file.setAttribute("aria-label", `Import plan for ${letters[name]}`);
  save.addEventListener("click", () => {
    const written = plan();
    if (written)
      download(
        `${written.model.name}-${written.calls}.plan.json`,
        `${JSON.stringify(written, undefined, 1)}\n`,
      );
  });
  file.addEventListener("change", async () => {
    const chosen = file.files?.[0];
    if (chosen) onText(await chosen.text(), chosen.name);
    file.value = "";
  });
  return box;
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
