/**
 * Which of the eight shades of the report's scale a step has, early to late: `revealShade` of `src/report/colours.ts`
 * without its palette, which the page has in its style sheet.
 */
export function shadeOf(step: number, steps: number): number {
  return steps < 2 ? 0 : Math.round(((Math.min(step, steps) - 1) * 7) / (steps - 1));
}
