/** What a model's samples are: sequences of tokens, or vectors of numbers. */
export type ModelSpace = "discrete" | "continuous";

/** The space that a manifest is for, from its JSON alone. */
export function spaceOf(manifest: unknown): ModelSpace {
  return fieldOf(manifest, "space") === "continuous" ? "continuous" : "discrete";
}

/** The space that a plan is for, from its JSON alone. */
export function planSpace(plan: unknown): ModelSpace {
  return fieldOf(plan, "continuous") === undefined ? "discrete" : "continuous";
}

/** @throws Error if the manifest is of a continuous model */
export function discreteOnly(value: unknown, path: string): void {
  if (spaceOf(value) === "discrete") return;
  throw new Error(
    `${path}: this is a continuous model, and one of tokens is expected here; sample it with \`fewstep sample\` and \`--solver\`, or load it with loadContinuousModel`,
  );
}

/** @throws Error if the manifest is of a model of tokens */
export function continuousOnly(value: unknown, path: string): void {
  if (spaceOf(value) === "continuous") return;
  throw new Error(
    `${path}: this is a model of tokens, without "space": "continuous", and a continuous one is expected here; load it with loadModel`,
  );
}

/** @throws Error if it is a plan for a model of the other space; what is no plan at all its schema refuses */
export function checkPlanSpace(plan: unknown, space: ModelSpace, path: string): void {
  const found = planSpace(plan);
  if (found === space || fieldOf(plan, "format") !== "fewstep/plan") return;
  const named = { discrete: "a model of tokens", continuous: "a continuous model" };
  throw new Error(
    `${path}: this plan is for ${named[found]}, and one for ${named[space]} is expected here; run it on the model it was made for`,
  );
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
