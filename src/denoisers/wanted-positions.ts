import type { Noised } from "./denoiser.ts";

/** Calls `visit` with the flat index of every position whose logits will be read, ascending. */
export function forEachWanted(
  { wanted, batch }: Pick<Noised, "wanted" | "batch">,
  length: number,
  visit: (at: number) => void,
): void {
  const count = wanted?.length ?? batch * length;
  for (let i = 0; i < count; i++) visit(wanted?.[i] ?? i);
}
