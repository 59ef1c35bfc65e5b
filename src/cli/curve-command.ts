import { Command, InvalidArgumentError, Option } from "commander";
import { makePart, parsePart } from "../make-part.ts";
import { type Measured, meanOf } from "../measures/measured.ts";
import { searchData } from "../model/model-measures.ts";
import { checkPlace, writeFinished } from "../node/write-file.ts";
import {
  curveLevels,
  curveOf,
  fullCurve,
  type InformationCurve,
  revealPaths,
} from "../optimize/information-curve.ts";
import { optimalSchedules } from "../optimize/optimal-schedule.ts";
import { hasCurveOfItsOwn, natsPredictor } from "../optimize/predicted-nats.ts";
import { selectors } from "../parts.ts";
import { nonNegative, shared } from "./options.ts";
import { isPowerOfTwo } from "./schedules.ts";
import { withModel } from "./session.ts";
import { ROUND_OFF, shortNumber, textTable, withError } from "./table.ts";

interface CurveOptions {
  readonly select: string;
  readonly sequences: number;
  readonly levels: number;
  readonly seed: number;
  readonly batch: number;
  readonly threads?: number;
  readonly small?: boolean;
  readonly tolerance?: number;
  readonly out?: string;
  readonly json?: boolean;
}

/** Rows of the printed curve, at most, and the width of its longest bar. */
const ROWS = 16;
const BAR = 30;

/** `fewstep curve MODEL` */
export function curveCommand(): Command {
  return new Command("curve")
    .description("measure a model's information curve and say what a budget of calls buys")
    .argument("<model>", "a model that ships, a model folder, or chain:FILE.json")
    .addOption(shared.select("random"))
    .addOption(shared.sequences(64, "sequences to follow"))
    .addOption(shared.levels())
    .addOption(shared.seed())
    .addOption(shared.batch())
    .addOption(shared.threads())
    .addOption(shared.small())
    .addOption(
      new Option("--tolerance <nats>", "say how many calls keep the loss per sequence below this").argParser(
        nonNegative,
      ),
    )
    .option("--out <file>", "write the curve as JSON")
    .addOption(shared.json())
    .addHelpText(
      "after",
      "\nExamples:\n  fewstep curve text\n  fewstep curve countdown --tolerance 5\n  fewstep curve chain:my-chain.json --json",
    )
    .action((reference: string, options: CurveOptions) =>
      withModel(reference, options, async ({ model, progress, print }) => {
        if (model.process.mask === undefined) {
          throw new InvalidArgumentError(
            `the information curve is that of masked tokens and the process ${model.process.name} of "${model.name}" has no mask; \`fewstep optimize ${reference}\` finds schedules for it`,
          );
        }
        if (options.out) checkPlace(options.out);
        const { seed, batch, sequences } = options;
        const { length } = model.denoiser;
        const selector = makePart("selector", selectors, parsePart(options.select));
        const foreseeable = hasCurveOfItsOwn(selector);
        if (!foreseeable && options.tolerance !== undefined) {
          throw new InvalidArgumentError(
            `--tolerance was set, and what a number of calls loses in ${selector.name} order depends on the steps; use --select random`,
          );
        }
        const data = await searchData(model, { count: sequences, seed, batch });
        const settings = { data: data.tokens, noise: model.noise, selector, seed, batch };
        const paths = await revealPaths(model.denoiser, {
          ...settings,
          counts: curveLevels(length, options.levels),
          progress: ({ evaluations, total }) => progress.update("information curve", evaluations / total),
        });
        const curve = curveOf(paths);
        const predict = natsPredictor(model.denoiser, { ...settings, paths, sequences: 0 });
        const budgets = foreseeable ? await budgetsOf(curve, predict, options.tolerance) : undefined;
        const found = { model: model.name, data: data.origin, curve, ...budgets };
        if (options.out) await writeFinished(options.out, `${JSON.stringify(found)}\n`);
        print(found, () =>
          [
            describeCurve(model.name, curve),
            "",
            ...(budgets
              ? describeBudgets(budgets)
              : [
                  `What a number of calls loses in ${curve.selector} order depends on the steps; to measure it:`,
                  `fewstep optimize ${reference} --select ${curve.selector} --steps 4,8,16`,
                ]),
            "",
            `${curve.sequences} sequences (${data.origin}), ${curve.evaluations} model evaluations, seed ${seed}`,
            ...(options.out ? [`Written: ${options.out}`] : []),
          ].join("\n"),
        );
      }),
    );
}

/** Nats per sequence that the best schedule of so many calls loses against one token a call. */
interface Budget extends Measured {
  readonly calls: number;
}

interface Budgets {
  readonly entropyOfData: number;
  /** For 1, 2, 4, ... calls and one token a call. */
  readonly budgets: readonly Budget[];
  readonly tolerance?: number;
  /** The fewest calls predicted to stay within the tolerance; absent if more than were looked at. */
  readonly enough?: Budget;
}

/** Numbers of calls that are looked at, at most: the dynamic program takes D^2 operations each. */
const MOST_CALLS = 512;

async function budgetsOf(
  curve: InformationCurve,
  predict: ReturnType<typeof natsPredictor>,
  tolerance: number | undefined,
): Promise<Budgets> {
  const { length } = curve;
  const full = fullCurve(curve);
  const budgets: Budget[] = [];
  let enough: Budget | undefined;
  for (const { steps: calls, counts } of optimalSchedules(full, Math.min(length, MOST_CALLS))) {
    const wanted = isPowerOfTwo(calls) || calls === length;
    if (!wanted && (tolerance === undefined || enough)) continue;
    const budget = { calls, ...meanOf((await predict(counts)) ?? []) };
    if (wanted) budgets.push(budget);
    if (tolerance !== undefined && budget.value <= tolerance + ROUND_OFF) enough ??= budget;
  }
  const entropyOfData = full.reduce((sum, value) => sum + value, 0);
  return {
    entropyOfData,
    budgets,
    ...(tolerance === undefined ? {} : { tolerance }),
    ...(enough ? { enough } : {}),
  };
}

function describeCurve(
  name: string,
  { counts, entropy, standardError, length, selector }: InformationCurve,
): string {
  const every = Math.ceil(counts.length / ROWS);
  const highest = Math.max(...entropy);
  const rows = counts.flatMap((count, i) => {
    if (i % every !== 0) return [];
    const bar = "#".repeat(Math.round((BAR * entropy[i]!) / highest));
    return [[String(count), entropy[i]!.toFixed(4), standardError[i]!.toFixed(4), bar]];
  });
  return [
    `${name}: entropy of a masked token while a sequence of ${length} is revealed (${selector} order)`,
    textTable([["revealed", "nats", "± s.e.", ""], ...rows], { left: [3] }),
  ].join("\n");
}

function describeBudgets({ entropyOfData, budgets, tolerance, enough }: Budgets): string[] {
  const answer = enough ? `${enough.calls} (${withError(enough)})` : `more than ${MOST_CALLS}`;
  return [
    `What the best schedule loses against one token a call (${shortNumber(entropyOfData)} nats per sequence):`,
    textTable([
      ["calls", "nats lost"],
      ...budgets.map((budget) => [String(budget.calls), withError(budget)]),
    ]),
    ...(tolerance === undefined ? [] : ["", `Calls for at most ${tolerance} nats lost: ${answer}`]),
  ];
}
