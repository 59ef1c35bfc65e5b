import { z } from "zod";
import type { Plan } from "../plan.ts";
import { checkSchema } from "./check-schema.ts";
import { readJson } from "./read-json.ts";
import { writeFinished } from "./write-file.ts";

const number = z.number("a number");
const whole = z.int("a whole number >= 0").min(0, "a whole number >= 0");
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
  selector: part.exactOptional(),
  corrector: part.exactOptional(),
  temperature: number.exactOptional(),
  schedule: z.union(
    [z.strictObject({ name: text, counts: numbers }), z.strictObject({ name: text, times: numbers })],
    "a name with a list of counts or of times",
  ),
  calls: whole,
  curve: z
    .strictObject({
      selector: text,
      length: whole,
      counts: numbers,
      entropy: numbers,
      standardError: numbers,
      crossEntropy: numbers,
      sequences: whole,
      evaluations: whole,
    })
    .exactOptional(),
  search: z.strictObject({
    method: z.enum(["optimal", "jys", "bisect", "direct", "plan"]),
    data: z.enum(["held out", "exact", "own samples"]),
    sequences: whole,
    seed: whole,
    evaluations: whole,
    publishedEvaluations: whole.exactOptional(),
    predictedNats: z.strictObject(measured).exactOptional(),
    scoredBy: z.array(text).exactOptional(),
    candidates: z.array(z.strictObject({ name: text, score: number, rows: whole })).exactOptional(),
  }),
  measured: z
    .strictObject({
      measure: text,
      better: z.enum(["lower", "higher", "neither"]),
      sequences: whole,
      seed: whole,
      plan: z.strictObject(measured),
      plain: z.array(z.strictObject({ ...measured, schedule: text, selector: text })),
      wins: z.boolean("true or false"),
      verdict: text,
    })
    .exactOptional(),
});

/** Reads and checks a plan. @throws Error with one sentence naming the file and the field that is wrong */
export async function readPlan(path: string): Promise<Plan> {
  return checkSchema(
    planSchema as unknown as z.ZodType<Plan>,
    await readJson(path, { limit: 2 ** 22 }),
    path,
  );
}

/** Writes a plan so that the file is either whole or not there. */
export async function writePlan(path: string, plan: Plan): Promise<void> {
  await writeFinished(path, `${JSON.stringify(checkSchema(planSchema, plan, path), undefined, 1)}\n`);
}
