import { readFile } from "node:fs/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { fileProblem } from "../node/file-problem.ts";
import { checkPlace, decode, parseTemplate, samplesFormat, writeSamples } from "../node/index.ts";
import { readPlan } from "../node/plan-file.ts";
import type { SearchMethod } from "../optimize/find-schedules.ts";
import {
  correctors,
  makePart,
  type NamedPart,
  parsePart,
  plainSchedules,
  samplers,
  selectors,
} from "../parts.ts";
import { planOptions } from "../plan.ts";
import { type SampleOptions, sample } from "../sample.ts";
import { ancestral } from "../samplers/ancestral.ts";
import { random } from "../selectors/random.ts";
import { identity } from "./identity.ts";
import { natural, positive, real, shared } from "./options.ts";
import { samplesText } from "./samples-text.ts";
import { scheduleNames, search } from "./schedules.ts";
import { checkSteps, type Session, withModel } from "./session.ts";

interface SampleCommandOptions {
  readonly plan?: string;
  readonly steps?: number;
  readonly schedule: string;
  readonly select?: string;
  readonly sampler?: NamedPart;
  readonly corrector?: NamedPart;
  readonly process?: NamedPart;
  readonly noise?: NamedPart;
  readonly count: number;
  readonly firstRow: number;
  readonly seed: number;
  readonly batch: number;
  readonly threads?: number;
  readonly small?: boolean;
  readonly temperature?: number;
  readonly topP?: number;
  readonly given?: string;
  readonly givenFile?: string;
  readonly sequences: number;
  readonly levels: number;
  readonly out?: string;
  readonly json?: boolean;
}

/** `fewstep sample MODEL` */
export function sampleCommand(): Command {
  return new Command("sample")
    .description("draw sequences, with a plan or with a schedule and a selector")
    .argument("<model>", "a model that ships, a model folder, or chain:FILE.json")
    .option("--plan <file>", "run a plan made by `fewstep optimize`")
    .addOption(new Option("--steps <n>", "model calls").argParser(positive).default(8).conflicts("plan"))
    .addOption(
      new Option("--schedule <name>", "when to step; optimal, jys and bisect measure the model first")
        .choices(scheduleNames)
        .default("uniform")
        .conflicts("plan"),
    )
    .addOption(shared.select().conflicts("plan"))
    .addOption(shared.sampler().conflicts("plan"))
    .addOption(shared.corrector().conflicts("plan"))
    .addOption(shared.process())
    .addOption(shared.noise())
    .addOption(new Option("--count <n>", "sequences").argParser(positive).default(8))
    .addOption(
      new Option("--first-row <n>", "index of the first sequence, to go on where another run stopped")
        .argParser(natural)
        .default(0),
    )
    .addOption(shared.seed())
    .addOption(shared.batch())
    .addOption(shared.threads())
    .addOption(shared.small())
    .addOption(new Option("--temperature <x>", "divides the logits").argParser(real))
    .addOption(new Option("--top-p <p>", "keeps the most likely tokens up to this mass").argParser(real))
    .option("--given <text>", "infill: these characters stay, _ is filled in; padded with _ to the length")
    .option("--given-file <file>", "the same from a file")
    .addOption(shared.sequences(64, "sequences a searched schedule looks at"))
    .addOption(shared.levels())
    .option(
      "--out <file>",
      "write instead of printing: .npy (int32), .txt or .json; melodies also .mid and .svg, images .png and .svg",
    )
    .addOption(shared.json())
    .addHelpText(
      "after",
      '\nSeveral melodies in one .mid follow one another, with a bar of rest between them and a marker at each start; a .svg has a piano roll of each. Images make one contact sheet.\n\nExamples:\n  fewstep sample text --steps 8\n  fewstep sample text --plan plan.json --count 512 --seed 1 --out samples.npy\n  fewstep sample text --given "in the beginning ____________ and the earth"\n  fewstep sample countdown --schedule optimal --steps 4 --json\n  fewstep sample bach --count 4 --steps 32 --out melodies.mid\n  fewstep sample digits --count 25 --steps 32 --out digits.png',
    )
    .action((reference: string, options: SampleCommandOptions) =>
      withModel(reference, options, async (session) => {
        const { model, progress, print } = session;
        const { count, firstRow, seed, batch, out } = options;
        const description = model.manifest?.tokens;
        if (out) {
          samplesFormat(out, { description, count });
          checkPlace(out);
        }
        const sampling = options.plan
          ? planOptions(await readPlan(options.plan), { ...identity(model), process: model.process })
          : await chosenOptions(session, options);
        const given = await givenTokens(session, options);
        const samples = await sample(model.denoiser, {
          ...sampling,
          ...(given ? { given } : {}),
          ...(options.temperature === undefined ? {} : { temperature: options.temperature }),
          ...(options.topP === undefined ? {} : { topP: options.topP }),
          count,
          firstRow,
          seed,
          batch,
          progress: ({ rows, state }) =>
            progress.update("sampling", (rows + (state.batch * state.index) / state.steps) / count),
        });
        const told = {
          model: model.name,
          seed,
          firstRow,
          calls: samples.calls,
          evaluations: samples.evaluations,
          schedule: sampling.schedule.name,
          selector: sampling.selector?.name,
        };
        const rows = Array.from({ length: count }, (_, row) =>
          samples.tokens.subarray(row * samples.length, (row + 1) * samples.length),
        );
        const { alphabet } = model;
        const { vocabulary } = model.denoiser;
        if (out) await writeSamples(out, samples, { alphabet, description, vocabulary, extra: told });
        const texts = () => rows.map((row) => (alphabet ? decode(row, alphabet) : row.join(" ")));
        const shown = () =>
          description ? { tokens: rows.map((row) => Array.from(row)) } : { text: texts() };
        print({ ...told, count, ...(out ? { out } : shown()) }, () => {
          if (out)
            return `${count} sequences of ${samples.length} in ${samples.calls} model calls each: ${out}`;
          return description ? samplesText(rows, { description, vocabulary }) : texts().join("\n");
        });
      }),
    );
}

async function chosenOptions(
  { model, progress }: Session,
  options: SampleCommandOptions,
): Promise<SampleOptions> {
  const steps = options.steps ?? 8;
  const method = options.schedule as SearchMethod;
  checkSteps([steps], { length: model.denoiser.length, method });
  const { process, noise } = model;
  const sampler = options.sampler ? makePart("sampler", samplers, options.sampler) : ancestral();
  const name = options.select ?? (process.mask !== undefined && sampler.selects ? "stratified" : undefined);
  const selector = name === undefined ? undefined : makePart("selector", selectors, parsePart(name));
  const corrector = options.corrector && makePart("corrector", correctors, options.corrector);
  const parts = {
    process,
    noise,
    sampler,
    ...(selector ? { selector } : {}),
    ...(corrector ? { corrector } : {}),
  };
  const plain = plainSchedules[options.schedule];
  if (plain) return { ...parts, schedule: plain({ steps }) };
  const found = await search(
    model,
    { steps: [steps], method, selector: selector ?? random() },
    { ...options, progress },
  );
  return { ...parts, schedule: found.schedules[0]!.schedule };
}

/** The tokens to keep, from --given or --given-file; a short template is padded with blanks. */
async function givenTokens(
  { model }: Session,
  options: SampleCommandOptions,
): Promise<Int32Array | undefined> {
  if (options.given !== undefined && options.givenFile !== undefined) {
    throw new InvalidArgumentError("--given and --given-file were both set; use one of them");
  }
  const template =
    options.givenFile === undefined
      ? options.given
      : (await readTemplate(options.givenFile)).replace(/\r?\n$/, "");
  if (template === undefined) return undefined;
  const { alphabet, denoiser } = model;
  const { length, vocabulary } = denoiser;
  const missing = length - (alphabet ? [...template].length : template.split(/\s+/).filter(Boolean).length);
  const padded = alphabet
    ? template + "_".repeat(Math.max(0, missing))
    : `${template} ${"_ ".repeat(Math.max(0, missing))}`;
  return parseTemplate(padded, { ...(alphabet ? { alphabet } : {}), vocabulary, length });
}

async function readTemplate(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new Error(`--given-file: cannot read ${path}: ${fileProblem(cause)}`, { cause });
  }
}
