import { Command, InvalidArgumentError, Option } from "commander";
import { makePart, type NamedPart, parsePart } from "../make-part.ts";
import { modelMeasures } from "../model/model-measures.ts";
import { checkPlace, type Model } from "../node/index.ts";
import { writePlan } from "../node/plan-file.ts";
import type { SearchMethod } from "../optimize/find-schedules.ts";
import { selectors } from "../parts.ts";
import type { Plan } from "../plan.ts";
import { checkPlan } from "./check-plan.ts";
import { identity } from "./identity.ts";
import { noneOrSeveral, positive, shared, stepList } from "./options.ts";
import { type FoundPlan, findPlan } from "./plan-search.ts";
import { describeFound, describeSchedules, type PlanResult } from "./plan-text.ts";
import { search, searchMethods } from "./schedules.ts";
import { checkSteps, type Session, withModel } from "./session.ts";

interface OptimizeOptions {
  readonly calls?: readonly number[];
  readonly steps?: readonly number[];
  readonly method?: SearchMethod | "direct";
  readonly select?: string;
  readonly sampler?: NamedPart;
  readonly process?: NamedPart;
  readonly noise?: NamedPart;
  readonly prefix: number;
  readonly budget: number;
  readonly sequences: number;
  readonly levels: number;
  readonly check: number;
  readonly seed: number;
  readonly batch: number;
  readonly threads?: number;
  readonly small?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

/** Sequences that the measurements behind a search by sampling look at: fewer, as sampling decides in the end. */
const MEASURED = 16;

/** `fewstep optimize MODEL` */
export function optimizeCommand(): Command {
  return new Command("optimize")
    .description(
      "choose how to spend a number of model calls: the whole plan by sampling, or the schedule alone; check it, write it",
    )
    .argument("<model>", "a model that ships, a model folder, or chain:FILE.json")
    .addOption(
      new Option(
        "--calls <list>",
        "choose sampler, selector, schedule, corrector and temperature for so many model calls, by sampling with each",
      ).argParser(stepList),
    )
    .addOption(
      new Option("--steps <list>", "choose the schedule alone for so many steps (default: 8)")
        .argParser(stepList)
        .conflicts("calls"),
    )
    .addOption(
      new Option(
        "--method <name>",
        "of choosing a schedule. optimal: dynamic programming on one measurement of the model; jys: as published; bisect: its exact-kernel form; direct: by sampling (default: optimal with a mask, direct without)",
      )
        .choices([...searchMethods, "direct"])
        .conflicts("calls"),
    )
    .addOption(shared.select().conflicts("calls"))
    .addOption(shared.sampler().conflicts("calls"))
    .addOption(shared.process())
    .addOption(shared.noise())
    .addOption(shared.prefix())
    .addOption(
      new Option("--budget <n>", "sequences that a search by sampling sends through the model, about")
        .argParser(positive)
        .default(16000),
    )
    .addOption(shared.sequences(64, "sequences a measurement looks at (Jump Your Steps published 1024)"))
    .addOption(shared.levels())
    .addOption(
      new Option("--check <n>", "sequences per method to check the plan by sampling; 0 skips the check")
        .argParser(noneOrSeveral)
        .default(64),
    )
    .addOption(shared.seed())
    .addOption(shared.batch())
    .addOption(shared.threads())
    .addOption(shared.small())
    .option(
      "--out <file>",
      "write the plan; with several numbers plan.json becomes plan-4.json, ... (default with --calls: MODEL-CALLS.plan.json)",
    )
    .addOption(shared.json())
    .addHelpText(
      "after",
      "\nA search by sampling keeps what it has done beside the plan (FILE.search) until it is finished: interrupted and started again, it goes on.\n\nExamples:\n  fewstep optimize text --calls 6 --out plan.json\n  fewstep optimize bach --calls 8,16 --prefix 32\n  fewstep optimize text --steps 8 --out plan.json\n  fewstep optimize digits --steps 4,8\n  fewstep optimize countdown --steps 4,8,16 --select random\n  fewstep optimize letters --method jys --select independent --sequences 1024",
    )
    .action((reference: string, options: OptimizeOptions) =>
      withModel(reference, options, (session) => {
        const { model } = session;
        const method = options.method ?? (model.process.mask === undefined ? "direct" : "optimal");
        if (options.calls) return bySampling(session, { reference, options, numbers: options.calls });
        const numbers = options.steps ?? [8];
        return method === "direct"
          ? bySampling(session, { reference, options, numbers, parts: directParts(model, options) })
          : byMeasuring(session, { reference, options, numbers, method });
      }),
    );
}

/** What a schedule is chosen for: the parts named, else the ones that serve the process best. */
function directParts(
  { process }: Model,
  { sampler, select }: OptimizeOptions,
): { sampler: NamedPart; selector?: NamedPart } {
  if (process.mask === undefined) return { sampler: sampler ?? { name: "systematic-ancestral" } };
  const selector = parsePart(select ?? "stratified");
  return sampler
    ? { sampler, ...(select ? { selector } : {}) }
    : { sampler: { name: "ancestral" }, selector };
}

interface Request {
  readonly reference: string;
  readonly options: OptimizeOptions;
  readonly numbers: readonly number[];
}

/** Whole plans, or with `parts` schedules, chosen by sampling with every candidate. */
async function bySampling(
  { model, progress, print }: Session,
  { reference, options, numbers, parts }: Request & { parts?: { sampler: NamedPart; selector?: NamedPart } },
): Promise<void> {
  const { out, seed, batch, budget, check, levels, prefix } = options;
  checkSteps(numbers, { length: model.denoiser.length });
  if (check < 2) {
    throw new InvalidArgumentError(
      "--check 0 was asked for, and a search by sampling ends with a check; use at least 2 sequences",
    );
  }
  const path = (calls: number): string | undefined =>
    out === undefined
      ? parts
        ? undefined
        : `${reference.replace(/[^a-z0-9-]+/gi, "-")}-${calls}.plan.json`
      : numbers.length > 1
        ? numbered(out, calls)
        : out;
  for (const calls of numbers) if (path(calls)) checkPlace(path(calls)!);
  const found: (FoundPlan & { path: string | undefined })[] = [];
  for (const calls of numbers) {
    const file = path(calls);
    const each = await findPlan(model, {
      ...{ calls, budget, check, seed, batch, levels, prefix, progress },
      sequences: Math.min(options.sequences, MEASURED),
      ...(parts ? { parts } : {}),
      ...(file ? { journal: `${file}.search` } : {}),
    });
    if (file) await writePlan(file, each.plan);
    found.push({ ...each, path: file });
  }
  const plans = found.map(({ plan }) => plan);
  print(plans.length === 1 ? plans[0] : plans, () => describeFound(reference, found));
}

/** Schedules found by measuring the model, for its selector and ancestral steps. */
async function byMeasuring(
  { model, progress, print }: Session,
  { reference, options, numbers: steps, method }: Request & { method: SearchMethod },
): Promise<void> {
  const { seed, batch, check, out } = options;
  const masked = model.process.mask !== undefined;
  if (options.sampler) {
    throw new InvalidArgumentError(
      `--sampler was set, and the method ${method} is for ancestral steps; use --method direct, or --calls`,
    );
  }
  checkSteps(steps, { length: model.denoiser.length, method });
  const paths = new Map(steps.map((n) => [n, out && (steps.length > 1 ? numbered(out, n) : out)]));
  for (const path of paths.values()) if (path) checkPlace(path);
  const part = masked ? parsePart(options.select ?? "stratified") : undefined;
  const selector = part ? { selector: makePart("selector", selectors, part) } : {};
  const found = await search(model, { steps, method, ...selector }, { ...options, progress });
  const measures = await modelMeasures(model, found.data);
  const results: PlanResult[] = [];
  for (const { steps: n, schedule, values, predictedNats } of found.schedules) {
    const plan: Plan = {
      format: "fewstep/plan",
      version: 1,
      model: identity(model),
      process: model.processDescription,
      noise: model.noiseDescription,
      sampler: { name: "ancestral" },
      ...(part ? { selector: part } : {}),
      schedule: { name: schedule.name, ...values },
      calls: n,
      ...(found.curve ? { curve: found.curve } : {}),
      search: {
        method,
        data: found.data.origin,
        sequences: found.sequences,
        seed,
        evaluations: found.evaluations + found.data.evaluations,
        ...(found.publishedEvaluations === undefined
          ? {}
          : { publishedEvaluations: found.publishedEvaluations }),
        ...(predictedNats === undefined ? {} : { predictedNats }),
      },
    };
    const checked =
      check === 0
        ? undefined
        : await checkPlan(model, plan, { measures, sequences: check, seed, batch, progress });
    const whole = checked && "measured" in checked ? { ...plan, measured: checked.measured } : plan;
    const path = paths.get(n);
    if (path) await writePlan(path, whole);
    results.push({ plan: whole, checked, path });
  }
  const plans = results.map(({ plan }) => plan);
  print(plans.length === 1 ? plans[0] : plans, () => describeSchedules(reference, results));
}

function numbered(path: string, steps: number): string {
  return /\.json$/i.test(path) ? path.replace(/\.json$/i, `-${steps}.json`) : `${path}-${steps}`;
}
