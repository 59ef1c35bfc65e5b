import type { z } from "zod";

/** What is used of a schema, zod's or zod/mini's. */
interface Schema<T> {
  safeParse(
    value: unknown,
  ):
    | { readonly success: true; readonly data: T }
    | { readonly success: false; readonly error: { readonly issues: readonly z.core.$ZodIssue[] } };
}

/**
 * Checks a value read from a file against a schema.
 *
 * @param where the file, as errors name it
 * @throws Error with one sentence on the first field that is wrong: its name, what it is, what was expected
 */
export function checkSchema<T>(schema: Schema<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Error(`${where}: ${describe(result.error.issues[0]!, value)}`);
}

function describe(issue: z.core.$ZodIssue, value: unknown): string {
  const field = issue.path.map(String).join(".") || "the whole file";
  if (issue.code === "unrecognized_keys") {
    const key = [...issue.path, issue.keys[0]!].map(String).join(".");
    return `the field "${key}" is not known; remove it or correct its name`;
  }
  const found = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  const got = found === undefined ? "is missing" : `is ${shown(found)}`;
  return `${field} ${got}; expected ${expectation(issue)}`;
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_value") return issue.values.map((value) => JSON.stringify(value)).join(" or ");
  if (issue.code === "invalid_union" && "options" in issue) {
    return (issue.options as unknown[]).map((option) => JSON.stringify(option)).join(" or ");
  }
  // A message of the schema's own says what is expected; zod's own begin with "Invalid" or "Too".
  if (!/^(Invalid|Too|Unrecognized)/.test(issue.message)) return issue.message;
  return issue.code === "invalid_type" ? `a value of type ${issue.expected}` : issue.message;
}

function shown(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value);
  } catch {
    return "a value nested too deep to show"; // The stack ended, some thousands deep.
  }
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
