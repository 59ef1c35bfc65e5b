import { makePart, type NamedPart, type Numbers, required, row } from "../make-part.ts";
import type { Noise } from "./noise/noise.ts";
import { alphaBars, vpTable } from "./noise/vp-table.ts";
import { noises } from "./parts.ts";

/** How the betas of a table are spaced, by the names that manifests use. */
const spacings = ["linear", "scaled-linear"] as const;

/** Levels that a table has at most. */
const MOST = 1e6;

/**
 * The noise of a name and its numbers, as manifests and plans state it: a row of `noises`, or
 * { name: "vp-table", betas: "linear" | "scaled-linear", start, end, levels, cutoff? } for a network that was trained at
 * fixed levels, level i being t = (i + 1) / levels.
 *
 * @throws RangeError if it is not known or a number is out of range
 */
export function namedNoise(part: NamedPart): Noise {
  const { betas, ...others } = part;
  const isTable = part.name === "vp-table";
  const spacing = spacings.find((each) => each === betas);
  if (isTable && spacing === undefined) {
    throw new RangeError(
      `noise "vp-table": betas = ${JSON.stringify(betas)}; expected ${spacings.map((each) => JSON.stringify(each)).join(" or ")}`,
    );
  }
  return makePart(
    "noise",
    {
      ...noises,
      "vp-table": row((numbers) => table(numbers, spacing ?? "linear"), "start", "end", "levels", "cutoff"),
    },
    isTable ? (others as NamedPart) : part,
  );
}

function table(numbers: Numbers, spacing: (typeof spacings)[number]): Noise {
  const [start, end, n] = ["start", "end", "levels"].map((key) => required("vp-table", numbers, key));
  if (n! > MOST) throw new RangeError(`noise "vp-table": levels = ${n}; expected at most ${MOST}`);
  const { cutoff } = numbers;
  return vpTable({
    alphaBars: alphaBars({ n: n!, start: start!, end: end!, spacing }),
    ...(cutoff === undefined ? {} : { cutoff }),
  });
}
