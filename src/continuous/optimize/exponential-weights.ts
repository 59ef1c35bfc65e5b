import { phi } from "../samplers/phi.ts";

/** Weights of one step of an exponential integrator, and how they change with the nodes. */
export interface ExponentialWeights {
  /** [k] J_k, oldest node first. */
  readonly weights: Float64Array;
  /** [k, k + 1] d J_k / d lambda of every node, and last of the step's end. */
  readonly slopes: Float64Array;
}

/**
 * What a multistep exponential integrator multiplies its predictions of x0 by, over sigma_s: with l_k the Lagrange basis
 * on the nodes,
 *
 *     J_k = integral of e^lambda l_k(lambda) d lambda from the last node to `to`
 *
 * The weights of a step add up to e^to - e^(last node). Moving a node moves all of them: because
 * d l_k / d lambda_m = -l_k'(lambda_m) l_m,
 *
 *     d J_k / d lambda_m = -l_k'(lambda_m) J_m - (e^lambda_k if m and k are the last node)
 *     d J_k / d to = e^to l_k(to)
 *
 * No model call. The powers of tau = lambda - (last node) are integrated by phi functions, without the cancellation that
 * short steps bring: the integral of tau^j e^tau from 0 to h is j! h^(j+1) e^h phi_(j+1)(-h).
 *
 * Source: Xue et al. 2024 (2402.17376), section 3, up to three nodes there; the slopes are ours.
 *
 * @param nodes lambda of the predictions, strictly rising; the last is where the step begins
 * @param to lambda of its end, above the last node
 */
export function exponentialWeights(nodes: ArrayLike<number>, to: number): ExponentialWeights {
  const count = nodes.length;
  const from = nodes[count - 1]!;
  const moments = momentsOver(to - from, count);
  const weights = new Float64Array(count);
  const polynomial = new Float64Array(count);
  for (let k = 0; k < count; k++) {
    basisInto(polynomial, nodes, k);
    let sum = 0;
    for (let power = 0; power < count; power++) sum += polynomial[power]! * moments[power]!;
    weights[k] = Math.exp(from) * sum;
  }
  const slopes = new Float64Array(count * (count + 1));
  for (let k = 0; k < count; k++) {
    const own = k * (count + 1);
    for (let m = 0; m < count; m++) slopes[own + m] = -basisSlope(nodes, k, m) * weights[m]!;
    slopes[own + count] = Math.exp(to) * basisAt(nodes, k, to);
  }
  slopes[count * count + count - 2]! -= Math.exp(from);
  return { weights, slopes };
}

/** The integrals of tau^j e^tau from 0 to h, j = 0 .. count - 1. */
function momentsOver(h: number, count: number): Float64Array {
  const moments = new Float64Array(count);
  let scale = Math.exp(h);
  for (let j = 0; j < count; j++) {
    scale *= h * Math.max(1, j);
    moments[j] = scale * phi(j + 1, -h);
  }
  return moments;
}

/** Coefficients of l_k in powers of lambda - (last node), the constant first. */
function basisInto(polynomial: Float64Array, nodes: ArrayLike<number>, k: number): void {
  const last = nodes[nodes.length - 1]!;
  polynomial.fill(0);
  polynomial[0] = 1;
  for (let j = 0, degree = 0; j < nodes.length; j++) {
    if (j === k) continue;
    const node = nodes[j]! - last;
    const scale = 1 / (nodes[k]! - nodes[j]!);
    degree++;
    for (let power = degree; power >= 0; power--) {
      const lower = power > 0 ? polynomial[power - 1]! : 0;
      polynomial[power] = scale * (lower - node * polynomial[power]!);
    }
  }
}

function basisAt(nodes: ArrayLike<number>, k: number, lambda: number): number {
  let product = 1;
  for (let j = 0; j < nodes.length; j++) {
    if (j !== k) product *= (lambda - nodes[j]!) / (nodes[k]! - nodes[j]!);
  }
  return product;
}

/** l_k' at node m. */
function basisSlope(nodes: ArrayLike<number>, k: number, m: number): number {
  let sum = 0;
  let product = 1;
  for (let j = 0; j < nodes.length; j++) {
    if (j === k) continue;
    const scale = 1 / (nodes[k]! - nodes[j]!);
    sum += scale;
    product *= j === m ? scale : scale * (nodes[m]! - nodes[j]!);
  }
  return k === m ? sum : product;
}
