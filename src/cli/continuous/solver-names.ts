import { InvalidArgumentError } from "commander";
import { makeSampler, schedules } from "../../continuous/parts.ts";
import { type NamedPart, parsePart } from "../../make-part.ts";

/** A method by its names, run at several numbers of calls. */
export interface SolverName {
  readonly solver: NamedPart;
  readonly schedule: string;
}

/** Every method that `compare` runs on a continuous model unless told otherwise. */
export const continuousMethods =
  "ddim/time-quadratic,deis/time-quadratic,ipndm/time-quadratic,dpm-solver:order=3/log-snr,dpmpp-2m/log-snr,unipc:order=3/log-snr,edm-heun/polynomial,ddim:eta=1/time-quadratic,dpmpp-2m-sde/log-snr";

/**
 * Reads "solver/schedule,solver:order=3/schedule, ...".
 *
 * @throws InvalidArgumentError naming the solvers and schedules there are
 */
export function solverNames(text: string): SolverName[] {
  return text.split(",").map((pair) => {
    const [solver = "", schedule = "log-snr", ...rest] = pair.trim().split("/");
    if (rest.length > 0 || !Object.hasOwn(schedules, schedule)) {
      throw new InvalidArgumentError(
        `"${pair.trim()}" is no method of a continuous model; expected solver/schedule with a schedule of ${Object.keys(schedules).join(", ")}`,
      );
    }
    try {
      const part = parsePart(solver);
      makeSampler(part);
      return { solver: part, schedule };
    } catch (cause) {
      throw new InvalidArgumentError((cause as Error).message);
    }
  });
}
