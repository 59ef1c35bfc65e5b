import { type Normals, normals } from "../normals.ts";
import type { Preconditioner } from "./preconditioner.ts";

/**
 * Normals of a run that begins at M z: x_T = sigma_max M z, or M z for noises that keep the variance. Everything after the
 * start is drawn as always. For the option `normals` of a run.
 *
 * Source: Ma, Zhang, Zhu and Feng 2022 (2302.06504), the released sampler.
 *
 * @param options.seed default 0 @param options.source replaces the seed
 */
export function preconditionedStart({
  preconditioner,
  seed = 0,
  source = normals(seed),
}: {
  preconditioner: Preconditioner;
  seed?: number;
  source?: Normals;
}): Normals {
  return {
    fill(out, at) {
      source.fill(out, at);
      if (at.index === "start") out.set(preconditioner.apply(out));
    },
  };
}
