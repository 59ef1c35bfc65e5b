import type { ContinuousPlan } from "../continuous/plan.ts";
import { parseContinuousPlan } from "../model/continuous-plan-file.ts";
import { parsePlan } from "../model/plan-file.ts";
import type { Plan } from "../plan.ts";
import { readJson } from "./read-json.ts";
import { writeFinished } from "./write-file.ts";

const LIMIT = 2 ** 22;

/** Reads and checks a plan. @throws Error with one sentence naming the file and the field that is wrong */
export async function readPlan(path: string): Promise<Plan> {
  return parsePlan(await readJson(path, { limit: LIMIT }), path);
}

/** The same for a continuous model. @throws Error with one sentence naming the file and the field that is wrong */
export async function readContinuousPlan(path: string): Promise<ContinuousPlan> {
  return parseContinuousPlan(await readJson(path, { limit: LIMIT }), path);
}

/** Writes a plan so that the file is either whole or not there. */
export async function writePlan(path: string, plan: Plan | ContinuousPlan): Promise<void> {
  const checked = "continuous" in plan ? parseContinuousPlan(plan, path) : parsePlan(plan, path);
  await writeFinished(path, `${JSON.stringify(checked, undefined, 1)}\n`);
}
