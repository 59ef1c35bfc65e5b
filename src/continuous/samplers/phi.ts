/**
 * phi_k(h) = sum_j h^j / (j + k)!: the integrals that exponential integrators are made of. phi_0 = e^h,
 * phi_1 = (e^h - 1) / h, phi_{k+1} = (phi_k - 1 / k!) / h; near 0, where that cancels, the series.
 *
 * Source: Hochbruck and Ostermann 2010, Exponential integrators, equation 2.10.
 */
export function phi(k: number, h: number): number {
  return Math.abs(h) < 1 ? series(k, h) : recursion(k, h);
}

function series(k: number, h: number): number {
  let term = 1;
  for (let j = 1; j <= k; j++) term /= j;
  let sum = 0;
  for (let j = k + 1; sum + term !== sum; j++) {
    sum += term;
    term *= h / j;
  }
  return sum;
}

function recursion(k: number, h: number): number {
  if (k === 0) return Math.exp(h);
  let [value, factorial] = [Math.expm1(h) / h, 1];
  for (let i = 1; i < k; i++) {
    factorial *= i;
    value = (value - 1 / factorial) / h;
  }
  return value;
}
