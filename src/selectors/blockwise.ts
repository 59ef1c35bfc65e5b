import { confidence } from "./ranked.ts";
import type { Choice, Selector } from "./selector.ts";

/** Name under which a row's blanks are remembered, ascending. */
const BLANKS = "blanks";

/**
 * Semi-autoregressive order: a row's blanks are cut from left to right into blocks of `size`, and only the leftmost
 * block that still has masks reveals anything; inside it another selector chooses. Given tokens between the blanks
 * are not counted, so a prompt or a template changes nothing. Where a step's count passes the end of a block, the
 * block is finished and the rest of the count goes to the next.
 *
 * With size 1 this is `leftToRight`; with `size` at least the number of blanks it is the selector inside. With
 * `confidence` inside, temperature 0 and a uniform schedule of `steps` a multiple of the blocks, whose share
 * `steps / blocks` divides `size`, it is LLaDA's loop with low-confidence remasking, `block_length` = size: every
 * step reveals size blocks / steps tokens. Where the share does not divide `size`, that loop reveals the larger
 * numbers of a block first; give `counts` them to do the same.
 *
 * For absorbing noise with ancestral, remdm or psi, and models of text that were trained or tuned for it. A sampler
 * that takes tokens back to the mask may reopen an earlier block, which then comes first.
 *
 * @param inside any selector but one where every position decides for itself; default `confidence()`
 * @param options.size blanks in a block, >= 1; default 32
 * Source: Nie et al. 2025, arXiv 2502.09992, "semi-autoregressive remasking"; Arriola et al. 2025, arXiv 2503.09573.
 */
export function blockwise(
  inside: Selector = confidence(),
  { size = 32 }: { readonly size?: number } = {},
): Selector {
  if (!(Number.isInteger(size) && size >= 1)) {
    throw new RangeError(`blockwise: size = ${size}; expected a whole number >= 1`);
  }
  if (inside.commits === "any") {
    throw new RangeError(
      `blockwise: with the selector ${inside.name} every position decides for itself, so later blocks would never be reached; use random`,
    );
  }
  return {
    ...inside,
    name: `blockwise-${inside.name}`,
    among: (choice) => choice.masked.subarray(0, reached(choice, size).end),
    selectInto(chosen, choice) {
      const { masked, count, memory } = choice;
      if (!memory?.get(BLANKS)) memory?.set(BLANKS, Float64Array.from(masked));
      const { whole, end } = reached(choice, size);
      chosen.set(masked.subarray(0, whole));
      if (end === whole) return whole;
      const inBlock = {
        ...choice,
        masked: masked.subarray(whole, end),
        count: count - whole,
      };
      return whole + inside.selectInto(chosen.subarray(whole), inBlock);
    },
  };
}

/**
 * How far a step's count reaches in the masked positions: `whole` of them are blocks that it finishes, and those
 * from `whole` to `end` the block of which it finishes a part.
 */
function reached(
  { masked, count, memory }: Pick<Choice, "masked" | "count" | "memory">,
  size: number,
): { whole: number; end: number } {
  const blanks = memory?.get(BLANKS) ?? masked;
  let whole = 0;
  while (whole < masked.length) {
    const block = Math.floor(placeOf(masked[whole]!, blanks) / size);
    const next = blanks[(block + 1) * size] ?? Number.POSITIVE_INFINITY;
    const end = placeOf(next, masked);
    if (end > count) return { whole, end: count > whole || whole === 0 ? end : whole };
    whole = end;
  }
  return { whole, end: whole };
}

/** How many of ascending positions come before one. */
function placeOf(position: number, ascending: ArrayLike<number>): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < position) low = middle + 1;
    else high = middle;
  }
  return low;
}
