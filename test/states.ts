import { type Denoiser, type State, steps } from "../src/index.ts";

/** Every state of a run. */
export async function states(denoiser: Denoiser, options: Parameters<typeof steps>[1]): Promise<State[]> {
  const all: State[] = [];
  for await (const state of steps(denoiser, options)) all.push(state);
  return all;
}
