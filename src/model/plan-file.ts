import * as z from "zod/mini";
import type { Plan } from "../plan.ts";
import { checkSchema } from "./check-schema.ts";
import { checkPlanSpace } from "./model-space.ts";

const number = z.number("a number");
const whole = z.int("a whole number >= 0").check(z.minimum(0, "a whole number >= 0"));
const text = z.string("text");
const part = z.intersection(z.object({ name: text }), z.record(text, z.union([number, text])));
const measured = { value: number, standardError: number };
const numbers = z.array(number, "a list of numbers");

/** The shape of a plan file. */
const planSchema = z.strictObject({
  format: z.literal("fewstep/plan"),
  version: z.literal(1),
  model: z.strictObject({ name: text, fingerprint: text, length: whole, vocabulary: whole }),
  process: part,
  noise: part,
  sampler: part,
  selector: z.exactOptional(part),
  corrector: z.exactOptional(part),
  temperature: z.exactOptional(number),
  schedule: z.union(
    [z.strictObject({ name: text, counts: numbers }), z.strictObject({ name: text, times: numbers })],
    "a name with a list of counts or of times",
  ),
  calls: whole,
  curve: z.exactOptional(
    z.strictObject({
      selector: text,
      length: whole,
      counts: numbers,
      entropy: numbers,
      standardError: numbers,
      crossEntropy: numbers,
      sequences: whole,
      evaluations: whole,
    }),
  ),
  search: z.strictObject({
    method: z.enum(["optimal", "jys", "bisect", "direct", "plan", "by hand"]),
    data: z.enum(["held out", "exact", "own samples"]),
    sequences: whole,
    seed: whole,
    evaluations: whole,
    publishedEvaluations: z.exactOptional(whole),
    predictedNats: z.exactOptional(z.strictObject(measured)),
    scoredBy: z.exactOptional(z.array(text)),
    candidates: z.exactOptional(z.array(z.strictObject({ name: text, score: number, rows: whole }))),
  }),
  measured: z.exactOptional(
    z.strictObject({
      measure: text,
      better: z.enum(["lower", "higher", "neither"]),
      sequences: whole,
      seed: whole,
      plan: z.strictObject(measured),
      plain: z.array(z.strictObject({ ...measured, schedule: text, selector: text })),
      wins: z.boolean("true or false"),
      verdict: text,
    }),
  ),
});

/**
 * Checks what a plan file holds.
 *
 * @param value its JSON
 * @param path the file, as errors name it
 * @throws Error with one sentence naming the file and the field that is wrong
 */
export function parsePlan(value: unknown, path: string): Plan {
  checkPlanSpace(value, "discrete", path);
  return checkSchema(planSchema as unknown as z.ZodMiniType<Plan>, value, path);
}
