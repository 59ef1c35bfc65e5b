import type { NamedPart } from "../../make-part.ts";
import { phi } from "./phi.ts";
import { bh1, bh2, type UniPcWeight } from "./unipc-update.ts";

/**
 * What the estimate of the first derivative is multiplied by: 1 + O(h), which no order of a step notices. Methods of one
 * order differ by it.
 */
export interface Relaxation {
  /** Its name and number, as stored. */
  readonly part: NamedPart;
  at(step: { readonly h: number; readonly rate: number }): number;
}

/**
 * B(k) / (2 k phi_2(k)), k = rate h: that of UniPC of order 2 with the weight B, and for bh2 that of DPM-Solver of order 2,
 * phi_1 / (2 phi_2).
 *
 * Source: Liu et al. 2023 (2312.07243), appendix, where bh2's is 0.5 k (e^k - 1) / (e^k - 1 - k).
 */
export function weightRelaxation(weight: UniPcWeight): Relaxation {
  return {
    part: { name: weight.name },
    at: ({ h, rate }) => weight.at(rate * h) / (2 * rate * h * phi(2, rate * h)),
  };
}

/** That of UniPC with B(h) = h. */
export const bh1Relaxation: Relaxation = weightRelaxation(bh1);

/** That of DPM-Solver and DPM-Solver++ of order 2, and of UniPC with B(h) = e^h - 1. */
export const bh2Relaxation: Relaxation = weightRelaxation(bh2);

/** 1 + share (e^k - 1), k = rate h. @param options.share 0.5 and -0.5 are published */
export function exponentialRelaxation({ share = 0.5 }: { share?: number } = {}): Relaxation {
  checkNumber("exponentialRelaxation", "share", share);
  return {
    part: { name: "exponential", share },
    at: ({ h, rate }) => 1 + share * Math.expm1(rate * h),
  };
}

/** 1 + coefficient h, whatever is expanded. */
export function linearRelaxation({ coefficient = 0 }: { coefficient?: number } = {}): Relaxation {
  checkNumber("linearRelaxation", "coefficient", coefficient);
  return { part: { name: "linear", coefficient }, at: ({ h }) => 1 + coefficient * h };
}

function checkNumber(where: string, name: string, value: number): void {
  if (!Number.isFinite(value)) {
    throw new RangeError(`${where}: ${name} = ${value}; expected a finite number`);
  }
}
