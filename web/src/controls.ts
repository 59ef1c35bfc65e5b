import { models } from "./catalog.ts";
import { offer, part } from "./element.ts";
import { callsText } from "./number-text.ts";
import type { Settings } from "./settings.ts";

type Changed = Partial<Pick<Settings, "model" | "calls" | "temperature" | "seed">>;

/**
 * Model, calls, temperature and seed.
 *
 * @param onChange told what was changed
 * @returns shows settings
 */
export function controls(onChange: (changed: Changed) => void): (settings: Settings) => void {
  const model = part("model", HTMLSelectElement);
  const calls = part("calls", HTMLInputElement);
  const callsShown = part("calls-shown", HTMLOutputElement);
  const temperature = part("temperature", HTMLInputElement);
  const temperatureShown = part("temperature-shown", HTMLOutputElement);
  const seed = part("seed", HTMLInputElement);
  const headline = part("headline-calls", HTMLElement);
  const choices = models.map(({ name, title }) => ({ id: name, title }));
  part("run", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
  model.addEventListener("change", () => onChange({ model: model.value }));
  calls.addEventListener("input", () => onChange({ calls: Number(calls.value) }));
  temperature.addEventListener("input", () => onChange({ temperature: Number(temperature.value) }));
  seed.addEventListener("change", () => onChange({ seed: wholeSeed() }));
  part("next-seed", HTMLButtonElement).addEventListener("click", () => onChange({ seed: wholeSeed() + 1 }));

  function wholeSeed(): number {
    const value = Math.floor(Math.abs(Number(seed.value)));
    return Number.isFinite(value) ? Math.min(value, 2 ** 32 - 2) : 0;
  }

  return (settings) => {
    const text = callsText(settings.calls);
    if (model.childElementCount === 0) offer(model, choices, settings.model);
    model.value = settings.model;
    calls.value = String(settings.calls);
    calls.setAttribute("aria-valuetext", text);
    callsShown.textContent = String(settings.calls);
    temperature.value = String(settings.temperature);
    temperatureShown.textContent = String(settings.temperature);
    seed.value = String(settings.seed);
    headline.textContent = text;
  };
}
