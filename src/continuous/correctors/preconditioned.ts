import type { Preconditioner } from "../preconditioners/preconditioner.ts";
import type { Corrector } from "./corrector.ts";

/**
 * A corrector that moves in preconditioned coordinates: it sees M M^T eps for the prediction eps, and draws M z for the
 * noise z. Of {@link langevin} it makes x + s M M^T g + sqrt(2 s) M z, with the norms of the step size taken after
 * preconditioning. Any M keeps the stationary law of Langevin, as s goes to 0; along a direction that M scales by m a
 * Gaussian of variance v becomes v / (1 - s m^2 / (2 v)).
 *
 * Model calls: those of the corrector. Source: Ma, Zhang, Zhu and Feng 2022 (2302.06504), "PDS", without its skew term.
 */
export function preconditioned({
  corrector,
  preconditioner,
}: {
  corrector: Corrector;
  preconditioner: Preconditioner;
}): Corrector {
  return {
    ...corrector,
    name: `preconditioned-${corrector.name}`,
    correctInto: (step) =>
      corrector.correctInto({
        ...step,
        predict: async (input) => preconditioner.applySquared(await step.predict(input)),
        normal: (options) => preconditioner.apply(step.normal(options)),
      }),
  };
}
