/**
 * Numbers as the report writes them (`src/report/format.ts`), without the tables of languages behind
 * `toLocaleString`, which take a moment to load.
 */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return "—";
  if (value === 0) return "0";
  return withPlaces(value, 2 - Math.floor(Math.log10(Math.abs(value))));
}

/** "1 call", "8 calls". */
export function callsText(calls: number): string {
  return calls === 1 ? "1 call" : `${calls} calls`;
}

/** "0.045 ± 0.003": as many places as the error needs for one digit, two where that digit is 1. */
export function estimateText(value: number, error: number): string {
  if (!(error > 0 && Number.isFinite(value + error))) return numberText(value);
  const exponent = Math.floor(Math.log10(error));
  const places = (Math.floor(error / 10 ** exponent) === 1 ? 1 : 0) - exponent;
  return `${withPlaces(value, places)}\u00a0±\u00a0${withPlaces(error, places)}`;
}

function withPlaces(value: number, places: number): string {
  return value.toFixed(Math.max(0, Math.min(8, places))).replace("-", "−");
}
