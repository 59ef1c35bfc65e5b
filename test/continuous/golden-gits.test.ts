/** GITS against the published code: teacher, cost matrix, plans, and the free first step. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  absoluteMiss,
  analyticFirstStep,
  chordMiss,
  ddim,
  edmHeun,
  euclideanMiss,
  type GitsCostOptions,
  gits,
  gitsCosts,
  gitsTimes,
  ipndm,
  type JumpMetric,
  logSnr,
  polynomial,
  type Sampler,
  times,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { closeRows, continuousGolden, type MixtureRecord, mixtureOf, sigmaNoise } from "./golden.ts";

interface Grid {
  readonly type: string;
  readonly rho?: number;
  readonly sigma_min: number;
  readonly sigma_max: number;
}

interface Plan {
  readonly num_stamps: number;
  readonly coeff: number;
}

interface Planned {
  readonly dp_indices: number[];
  readonly dp_sigmas?: number[];
  readonly dp_objective: number;
  readonly afs_distances?: number[];
  readonly indices_with_afs?: number[];
  readonly sigmas_with_afs?: number[];
}

interface Inputs {
  readonly mixture: MixtureRecord;
  readonly latents: number[][];
  readonly grid: Grid;
  readonly num_stamps_teacher: number;
  readonly solver_teacher: string;
  readonly solver_student: string;
  readonly max_order: number;
  readonly metric: string;
  readonly afs: boolean;
  readonly plans: Plan[];
}

interface Expected {
  readonly teacher_sigmas: number[];
  readonly teacher_final: number[][];
  readonly cost_upper_rows?: number[][];
  readonly cost_row_sums?: number[];
  readonly cost_first_row?: number[];
  readonly plans: Planned[];
}

const metrics: Readonly<Record<string, JumpMetric>> = {
  dev: chordMiss,
  l1: absoluteMiss,
  l2: euclideanMiss,
};

const golden = continuousGolden("gits.json");
const tolerance = golden.tolerance();

function solverOf(name: string, order: number): Sampler {
  if (name === "euler") return ddim();
  if (name === "heun") return edmHeun();
  if (name === "ipndm") return ipndm({ order });
  return assert.fail(`no sampler for ${name}`);
}

/** The stamps of the file, and that they are those of our schedule where there is one of that kind. */
function checkGrid({ grid, num_stamps_teacher }: Inputs, sigmas: number[]): void {
  const steps = num_stamps_teacher - 1;
  const noise = sigmaNoise(grid.sigma_max, grid.sigma_min);
  if (grid.type === "polynomial") {
    close(polynomial({ steps, power: grid.rho! }).resolve(noise), sigmas, tolerance, "grid");
  } else if (grid.type === "logsnr") {
    close(logSnr({ steps }).resolve(noise), sigmas, tolerance, "grid");
  } else {
    // golden-edm-solvers.test.ts has the grids that are even in time.
    assert.equal(grid.type, "time_uniform");
  }
}

function optionsOf(inputs: Inputs, { teacher_sigmas }: Expected): GitsCostOptions {
  const { grid, latents, afs, max_order } = inputs;
  const teacher = solverOf(inputs.solver_teacher, max_order);
  return {
    noise: sigmaNoise(grid.sigma_max, grid.sigma_min),
    grid: times({ times: teacher_sigmas }),
    // The released option changes the teacher too.
    teacher: afs ? analyticFirstStep(teacher) : teacher,
    analyticFirst: afs,
    metric: metrics[inputs.metric] ?? assert.fail(`no metric for ${inputs.metric}`),
    start: latents.flat().map((z) => teacher_sigmas[0]! * z),
    batch: 5,
  };
}

describe("golden: GITS", () => {
  it("no kind of case is passed over", () => {
    golden.kinds(["gits", "dp_only"]);
  });

  for (const [at, { inputs, expected }] of golden.cases<Inputs, Expected>("gits").entries()) {
    const which = `${inputs.solver_teacher}, ${inputs.metric}${inputs.afs ? ", free first step" : ""}`;

    it(`case ${at}: ${which}, ${inputs.num_stamps_teacher} stamps`, async () => {
      checkGrid(inputs, expected.teacher_sigmas);
      const model = mixtureOf(inputs.mixture);
      const options = optionsOf(inputs, expected);
      const measured = await gitsCosts(model, options);
      closeRows(measured.ends, expected.teacher_final, tolerance, "teacher's ends");
      const rows = measured.costs.slice(0, -1).map((row, i) => row.subarray(i + 1));
      expected.cost_upper_rows?.forEach((row, i) => {
        close(rows[i]!, row, tolerance, `costs[${i}]`);
      });
      if (expected.cost_row_sums) {
        const sums = rows.map((row) => row.reduce((sum, cost) => sum + cost, 0));
        close(sums, expected.cost_row_sums, tolerance, "row sums");
      }
      if (expected.cost_first_row) close(rows[0]!, expected.cost_first_row, tolerance, "first row");
      assert.ok(expected.cost_upper_rows || expected.cost_row_sums, "the case has no costs");

      assert.equal(inputs.plans.length, expected.plans.length);
      for (const [i, { num_stamps, coeff: coefficient }] of inputs.plans.entries()) {
        const plan = expected.plans[i]!;
        const steps = num_stamps - 1;
        const found = gitsTimes(measured, steps, { coefficient }).at(-1)!;
        assert.deepEqual(Array.from(found.nodes), plan.dp_indices, `plan ${i}`);
        close(found.cost, plan.dp_objective, tolerance, `objective of plan ${i}`);
        if (plan.dp_sigmas) close(found.times, plan.dp_sigmas, tolerance, `times of plan ${i}`);
        if (!plan.indices_with_afs) continue;
        const student = solverOf(inputs.solver_student, inputs.max_order);
        const whole = await gits(model, { ...options, steps, coefficient, student });
        close(whole.distances, plan.afs_distances!, tolerance, `distances of plan ${i}`);
        assert.deepEqual(whole.nodes, plan.indices_with_afs, `nodes of plan ${i}`);
        close(whole.times, plan.sigmas_with_afs!, tolerance, `times of plan ${i}, first step free`);
      }
    });
  }

  it("the dynamic programme by itself", () => {
    type Matrix = { readonly cost: number[][]; readonly plans: Plan[] };
    for (const { inputs, expected } of golden.cases<Matrix, { plans: Planned[] }>("dp_only")) {
      const { cost, plans } = inputs;
      const grid = {
        times: Float64Array.from(cost, (_, i) => cost.length - i),
        costs: cost.map((row) => Float64Array.from(row)),
      };
      assert.equal(plans.length, expected.plans.length);
      for (const [i, { num_stamps, coeff: coefficient }] of plans.entries()) {
        const found = gitsTimes(grid, num_stamps - 1, { coefficient }).at(-1)!;
        assert.deepEqual(Array.from(found.nodes), expected.plans[i]!.dp_indices, `plan ${i}`);
        close(found.cost, expected.plans[i]!.dp_objective, tolerance, `objective of plan ${i}`);
      }
    }
  });
});
