import { part } from "./element.ts";
import type { Settings } from "./settings.ts";

/** Says what runs where, and offers the other weights of a network. */
export function showEngine({ model, weights }: Settings, provider: "webgpu" | "wasm" | "exact"): void {
  const on = provider === "webgpu" ? "the graphics card (WebGPU)" : "the processor (WebAssembly)";
  const bits = weights === "small" ? "eight-bit" : "full";
  part("engine", HTMLElement).textContent =
    provider === "exact"
      ? `The model ${model} is exact and needs no network. `
      : `The network ${model} runs on ${on}, with ${bits} weights. `;
  const other = part("weights", HTMLButtonElement);
  other.hidden = provider === "exact";
  other.textContent = weights === "small" ? "Use full weights" : "Use eight-bit weights";
}
