import { Command, InvalidArgumentError, Option } from "commander";
import { makePart, type NamedPart, parsePart } from "../make-part.ts";
import type { Model } from "../model/model.ts";
import { modelMeasures } from "../model/model-measures.ts";
import { modelSpace } from "../node/model-folder.ts";
import { writePlan } from "../node/plan-file.ts";
import { checkPlace } from "../node/write-file.ts";
import type { SearchMethod } from "../optimize/find-schedules.ts";
import { selectors } from "../parts.ts";
import type { Plan } from "../plan.ts";
import { checkPlan } from "./check-plan.ts";
import type { ContinuousOptimizeOptions } from "./continuous/optimize-continuous.ts";
import { refuseOtherSpace } from "./continuous/other-space.ts";
import { optionTexts, searchNames } from "./continuous/search-names.ts";
import { identity } from "./identity.ts";
import { numbered } from "./numbered.ts";
import { natural, noneOrSeveral, part, positive, real, shared, stepList } from "./options.ts";
import { type FoundPlan, findPlan } from "./plan-search.ts";
import { describeFound, describeSchedules, type PlanResult } from "./plan-text.ts";
import { search, searchMethods } from "./schedules.ts";
import { checkSteps, type Session, withModel } from "./session.ts";

interface OptimizeOptions extends ContinuousOptimizeOptions {
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
        `of choosing a schedule. optimal: dynamic programming on one measurement of the model; jys: as published; bisect: its exact-kernel form; direct: by sampling (default: optimal with a mask, direct without). Of continuous models ${optionTexts} (default: s3)`,
      )
        .choices([...searchMethods, "direct", ...searchNames])
        .conflicts("calls"),
    )
    .addOption(shared.select().conflicts("calls"))
    .addOption(shared.sampler().conflicts("calls"))
    .addOption(
      new Option(
        "--solver <part>",
        "continuous: the solver whose steps are spent (default: the one that the method was made for)",
      ).argParser(part),
    )
    .addOption(new Option("--label <n>", "continuous: samples of this class").argParser(natural))
    .addOption(
      new Option("--guidance <x>", "continuous: scale of the guidance towards --label").argParser(real),
    )
    .addOption(
      new Option("--candidates <n>", "continuous: solvers that s3 looks at").argParser(positive).default(200),
    )
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
      "\nA search by sampling keeps what it has done beside the plan (FILE.search) until it is finished: interrupted and started again, it goes on.\n\nExamples:\n  fewstep optimize text --calls 6 --out plan.json\n  fewstep optimize bach --calls 8,16 --prefix 32\n  fewstep optimize text --steps 8 --out plan.json\n  fewstep optimize digits --steps 4,8\n  fewstep optimize countdown --steps 4,8,16 --select random\n  fewstep optimize mixture --method gits --steps 5,10\n  fewstep optimize mixture --method dc --label 0 --guidance 7.5 --steps 5 --out plan.json\n  fewstep optimize letters --method jys --select independent --sequences 1024",
    )
    .action(async (reference: string, options: OptimizeOptions, command: Command) => {
      if ((await modelSpace(reference)) === "continuous") {
        const { optimizeContinuous } = await import("./continuous/optimize-continuous.ts");
        return optimizeContinuous(reference, options, command);
      }
      refuseOtherSpace(command, "discrete", reference);
      if (options.method && (searchNames as readonly string[]).includes(options.method)) {
        throw new InvalidArgumentError(
          `the method ${options.method} chooses times of the flow of a continuous model, and "${reference}" is a model of tokens; use one of ${[...searchMethods, "direct"].join(", ")}`,
        );
      }
      return withModel(reference, options, (session) => {
        const { model } = session;
        const method = options.method ?? (model.process.mask === undefined ? "direct" : "optimal");
        if (options.calls) return bySampling(session, { reference, options, numbers: options.calls });
        const numbers = options.steps ?? [8];
        return method === "direct"
          ? bySampling(session, { reference, options, numbers, parts: directParts(model, options) })
          : byMeasuring(session, { reference, options, numbers, method });
      });
    });
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
