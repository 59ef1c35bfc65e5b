import { type Command, InvalidArgumentError } from "commander";
import { type ContinuousPlan, continuousPlan } from "../../continuous/plan.ts";
import type { NamedPart } from "../../make-part.ts";
import { writePlan } from "../../node/plan-file.ts";
import { checkPlace } from "../../node/write-file.ts";
import { callsText } from "../check-plan.ts";
import { numbered } from "../numbered.ts";
import { shortNumber, textTable, withError } from "../table.ts";
import { modelAsked } from "./asked.ts";
import { checkMethod } from "./check-method.ts";
import { withContinuousModel } from "./continuous-session.ts";
import { refuseOtherSpace } from "./other-space.ts";
import { methodName } from "./run-solver.ts";
import { searchNames } from "./search-names.ts";
import { searches } from "./searches.ts";

/** What `fewstep optimize` reads of its options where the model is continuous. */
export interface ContinuousOptimizeOptions {
  readonly steps?: readonly number[];
  readonly calls?: readonly number[];
  readonly method?: string;
  readonly solver?: NamedPart;
  /** Another name of --solver. */
  readonly sampler?: NamedPart;
  readonly label?: number;
  readonly guidance?: number;
  readonly candidates: number;
  readonly check: number;
  readonly seed: number;
  readonly threads?: number;
  readonly out?: string;
  readonly json?: boolean;
}

/** Searches start from points that no check and no sample of a small seed has. */
const SEARCH_SEED = 2 ** 39;

/** Rows of a check unless the command line says otherwise. */
const CHECKED = { exact: 512, network: 128 };

/** `fewstep optimize MODEL` for a continuous model. */
export async function optimizeContinuous(
  reference: string,
  options: ContinuousOptimizeOptions,
  command: Command,
): Promise<void> {
  refuseOtherSpace(command, "continuous", reference);
  const { method = "s3", seed, out, label, candidates } = options;
  const numbers = options.calls ?? options.steps ?? [8];
  const solver = options.solver ?? options.sampler;
  const name = searchNames.find((each) => each === method);
  if (!name) {
    throw new InvalidArgumentError(
      `the method ${method} counts the tokens that every call reveals, and a continuous model reveals none; use one of ${searchNames.join(", ")}`,
    );
  }
  const path = (calls: number): string | undefined =>
    out && (numbers.length > 1 ? numbered(out, calls) : out);
  for (const calls of numbers) if (path(calls)) checkPlace(path(calls)!);
  await withContinuousModel(reference, options, async ({ model: loaded, progress, print }) => {
    const model = modelAsked(loaded, { label, scale: options.guidance });
    const set = command.getOptionValueSource("check") === "cli";
    const rows = set ? options.check : model.exact ? CHECKED.exact : CHECKED.network;
    const results: Result[] = [];
    for (const calls of numbers) {
      const started = performance.now();
      const what = `${method}, ${callsText(calls)}`;
      progress.update(what, 0);
      const found = await searches[name](model, {
        ...{ calls, candidates, seed: SEARCH_SEED + seed },
        ...(solver ? { solver } : {}),
        progress: (share) => progress.update(what, share),
      });
      const seconds = (performance.now() - started) / 1000;
      const { objective, evaluations } = found;
      const checked =
        rows > 0
          ? await checkMethod(model, found.method, { ...{ calls, rows, seed }, progress: progress.update })
          : undefined;
      const plan = continuousPlan(model, {
        method: checked?.method ?? found.method,
        ...(options.guidance === undefined ? {} : { guidance: options.guidance }),
        search: { method, seed, calls: found.calls, evaluations, objective },
        ...(checked ? { evidence: { ...checked.evidence, evaluations } } : {}),
      });
      const file = path(calls);
      if (file) await writePlan(file, plan);
      results.push({ plan, seconds, path: file });
    }
    const plans = results.map(({ plan }) => plan);
    print(plans.length === 1 ? plans[0] : plans, () => results.map(describe).join("\n\n"));
  });
}

interface Result {
  readonly plan: ContinuousPlan;
  readonly seconds: number;
  readonly path: string | undefined;
}

/** Plain methods that the text lists; the plan has all. */
const LISTED = 6;

function describe({ plan: { model, continuous }, seconds, path }: Result): string {
  const { search, evidence, calls, schedule, ratios } = continuous;
  const { objective, evaluations } = search!;
  const twice = continuous.guidance === undefined ? "" : ", each of two calls of the guided model";
  const others = evidence?.others ?? [];
  return [
    `${model.name}, ${callsText(calls)}${twice}: ${methodName(continuous)}`,
    ...("times" in schedule ? [`times ${schedule.times.map((t) => shortNumber(t)).join(" ")}`] : []),
    ...(ratios ? [`ratios ${ratios.map((ratio) => shortNumber(ratio)).join(" ")}`] : []),
    "",
    `Search by ${search!.method}: objective ${shortNumber(objective.before)} to ${shortNumber(objective.after)}, ${evaluations} model evaluations, ${seconds.toFixed(1)} s`,
    ...(evidence
      ? [
          "",
          textTable([
            ["", evidence.measure],
            ["the plan", withError(evidence.plan)],
            ...others.slice(0, LISTED).map((each) => [each.method, withError(each)]),
          ]),
          "",
          `Check on ${evidence.rows} fresh samples: ${evidence.verdict}.`,
        ]
      : []),
    "",
    path ? `Plan: ${path}` : "To keep the plan: --out plan.json",
  ].join("\n");
}
