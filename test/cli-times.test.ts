/** The command line's searched schedules where there is no mask: what runs and what is refused. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { json, refused, together, workFolder } from "./run-cli.ts";

describe("searched schedules without a mask", together, () => {
  const folder = workFolder();
  const quick = ["letters", "--process", "uniform", "--sequences", "4", "--levels", "8"];

  for (const method of ["optimal", "jys"]) {
    it(`sample --schedule ${method}`, async () => {
      const told = await json<{ calls: number; schedule: string; selector?: string }>(
        ["sample", ...quick, "--schedule", method, "--steps", "4", "--count", "2"],
        folder,
      );
      assert.deepEqual([told.calls, told.schedule, told.selector], [4, method, undefined]);
    });
  }

  it("compare runs both beside the uniform grid", async () => {
    const { results } = await json<{ results: { method: string; calls: number }[] }>(
      ["compare", ...quick, "--methods", "optimal/-,jys/-,uniform/-", "--steps", "2", "--count", "4"],
      folder,
    );
    assert.deepEqual(
      results.map(({ method, calls }) => `${method} ${calls}`),
      ["optimal 2", "jys 2", "uniform 2"],
    );
  });

  // Of its own, because others write reports meanwhile.
  const empty = workFolder();
  it("refuses bisect and the information curve, with a sentence", async () => {
    await refused(["sample", ...quick, "--schedule", "bisect"], {
      folder: empty,
      sentence: /"bisect" is searched on masked data and the process uniform has no mask; use optimal or jys/,
    });
    await refused(["curve", "bach"], {
      folder: empty,
      code: 2,
      sentence: /the process uniform of "bach" has no mask/,
    });
  });
});
