import { Command, InvalidArgumentError, Option } from "commander";
import {
  noises as continuousNoises,
  schedules as continuousSchedules,
  samplers as solvers,
} from "../continuous/parts.ts";
import type { NamedPart } from "../make-part.ts";
import { jobOptions, type SampleJob } from "../node/jobs/job.ts";
import { type JobSettings, jobRows } from "../node/jobs/job-rows.ts";
import { parseBytes } from "../node/jobs/memory.ts";
import type { Layout } from "../node/jobs/sample-in-workers.ts";
import type { JobRows } from "../node/jobs/sample-range.ts";
import { type FinishedJob, keptText, textOfRows, totalsOf, writeJob } from "../node/jobs/sample-to-file.ts";
import { modelSpace } from "../node/model-folder.ts";
import { readPlan } from "../node/plan-file.ts";
import { checkPlace } from "../node/write-file.ts";
import { rowsOf, samplesFormat } from "../node/write-samples.ts";
import { continuousDefaults } from "./continuous/defaults.ts";
import { refuseOtherSpace } from "./continuous/other-space.ts";
import type { ContinuousSampleOptions } from "./continuous/sample-continuous.ts";
import { type GivenOptions, givenTokens, readGiven } from "./given-tokens.ts";
import { leaving } from "./leaving.ts";
import { natural, part, positive, real, shared } from "./options.ts";
import { chosenMethod, type MethodOptions } from "./sample-method.ts";
import { samplesText } from "./samples-text.ts";
import { scheduleNames } from "./schedules.ts";
import { withModel } from "./session.ts";

interface SampleCommandOptions extends GivenOptions, MethodOptions, ContinuousSampleOptions {
  readonly process?: NamedPart;
  readonly memory?: number;
  readonly workers?: number | "auto";
  readonly small?: boolean;
  readonly temperature?: number;
  readonly topP?: number;
}

const continuousNames = Object.keys(continuousSchedules);

/** `fewstep sample MODEL` */
export function sampleCommand(): Command {
  return new Command("sample")
    .description("draw samples, with a plan, or with a schedule and a selector or a solver")
    .argument("<model>", "a model that ships, a model folder, or chain:FILE.json")
    .option("--plan <file>", "run a plan, made by `fewstep optimize` or with --save-plan")
    .addOption(
      new Option("--steps <n>", "steps: model calls, but for solvers that make several a step")
        .argParser(positive)
        .default(8)
        .conflicts("plan"),
    )
    .addOption(
      new Option(
        "--schedule <name>",
        `when to step; optimal, jys and bisect measure the model first; of continuous models ${continuousNames.join(", ")}`,
      )
        .choices([...scheduleNames, ...continuousNames])
        .default("uniform", "uniform, of continuous models time-quadratic, or log-snr under ve noise")
        .conflicts("plan"),
    )
    .addOption(shared.select().conflicts("plan"))
    .addOption(shared.sampler().conflicts("plan"))
    .addOption(shared.corrector().conflicts("plan"))
    .addOption(
      new Option(
        "--solver <part>",
        `of continuous models, how one step is made (also --sampler): ${Object.keys(solvers).join(", ")}; with numbers as ${continuousDefaults.solver}:order=3 (default: ${continuousDefaults.solver})`,
      )
        .argParser(part)
        .conflicts("plan"),
    )
    .addOption(
      new Option("--denoise", "continuous: one call more at the end, for the clean sample").conflicts("plan"),
    )
    .addOption(new Option("--label <n>", "continuous: samples of this class").argParser(natural))
    .addOption(
      new Option(
        "--guidance <x>",
        "continuous: scale of the guidance towards --label, two model calls a prediction (default: 1, the class alone)",
      )
        .argParser(real)
        .conflicts("plan"),
    )
    .addOption(shared.process())
    .addOption(shared.noise(`; for mixtures ${Object.keys(continuousNoises).join(", ")}`))
    .addOption(
      new Option("--count <n>", "samples")
        .argParser(positive)
        .default(8, `8, of exact continuous models ${continuousDefaults.exactCount}`),
    )
    .addOption(
      new Option("--first-row <n>", "index of the first sample, to go on where another run stopped")
        .argParser(natural)
        .default(0),
    )
    .addOption(shared.seed())
    .addOption(
      new Option(
        "--batch <n>",
        "samples run together, never changing them (default: 8, or as many as --memory allows; of continuous models 64)",
      ).argParser(positive),
    )
    .addOption(
      new Option(
        "--memory <size>",
        "bound on models and batches, as 2GB (default: half of what is free)",
      ).argParser(memory),
    )
    .addOption(
      new Option(
        "--workers <n>",
        "threads that sample, each with a model of its own (default: none for short jobs, else the fastest number, which is measured)",
      ).argParser(workers),
    )
    .addOption(shared.threads())
    .addOption(shared.small())
    .addOption(new Option("--temperature <x>", "divides the logits").argParser(real))
    .addOption(new Option("--top-p <p>", "keeps the most likely tokens up to this mass").argParser(real))
    .option(
      "--given <text>",
      "infill: this text stays; _ is one character to be filled in, with a tokenizer [MASK] one token and [MASK:12] twelve",
    )
    .option("--given-file <file>", "the same from a file")
    .option("--prompt <text>", "go on from this text, and print what comes after it")
    .addOption(
      new Option(
        "--answer <n>",
        "tokens after the prompt (default: the rest of the model's usual length)",
      ).argParser(positive),
    )
    .addOption(
      new Option(
        "--length <n>",
        "tokens of a sequence, for imported networks (default: those of --given with a tokenizer, of --prompt and --answer, else the model's usual length)",
      ).argParser(positive),
    )
    .addOption(shared.sequences(64, "sequences a searched schedule looks at"))
    .addOption(shared.levels())
    .option(
      "--out <file>",
      "write instead of printing: .npy (int32), .txt, .json or .jsonl, of continuous models .npy (float64), .csv or .json; melodies also .mid and .svg, images .png and .svg",
    )
    .addOption(
      new Option(
        "--save-plan <file>",
        "continuous: keep the method as a plan, with its measured error",
      ).conflicts("plan"),
    )
    .option("--restart", "forget what an interrupted run left in the journal beside --out")
    .addOption(shared.json())
    .addHelpText(
      "after",
      '\nSeveral melodies in one .mid follow one another, with a bar of rest between them and a marker at each start; a .svg has a piano roll of each. Images make one contact sheet.\n\nA text given to a model with a tokenizer is a whole sequence: the tokenizer puts its special tokens around it. With --length it may be longer: behind the text comes padding where the network does not see it, else blanks. Samples are shown up to the token that ends a text.\n\nWith --out every finished batch of sequences is kept in a journal beside the file, FILE.part: a job that was interrupted or killed goes on from there when the same command is run again.\n\nExamples:\n  fewstep sample text --steps 8\n  fewstep sample text --plan plan.json --count 512 --seed 1 --out samples.npy\n  fewstep sample text --count 10000 --workers auto --memory 2GB --out many.jsonl\n  fewstep sample text --given "in the beginning ____________ and the earth"\n  fewstep sample ./bert --given "The [MASK][MASK] sat on the mat." --steps 2\n  fewstep sample ./llada --prompt "Why is the sky blue?" --answer 64 --select blockwise:size=32 --steps 32 --temperature 0\n  fewstep sample countdown --schedule optimal --steps 4 --json\n  fewstep sample bach --count 4 --steps 32 --out melodies.mid\n  fewstep sample digits --count 25 --steps 32 --out digits.png\n  fewstep sample mixture --solver deis --steps 10\n  fewstep sample mixture --solver unipc:order=3 --schedule time-uniform --steps 5 --save-plan unipc.json\n  fewstep sample mixture --plan unipc.json --count 5000 --out points.csv',
    )
    .action(async (reference: string, options: SampleCommandOptions, command: Command) => {
      if ((await modelSpace(reference)) === "continuous") {
        const { sampleContinuous } = await import("./continuous/sample-continuous.ts");
        return sampleContinuous(reference, options, command);
      }
      refuseOtherSpace(command, "discrete", reference);
      if (Object.hasOwn(continuousSchedules, options.schedule)) {
        throw new InvalidArgumentError(
          `the schedule ${options.schedule} is for continuous models; use one of ${scheduleNames.join(", ")}`,
        );
      }
      const read = await readGiven(reference, options);
      const { length } = read;
      await withModel(reference, { ...options, ...(length ? { length } : {}) }, async (session) => {
        const { model, progress, print } = session;
        const { count, firstRow, seed, out, temperature, topP } = options;
        const description = model.manifest?.tokens;
        const { vocabulary } = model.denoiser;
        if (out) {
          samplesFormat(out, { description, count });
          checkPlace(out);
        }
        const { method, asked } = options.plan
          ? { method: await readPlan(options.plan) }
          : await chosenMethod(session, options);
        const { tokens: given, text } = await givenTokens(model, options, read);
        const job: SampleJob = {
          reference,
          ...(options.small ? { small: true } : {}),
          ...(length ? { length } : {}),
          ...(options.process ? { process: options.process } : {}),
          ...(options.noise ? { noise: options.noise } : {}),
          method,
          ...(temperature === undefined ? {} : { temperature }),
          ...(topP === undefined ? {} : { topP }),
          ...(given ? { given } : {}),
          ...{ count, firstRow, seed },
        };
        const { schedule, selector } = jobOptions(model, job);
        const told = (calls: number) => ({
          ...{ model: model.name, seed, firstRow, calls },
          schedule: schedule.name,
          selector: selector?.name,
        });
        let layout: Layout | undefined;
        const settings: JobSettings = {
          ...(options.workers === undefined ? {} : { workers: options.workers }),
          ...(options.threads === undefined ? {} : { threads: options.threads }),
          ...(options.batch === undefined ? {} : { batch: options.batch }),
          ...(options.memory === undefined ? {} : { memory: options.memory }),
          release: () => model.dispose(),
          onLayout: (chosen) => {
            layout = chosen;
          },
          progress: (rows) => progress.update(layoutText(layout), rows / count),
        };
        if (out) {
          const done = await writeJob(out, model, job, {
            ...settings,
            ...(options.restart ? { restart: true } : {}),
            asked,
            text: textOfRows(text),
            extra: ({ calls }) => told(calls),
            onJournal: (journal) => leaving.say(() => keptText(journal, count)),
          });
          const { calls, evaluations, resumed } = done;
          print({ ...told(calls), evaluations, count, out, resumed, layout }, () => doneText(done, out));
          return;
        }
        const made: JobRows[] = [];
        for await (const rows of jobRows(model, job, settings)) made.push(rows);
        const { calls, evaluations } = totalsOf(made);
        const rows = made.flatMap(({ tokens, length }) => rowsOf(tokens, length));
        const texts = description ? [] : rows.map((row) => text.decode(row));
        const shown = description ? { tokens: rows.map((row) => Array.from(row)) } : { text: texts };
        print({ ...told(calls), evaluations, count, layout, ...shown }, () =>
          description ? samplesText(rows, { description, vocabulary }) : texts.join("\n"),
        );
      });
    });
}

/** What a progress line says while a layout works. */
function layoutText(layout: Layout | undefined): string {
  if (!layout || layout.workers === 0) return "sampling";
  const { workers, threads = 1, batch } = layout;
  const each = workers === 1 ? "1 worker" : `${workers} workers`;
  return `sampling with ${each} x ${threads === 1 ? "1 thread" : `${threads} threads`}, batch ${batch}`;
}

function doneText({ count, length, calls, resumed }: FinishedJob, out: string): string {
  const before = resumed > 0 ? ` (${resumed} of them from an interrupted run)` : "";
  return `${count} sequences of ${length} in ${calls} model calls each: ${out}${before}`;
}

/** Reads "auto" or a whole number >= 1. */
function workers(text: string): number | "auto" {
  return text === "auto" ? text : positive(text);
}

function memory(text: string): number {
  try {
    return parseBytes(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}
