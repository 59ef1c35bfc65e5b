import { parseJson } from "../model/files.ts";
import type { Model } from "../model/model.ts";
import { parsePlan } from "../model/plan-file.ts";
import { type Plan, planOptions } from "../plan.ts";

/**
 * Reads a plan file's text for a model. A plan for the network's main file is taken for its smaller one too, and the
 * other way round: they are the same model.
 *
 * @param options.where the file, as errors name it
 * @throws Error with one sentence if it is no plan, damaged, or for another model
 */
export function readPlan(text: string, { where, model }: { where: string; model: Model }): Plan {
  const plan = parsePlan(parseJson(text, { where, caller: "readPlan" }), where);
  const { name, process, denoiser, manifest } = model;
  const { length, vocabulary } = denoiser;
  const own = [model.fingerprint, manifest?.sha256, manifest?.small?.sha256];
  const fingerprint = own.find((each) => each === plan.model.fingerprint) ?? model.fingerprint;
  // Throws where the plan does not fit.
  planOptions(plan, { name, fingerprint, length, vocabulary, process });
  return plan;
}
