/** Normals that a case gives, in the order in which released code takes them. */
import type { Normals } from "../../src/continuous/index.ts";

/** Hands out `noises` [draws][batch][dimension], `perStep` of them a step; `used` counts the draws of row 0. */
export function givenNormals(noises: readonly number[][][], perStep = 1): Normals & { used(): number } {
  let used = 0;
  return {
    used: () => used,
    fill(out, { row, index, stage }) {
      if (index === "start") throw new Error("a case gives its start");
      if (row === 0) used++;
      out.set(noises[index * perStep + stage]![row]!);
    },
  };
}
