import * as z from "zod/mini";
import type { ContinuousPlan } from "../continuous/plan.ts";
import { checkSchema } from "./check-schema.ts";
import { checkPlanSpace } from "./model-space.ts";

const number = z.number("a number");
const whole = z.int("a whole number >= 0").check(z.minimum(0, "a whole number >= 0"));
const steps = z.int("a whole number >= 1").check(z.minimum(1, "a whole number >= 1"));
const text = z.string("text");
const part = z.intersection(z.object({ name: text }), z.record(text, z.union([number, text])));
const numbers = z.array(number, "a list of numbers");
const taylor = {
  from: z.exactOptional(whole),
  derivatives: z.exactOptional(z.array(z.array(whole, "a list of points"), "a list of lists")),
  relaxation: z.exactOptional(part),
};
const decisions = z.strictObject({
  guess: z.exactOptional(z.strictObject({ name: text, mean: z.exactOptional(numbers) })),
  steps: z.array(
    z.strictObject({
      expansion: text,
      ...taylor,
      corrector: z.exactOptional(
        z.strictObject({ ...taylor, again: z.exactOptional(z.boolean("true or false")) }),
      ),
    }),
    "a list of decisions",
  ),
});
const measured = { value: number, standardError: number };

/** The shape of a plan file for a continuous model. */
const planSchema = z.strictObject({
  format: z.literal("fewstep/plan"),
  version: z.literal(1),
  model: z.strictObject({ name: text, fingerprint: text, shape: z.array(whole, "a list of sizes") }),
  continuous: z.strictObject({
    solver: part,
    schedule: z.union(
      [
        z.strictObject({ name: text, from: z.exactOptional(number), to: z.exactOptional(number) }),
        z.strictObject({ times: numbers }),
      ],
      "a name, or a list of times",
    ),
    steps,
    calls: steps,
    ratios: z.exactOptional(numbers),
    decisions: z.exactOptional(decisions),
    denoise: z.exactOptional(z.boolean("true or false")),
    noise: z.exactOptional(part),
    guidance: z.exactOptional(number),
    search: z.exactOptional(
      z.strictObject({
        method: text,
        seed: whole,
        calls: whole,
        evaluations: whole,
        objective: z.strictObject({ before: number, after: number }, "a value before and after"),
      }),
    ),
    evidence: z.exactOptional(
      z.strictObject({
        measure: text,
        rows: whole,
        seed: whole,
        plan: z.strictObject(measured, "a value with its standardError"),
        others: z.exactOptional(z.array(z.strictObject({ ...measured, method: text }), "a list")),
        evaluations: z.exactOptional(whole),
        verdict: z.exactOptional(text),
      }),
    ),
  }),
});

/**
 * Checks what a plan file for a continuous model holds.
 *
 * @param value its JSON
 * @param path the file, as errors name it
 * @throws Error with one sentence naming the file and the field that is wrong
 */
export function parseContinuousPlan(value: unknown, path: string): ContinuousPlan {
  checkPlanSpace(value, "continuous", path);
  return checkSchema(planSchema as unknown as z.ZodMiniType<ContinuousPlan>, value, path);
}
