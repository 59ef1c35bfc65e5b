import type { Noise } from "../noise/noise.ts";
import { stepExpansion, timeExpansion } from "../samplers/clock-expansion.ts";
import { dataExpansion, type Expansion, noiseExpansion } from "../samplers/expansion.ts";
import { bh2Relaxation } from "../samplers/relaxation.ts";
import { logSnr, polynomial, timePower, timeUniform } from "../schedules/even-times.ts";
import type { EvenOptions, Schedule } from "../schedules/schedule.ts";
import { type SolverGenes, sharesOf } from "./solver-genes.ts";

/** A published solver on a plain grid, as genes. */
export interface Peer {
  readonly name: string;
  readonly genes: SolverGenes;
}

interface Shape {
  readonly name: string;
  readonly order: number;
  readonly expansion: Expansion;
  readonly corrector?: boolean;
  /** Whether the order falls to 1 at the end, default true. */
  readonly lowerOrderFinal?: boolean;
}

const shapes: readonly Shape[] = [
  { name: "ddim", order: 1, expansion: dataExpansion },
  { name: "dpmpp-2m", order: 2, expansion: dataExpansion },
  { name: "dpmpp-3m", order: 3, expansion: dataExpansion },
  { name: "dpm-solver:order=3", order: 3, expansion: noiseExpansion },
  { name: "unipc", order: 2, expansion: dataExpansion, corrector: true },
  { name: "unipc:order=3", order: 3, expansion: dataExpansion, corrector: true },
  { name: "deis:order=2", order: 3, expansion: timeExpansion, lowerOrderFinal: false },
  { name: "deis", order: 4, expansion: timeExpansion, lowerOrderFinal: false },
  { name: "ipndm:order=3", order: 3, expansion: stepExpansion, lowerOrderFinal: false },
  { name: "ipndm", order: 4, expansion: stepExpansion, lowerOrderFinal: false },
];

/** Grids that a search begins with. */
export const grids: readonly ((options: EvenOptions) => Schedule)[] = [
  logSnr,
  polynomial,
  timeUniform,
  timePower,
];

/** Every published solver of the unified space on every grid, each of `calls` steps. */
export function solverPeers({
  calls,
  noise,
  from,
  to,
}: {
  calls: number;
  noise: Noise;
  from: number;
  to: number;
}): Peer[] {
  return shapes.flatMap(({ name, order, expansion, corrector = false, lowerOrderFinal = true }) =>
    grids.map((grid) => {
      const schedule = grid({ steps: calls, from, to });
      const steps = Array.from({ length: calls }, (_, i) => {
        const own = Math.min(order, i + 1, lowerOrderFinal ? calls - i : order);
        return {
          ...{ expansion, order: own, points: own - 1, corrected: corrector },
          relaxation: own < 3 && lowerOrderFinal ? bh2Relaxation : undefined,
        };
      });
      return {
        name: `${name}, ${schedule.name}`,
        genes: { shares: sharesOf(schedule.resolve(noise), noise), steps },
      };
    }),
  );
}
