/** Small laws of data, and the exact models of them under absorbing noise. */
import { type Denoiser, jointTable } from "../src/index.ts";
import { sequenceAt } from "./law.ts";

/** Two bits with uniform marginals that agree with chance 0.8565: total variation 0.3565 from their product. */
export const twoBits: Float64Array = Float64Array.of(0.42825, 0.07175, 0.07175, 0.42825);

/** Two bits that agree with chance 0.6. */
export const mildBits: Float64Array = Float64Array.of(0.3, 0.2, 0.2, 0.3);

/** Two trits that agree with chance 0.6. */
export const twoTrits: Float64Array = Float64Array.from({ length: 9 }, (_, index) => {
  const [a, b] = sequenceAt(index, 3, 2);
  return (1 + (a === b ? 3 : 0) + a! * 0.5) / 22.5;
});

/** Three trits in which every pair depends on the third. */
export const threeTrits: Float64Array = Float64Array.from({ length: 27 }, (_, index) => {
  const [a, b, c] = sequenceAt(index, 3, 3);
  return (1 + a! * b! + 2 * b! * c! + ((a! + c!) % 3)) / 135;
});

/** A chain over three tokens with a zero in it. */
export const chain: { readonly initial: readonly number[]; readonly transition: readonly number[] } = {
  initial: [0.6, 0.3, 0.1],
  transition: [0.8, 0.1, 0.1, 0.2, 0.5, 0.3, 0, 0.9, 0.1],
};

/** The exact model of `twoBits`. */
export function bitsModel(): Denoiser {
  return jointTable({ joint: twoBits, vocabulary: 2, length: 2 });
}

/** The exact model of `threeTrits`. */
export function tritsModel(): Denoiser {
  return jointTable({ joint: threeTrits, vocabulary: 3, length: 3 });
}
