import type { Noise } from "./noise.ts";
import { variancePreserving } from "./variance-preserving.ts";

/**
 * alpha_bar[i] = prod_{j <= i} (1 - beta[j]) of the usual tables, n values.
 *
 * @param options.spacing "linear": beta goes straight from start to end (DDPM); "scaled-linear": its root does (Stable
 * Diffusion)
 */
export function alphaBars({
  n = 1000,
  start,
  end,
  spacing = "linear",
}: {
  n?: number;
  start: number;
  end: number;
  spacing?: "linear" | "scaled-linear";
}): Float64Array {
  if (!(Number.isInteger(n) && n >= 2 && start > 0 && start < 1 && end > 0 && end < 1)) {
    throw new RangeError(
      `alphaBars: n = ${n}, start = ${start}, end = ${end}; expected a whole number >= 2 and two betas between 0 and 1`,
    );
  }
  const [from, to] = spacing === "linear" ? [start, end] : [Math.sqrt(start), Math.sqrt(end)];
  const bars = new Float64Array(n);
  let product = 1;
  for (let i = 0; i < n; i++) {
    const beta = from + ((to - from) * i) / (n - 1);
    product *= 1 - (spacing === "linear" ? beta : beta * beta);
    bars[i] = product;
  }
  return bars;
}

/**
 * Variance-preserving noise of a network trained at n fixed levels: alpha^2 = alphaBars[i] at time (i + 1) / n, and
 * log alpha runs straight between these points and from alpha = 1 at t = 0. So t = 0 is the clean end, and level i is
 * asked of the network at t n - 1.
 *
 * Source: Lu et al. 2022 (2206.00927), appendix D.2. With `interpolation: "alpha-bar"` alpha^2 itself runs straight, as in
 * DEIS (Zhang and Chen 2023, 2204.13902). `first` and `last` place the levels elsewhere, e.g. at 0 .. n - 1.
 *
 * @param options.alphaBars [n] strictly falling, in (0, 1)
 * @throws RangeError unless they are
 */
export function vpTable({
  alphaBars: bars,
  interpolation = "log-alpha",
  first = 1 / bars.length,
  last = 1,
  cutoff = first,
}: {
  alphaBars: ArrayLike<number>;
  interpolation?: "log-alpha" | "alpha-bar";
  first?: number;
  last?: number;
  cutoff?: number;
}): Noise {
  checkTable(bars);
  if (!(first >= 0 && last > first)) {
    throw new RangeError(`vpTable: levels from ${first} to ${last}; expected 0 <= first < last`);
  }
  const straight = interpolation === "log-alpha";
  const shape = straight ? (bar: number) => 0.5 * Math.log(bar) : (bar: number) => bar;
  const clean = first > 0 ? [shape(1)] : [];
  const values = Float64Array.from([...clean, ...Array.from(bars, shape)]);
  const spacing = (last - first) / (bars.length - 1);
  const timeOf = (i: number): number => (first > 0 ? (i === 0 ? 0 : first + (i - 1) * spacing) : i * spacing);
  // The segment i .. i + 1 that holds t; beyond the ends the outermost one goes on.
  const segmentOf = (t: number): number => {
    const at = first > 0 && t < first ? 0 : Math.floor((t - first) / spacing + 1e-9) + (first > 0 ? 1 : 0);
    return Math.min(values.length - 2, Math.max(0, at));
  };
  const slopeOf = (i: number): number => (values[i + 1]! - values[i]!) / (timeOf(i + 1) - timeOf(i));
  const valueAt = (t: number): number => {
    const i = segmentOf(t);
    return values[i]! + (t - timeOf(i)) * slopeOf(i);
  };
  return variancePreserving({
    name: `vp-table:${bars.length}`,
    horizon: last,
    cutoff,
    knots: Float64Array.from(values, (_, i) => timeOf(i)),
    logAlpha: straight ? valueAt : (t) => 0.5 * Math.log(valueAt(t)),
    logAlphaSlope: (t) => (straight ? slopeOf(segmentOf(t)) : (0.5 * slopeOf(segmentOf(t))) / valueAt(t)),
    timeAtLogAlpha: (logAlpha) => {
      const value = straight ? logAlpha : Math.exp(2 * logAlpha);
      let low = 0;
      let high = values.length - 2;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (values[middle]! >= value) low = middle;
        else high = middle - 1;
      }
      return timeOf(low) + (value - values[low]!) / slopeOf(low);
    },
  });
}

function checkTable(bars: ArrayLike<number>): void {
  if (bars.length < 2) throw new RangeError(`vpTable: ${bars.length} levels; expected at least 2`);
  for (let i = 0; i < bars.length; i++) {
    const [before, bar] = [i === 0 ? 1 : bars[i - 1]!, bars[i]!];
    if (!(bar > 0 && bar < before)) {
      throw new RangeError(
        `vpTable: alphaBars[${i}] = ${bar}; expected a number above 0 and below the one before it, ${before}`,
      );
    }
  }
}
