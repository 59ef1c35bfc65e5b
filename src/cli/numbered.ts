/** A file for each of several numbers of calls: plan.json becomes plan-8.json. */
export function numbered(path: string, steps: number): string {
  return /\.json$/i.test(path) ? path.replace(/\.json$/i, `-${steps}.json`) : `${path}-${steps}`;
}
