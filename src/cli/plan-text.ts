import { partText } from "../optimize/method-parts.ts";
import type { Plan } from "../plan.ts";
import { type Checked, callsText, methodText } from "./check-plan.ts";
import type { FoundPlan } from "./plan-search.ts";
import { shortNumber, textTable, withError } from "./table.ts";

/** A plan, what its check said if it was asked for, and where it was written. */
export interface PlanResult {
  readonly plan: Plan;
  readonly checked: Checked | undefined;
  readonly path: string | undefined;
}

/** Candidates that the text lists; the plan has all. */
const LISTED = 12;

/** Schedules found by measuring: what was found, what the search took, how the check went, what to do next. */
export function describeSchedules(reference: string, results: readonly PlanResult[]): string {
  const { search: found, model, selector } = results[0]!.plan;
  const rows = results.map(({ plan: { calls, search, schedule } }) => [
    String(calls),
    search.predictedNats ? withError(search.predictedNats) : "-",
    `${gridText(schedule)}${
      schedule.name === found.method ? "" : ` (${schedule.name}: none was clearly better)`
    }`,
  ]);
  const published = found.publishedEvaluations;
  return [
    `${model.name}: ${found.method} schedules${selector ? ` for the ${selector.name} order` : ""}`,
    textTable([["calls", "predicted nats", "schedule"], ...rows], { left: [2] }),
    "",
    `Search: ${found.sequences} sequences (${found.data}), ${found.evaluations} model evaluations${published ? ` (the published code makes ${published} for the same search)` : ""}, seed ${found.seed}`,
    ...results.flatMap(({ plan: { calls }, checked }) =>
      checked ? ["", ...describeCheck(calls, checked)] : [],
    ),
    "",
    written(
      reference,
      results.map(({ path }) => path),
    ),
  ].join("\n");
}

/** Plans chosen by sampling: the plan, the best of what it beat, the check against the plain methods. */
export function describeFound(
  reference: string,
  found: readonly (FoundPlan & { readonly path: string | undefined })[],
): string {
  return [
    ...found.flatMap(({ plan, search: { ranking, checked, scoredBy, evaluations }, resumed }) => {
      const { model, calls, sampler, selector, corrector, temperature, schedule, measured } = plan;
      const figures = Object.keys(checked[0]!.measured);
      const parts = [sampler, ...(selector ? [selector] : []), ...(corrector ? [corrector] : [])];
      return [
        `${model.name}, ${callsText(calls)}: ${parts.map(partText).join(", ")}${temperature === undefined ? "" : `, temperature ${temperature}`}`,
        `schedule ${schedule.name}: ${gridText(schedule)}`,
        "",
        `Score: ${scoredBy.length > 1 ? "geometric mean of " : ""}${scoredBy.join(", ")} (lower is better); ${ranking.length} candidates`,
        textTable(
          [
            ["candidate", "score", "sequences"],
            ...ranking
              .slice(0, LISTED)
              .map(({ name, score, rows }) => [name, shortNumber(score), String(rows)]),
          ],
          { left: [0] },
        ),
        ...(ranking.length > LISTED ? [`and ${ranking.length - LISTED} more`] : []),
        "",
        `Check on ${measured!.sequences} fresh sequences each:`,
        textTable(
          [
            ["method", ...figures],
            ...checked.map(({ name, measured: values }) => [
              name,
              ...figures.map((figure) => withError(values[figure]!)),
            ]),
          ],
          { left: [0] },
        ),
        `The plan is ${measured!.verdict}.`,
        `${evaluations} model evaluations${resumed > 0 ? `; went on from ${resumed} pieces of an interrupted search` : ""}`,
        "",
      ];
    }),
    written(
      reference,
      found.map(({ path }) => path),
    ),
  ].join("\n");
}

function gridText(schedule: Plan["schedule"]): string {
  return ("counts" in schedule ? schedule.counts : schedule.times.map(shortNumber)).join(" ");
}

function describeCheck(calls: number, checked: Checked): string[] {
  if ("unchecked" in checked) return [`Not checked at ${callsText(calls)}: ${checked.unchecked}.`];
  const { measure, better, sequences, plan, plain, verdict } = checked.measured;
  return [
    textTable([
      [`${sequences} sequences at ${callsText(calls)}`, `${measure} (${better} is better)`],
      ["this plan", withError(plan)],
      ...plain.map((each) => [methodText(each.schedule, each.selector), withError(each)]),
    ]),
    `The plan is ${verdict}.`,
  ];
}

function written(reference: string, paths: readonly (string | undefined)[]): string {
  const files = paths.filter((path) => path !== undefined);
  return files.length > 0
    ? `Written: ${files.join(", ")}. To use it: fewstep sample ${reference} --plan ${files[0]}`
    : "Nothing was written: --out plan.json keeps a plan for `fewstep sample --plan plan.json`.";
}
