import { parsePlan } from "../model/plan-file.ts";
import type { Plan } from "../plan.ts";
import { readJson } from "./read-json.ts";
import { writeFinished } from "./write-file.ts";

/** Reads and checks a plan. @throws Error with one sentence naming the file and the field that is wrong */
export async function readPlan(path: string): Promise<Plan> {
  return parsePlan(await readJson(path, { limit: 2 ** 22 }), path);
}

/** Writes a plan so that the file is either whole or not there. */
export async function writePlan(path: string, plan: Plan): Promise<void> {
  await writeFinished(path, `${JSON.stringify(parsePlan(plan, path), undefined, 1)}\n`);
}
