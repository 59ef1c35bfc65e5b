import type { Logits, Noised } from "./denoiser.ts";

/**
 * Where the logits of a flat index row * length + position begin in `data`.
 *
 * @throws RangeError at an index whose logits are not there, so that no other row is taken for it
 */
export function rowOffsets({
  width,
  positions,
}: Pick<Logits, "width" | "positions">): (at: number) => number {
  if (!positions) return (at) => at * width;
  return (at) => {
    let from = 0;
    let to = positions.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (positions[middle]! < at) from = middle + 1;
      else to = middle;
    }
    if (positions[from] === at) return from * width;
    throw new RangeError(
      `the model returned logits of ${positions.length} positions, and not of ${at}, which was asked for; expected all of \`wanted\``,
    );
  };
}

/** Calls `visit` with the flat index of every position whose logits will be read, ascending, and where they begin. */
export function forEachWanted(
  logits: Pick<Logits, "width" | "positions">,
  { wanted, batch }: Pick<Noised, "wanted" | "batch">,
  length: number,
  visit: (at: number, offset: number) => void,
): void {
  const offset = rowOffsets(logits);
  const count = wanted?.length ?? batch * length;
  for (let i = 0; i < count; i++) {
    const at = wanted?.[i] ?? i;
    visit(at, offset(at));
  }
}
