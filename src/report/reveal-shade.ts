/** Colours of the scale from early to late. */
export const REVEAL_SHADES = 8;

/** Which of the reveal colours 0 .. 7 step 1 .. `steps` has: evenly spread from early to late. */
export function revealShade(step: number, steps: number): number {
  return steps < 2 ? 0 : Math.round(((Math.min(step, steps) - 1) * (REVEAL_SHADES - 1)) / (steps - 1));
}
