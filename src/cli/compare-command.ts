import { Command, InvalidArgumentError, Option } from "commander";
import type { NamedPart } from "../make-part.ts";
import { modelSpace } from "../node/model-folder.ts";
import { checkPlace, writeFinished } from "../node/write-file.ts";
import { selectors } from "../parts.ts";
import { refuseOtherSpace } from "./continuous/other-space.ts";
import { continuousMethods } from "./continuous/solver-names.ts";
import { natural, part, positive, real, several, shared } from "./options.ts";
import { halves, isPowerOfTwo, scheduleNames } from "./schedules.ts";
import { checkSteps, withModel } from "./session.ts";
import { runStudy } from "./study.ts";
import type { MethodName } from "./study-runs.ts";
import { studyTable } from "./study-text.ts";

/** Every method that `compare` runs unless told otherwise. */
const METHODS =
  "uniform/random,cosine/random,uniform/confidence,jys/independent,bisect/random,optimal/random,uniform/stratified,optimal/stratified";

/** The same for processes without a mask. */
const UNMASKED =
  "uniform/-,cosine/-,jys/-,optimal/-,uniform/-/systematic-ancestral,uniform/-/psi:kappa=0.9,uniform/-/tau-leaping,uniform/-/theta-trapezoidal";

interface CompareOptions {
  readonly steps: readonly number[];
  readonly methods?: string;
  readonly process?: NamedPart;
  readonly noise?: NamedPart;
  readonly prefix: number;
  readonly count: number;
  readonly seeds: number;
  readonly seed: number;
  readonly sequences: number;
  readonly levels: number;
  readonly batch: number;
  readonly threads?: number;
  readonly small?: boolean;
  readonly out: string;
  readonly json?: boolean;
}

/** `fewstep compare MODEL` */
export function compareCommand(): Command {
  return new Command("compare")
    .description("run every method at equal model calls, measure the samples, write a report")
    .argument("<model>", "a model that ships, a model folder, or chain:FILE.json")
    .addOption(shared.steps([4, 8, 16]))
    .addOption(
      new Option(
        "--methods <list>",
        `schedule/selector/sampler/corrector, later ones as wanted, - for no selector; plan/- is what \`optimize --calls\` chooses (default: ${METHODS}; without a mask ${UNMASKED}); of continuous models solver/schedule (default: ${continuousMethods})`,
      ),
    )
    .addOption(
      new Option("--count <n>", "sequences per method, calls and seed").argParser(several).default(64),
    )
    .addOption(
      new Option("--seeds <n>", "seeds, from --seed on; with several, errors are between seeds")
        .argParser(positive)
        .default(1),
    )
    .addOption(new Option("--label <n>", "continuous: samples of this class").argParser(natural))
    .addOption(
      new Option("--guidance <x>", "continuous: scale of the guidance towards --label").argParser(real),
    )
    .addOption(shared.process())
    .addOption(shared.noise())
    .addOption(shared.prefix())
    .addOption(shared.seed())
    .addOption(shared.sequences(64, "sequences a schedule search looks at"))
    .addOption(shared.levels())
    .addOption(shared.batch())
    .addOption(shared.threads())
    .addOption(shared.small())
    .option("--out <file>", "the report, one self-contained HTML file", "fewstep-report.html")
    .addOption(shared.json())
    .addHelpText(
      "after",
      "\nExamples:\n  fewstep compare countdown --steps 4,8,16 --count 512\n  fewstep compare text --methods uniform/random,uniform/stratified --steps 8,32 --seeds 4\n  fewstep compare letters --json > letters.json\n  fewstep compare letters --process uniform --methods uniform/-,uniform/-/theta-trapezoidal:theta=0.4\n  fewstep compare mixture --steps 5,10,20\n  fewstep compare mixture --methods ddim/time-quadratic,unipc:order=3/log-snr --steps 5,10,20,40\n  fewstep compare bach --prefix 32 --methods uniform/-,plan/- --steps 8,16 --count 128",
    )
    .action(async (reference: string, options: CompareOptions, command: Command) => {
      if ((await modelSpace(reference)) === "continuous") {
        const { compareContinuous } = await import("./continuous/compare-continuous.ts");
        return compareContinuous(reference, options, command);
      }
      refuseOtherSpace(command, "discrete", reference);
      return withModel(reference, options, async ({ model, progress, print }) => {
        const { steps, out, seed, seeds } = options;
        checkSteps(steps, { length: model.denoiser.length });
        checkPlace(out);
        const methods = methodList(
          options.methods ?? (model.process.mask === undefined ? UNMASKED : METHODS),
        );
        sayLeftOut({ steps, methods });
        const comparison = await runStudy(model, {
          ...options,
          methods,
          title: `fewstep compare ${model.name}`,
          command: `fewstep ${process.argv.slice(2).join(" ")}`,
          perMethod: options.count,
          seeds: Array.from({ length: seeds }, (_, i) => seed + i),
          progress,
        });
        // Loaded when needed: the plotting library takes half a second.
        const { renderReport } = await import("../report/report.ts");
        await writeFinished(out, renderReport(comparison));
        print(comparison, () => `${studyTable(comparison)}\n\nReport: ${out}`);
      });
    });
}

/**
 * Says which methods cannot be run at which numbers of calls.
 *
 * @throws InvalidArgumentError if nothing is left to run
 */
function sayLeftOut({ steps, methods }: { steps: readonly number[]; methods: readonly MethodName[] }): void {
  const halving = methods.filter(({ schedule }) => halves(schedule));
  const odd = steps.filter((n) => !isPowerOfTwo(n));
  if (halving.length === 0 || odd.length === 0) return;
  const names = [...new Set(halving.map(({ schedule }) => schedule))].join(" and ");
  if (halving.length === methods.length && odd.length === steps.length) {
    throw new InvalidArgumentError(
      `${names} can make powers of 2 only, and --steps is ${steps.join(",")}; add 4, 8 or 16, or another method`,
    );
  }
  process.stderr.write(`Left out: ${names} at ${odd.join(", ")} calls (powers of 2 only)\n`);
}

function methodList(text: string): MethodName[] {
  return text.split(",").map((pair) => {
    const [schedule = "", selector = "stratified", sampler, corrector, ...rest] = pair.trim().split("/");
    const none = selector === "-";
    if (
      rest.length > 0 ||
      !(schedule === "plan" || scheduleNames.includes(schedule)) ||
      !(none || Object.hasOwn(selectors, selector.split(":")[0]!))
    ) {
      throw new InvalidArgumentError(
        `"${pair.trim()}" is no method, expected schedule/selector/sampler/corrector with a schedule of ${scheduleNames.join(", ")}, plan and a selector of ${Object.keys(selectors).join(", ")}, or - for none`,
      );
    }
    return {
      schedule,
      selector: none ? "" : selector,
      ...(sampler ? { sampler: part(sampler) } : {}),
      ...(corrector ? { corrector: part(corrector) } : {}),
    };
  });
}
