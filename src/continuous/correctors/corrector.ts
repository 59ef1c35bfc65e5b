import type { Step } from "../samplers/sampler.ts";

/**
 * Extra moves at a fixed time that keep the law of x_t, or nearly: they mend what coarse steps got wrong. Their model
 * calls count like any others.
 */
export interface Corrector {
  readonly name: string;
  /** Model calls one correction makes at most. */
  readonly calls: number;
  /**
   * Corrects `step.x` at time `step.t` into `step.next`, which starts as a copy of it. `step.s` only says how far the step
   * goes that follows.
   */
  correctInto(step: Step): Promise<void>;
}
