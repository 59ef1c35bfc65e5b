/**
 * Eigenvalues and eigenvectors of a real symmetric matrix, A = V diag(values) V^T, by Jacobi's method.
 *
 * Sweeps over all pairs p < q; the rotation by t = sign(theta) / (|theta| + sqrt(theta^2 + 1)), theta = (a_qq -
 * a_pp) / (2 a_pq), makes a_pq zero. Stops when what is off the diagonal is at rounding level, after 5 to 10 sweeps of
 * O(n^3) each: right for n up to a few hundred.
 *
 * @param matrix [n, n] @returns values [n] in no order; vectors [n, n], column j belongs to values[j]
 * @throws RangeError if an entry is not finite
 * Source: Jacobi 1846; Golub and Van Loan, Matrix Computations, chapter 8.
 */
export function symmetricEigen(
  matrix: Float64Array,
  n: number,
): { values: Float64Array; vectors: Float64Array } {
  const a = matrix.slice();
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  const size = a.reduce((sum, entry) => sum + entry * entry, 0);
  if (!(a.length === n * n && size < Number.POSITIVE_INFINITY)) {
    throw new RangeError(
      `symmetricEigen: ${a.length} entries with sum of squares ${size}; expected ${n} x ${n} finite numbers`,
    );
  }
  for (let sweep = 0; sweep < 50 && offDiagonal(a, n) > 1e-32 * size; sweep++) {
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, vectors, n, p, q);
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i]!), vectors };
}

/** Makes a_pq zero by a rotation of rows and columns p and q, and turns the vectors alike. */
function rotate(a: Float64Array, vectors: Float64Array, n: number, p: number, q: number): void {
  const pq = a[p * n + q]!;
  if (pq === 0) return;
  const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * pq);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const cosine = 1 / Math.hypot(t, 1);
  const sine = t * cosine;
  const turn = (array: Float64Array, at: number, other: number) => {
    const [x, y] = [array[at]!, array[other]!];
    array[at] = cosine * x - sine * y;
    array[other] = sine * x + cosine * y;
  };
  for (let k = 0; k < n; k++) turn(a, k * n + p, k * n + q);
  for (let k = 0; k < n; k++) turn(a, p * n + k, q * n + k);
  for (let k = 0; k < n; k++) turn(vectors, k * n + p, k * n + q);
  a[p * n + q] = 0;
  a[q * n + p] = 0;
}

/** Sum of squares off the diagonal. */
function offDiagonal(a: Float64Array, n: number): number {
  return a.reduce((sum, entry, at) => (at % (n + 1) === 0 ? sum : sum + entry * entry), 0);
}
