import { Command, Option } from "commander";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { checkPlace, writeFinished } from "../node/write-file.ts";
import { several, shared } from "./options.ts";
import { withModel } from "./session.ts";
import { runStudy } from "./study.ts";
import type { MethodName } from "./study-runs.ts";
import { headline, studyTable } from "./study-text.ts";
import { withError } from "./table.ts";

interface DemoOptions {
  readonly count?: number;
  readonly seed: number;
  readonly threads?: number;
  readonly out: string;
  readonly json?: boolean;
}

/** Calls of the plain run that the chosen eight are held against. */
const PLAIN_CALLS = 100;
const CHOSEN_CALLS = 8;

const STEPS: readonly number[] = [4, 8, 16, 32];
const METHODS: readonly MethodName[] = [
  { schedule: "optimal", selector: "random" },
  { schedule: "optimal", selector: "stratified" },
  { schedule: "uniform", selector: "random" },
  { schedule: "cosine", selector: "random" },
];
/** What the search looks at: little, because the whole has to fit in two minutes on two cores. */
const SEARCH = { sequences: 16, levels: 20, predictSequences: 8 } as const;

/** The time the demo aims at, and the sequences per method it may choose to meet it. */
const TARGET_SECONDS = 75;
const LEAST = 12;
const MOST = 32;

/** Sequences per method that fit in the target time, from the time of one model call on this machine. */
async function affordable(denoiser: Denoiser): Promise<number> {
  const batch = 8;
  const tokens = new Int32Array(batch * denoiser.length).fill(denoiser.vocabulary);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 4; i++) {
    const started = performance.now();
    const logits = await denoiser.predict({ tokens, batch, time: new Float64Array(batch).fill(1) });
    best = Math.min(best, performance.now() - started);
    logits.release?.();
  }
  const perSequence = best / 1000 / batch;
  const calls = STEPS.reduce((sum, n) => sum + n, 0);
  const curves = 2 * SEARCH.sequences * SEARCH.levels + SEARCH.predictSequences * (SEARCH.levels + 2 * calls);
  const fitting = (TARGET_SECONDS / perSequence - curves) / (METHODS.length * calls + PLAIN_CALLS);
  return Math.min(MOST, Math.max(LEAST, 4 * Math.floor(fitting / 4)));
}

/** `fewstep demo` */
export function demoCommand(): Command {
  return new Command("demo")
    .description(
      "the main job on the text model: measure, find the best few steps, sample, show what was gained",
    )
    .addOption(
      new Option(
        "--count <n>",
        `sequences per method and number of calls (default: what fits in about ${TARGET_SECONDS} s here, ${LEAST} to ${MOST})`,
      ).argParser(several),
    )
    .addOption(shared.seed())
    .addOption(shared.threads())
    .option("--out <file>", "the report, one self-contained HTML file", "fewstep-demo.html")
    .addOption(shared.json())
    .addHelpText("after", "\nExamples:\n  fewstep demo\n  fewstep demo --count 64 --seed 1 --out report.html")
    .action((options: DemoOptions) =>
      withModel("text", options, async ({ model, progress, print }) => {
        const { seed, out, json } = options;
        checkPlace(out);
        const count = options.count ?? (await affordable(model.denoiser));
        const say = (line: string): void => {
          if (json) return;
          progress.done();
          process.stdout.write(`${line}\n`);
        };
        say(`${model.name}: ${model.description}`);
        say(
          "Measuring its information curve, finding the best schedules, then sampling at equal model calls.\n",
        );
        const comparison = await runStudy(model, {
          title: "Eight well-chosen model calls",
          command: `npm run demo -- --count ${count} --seed ${seed}`,
          steps: STEPS,
          methods: METHODS,
          extra: [{ schedule: "uniform", selector: "random", steps: PLAIN_CALLS }],
          perMethod: count,
          seeds: [seed],
          seed,
          ...SEARCH,
          batch: 8,
          progress,
          onResult: ({ method, calls, measured, seconds }, measures) =>
            say(
              `${`${method}, ${calls} calls`.padEnd(34)} ${measures
                .slice(0, 3)
                .map(({ name }) => `${name} ${withError(measured[name]!)}`)
                .join("   ")}   ${seconds.toFixed(1)} s`,
            ),
        });
        const chosen = comparison.results.find(
          (result) => result.method === "optimal, stratified" && result.steps === CHOSEN_CALLS,
        )!;
        const plain = comparison.results.find((result) => result.steps === PLAIN_CALLS)!;
        const told = headline(comparison, { chosen, plain });
        // Loaded when needed: the plotting library takes half a second.
        const { renderReport } = await import("../report/report.ts");
        await writeFinished(out, renderReport({ ...comparison, headline: told }));
        print({ ...comparison, headline: told }, () => {
          const show = (method: string, steps: number): string =>
            comparison.samples.find((set) => set.method === method && set.steps === steps)!.text[0]!;
          return [
            "",
            studyTable(comparison),
            "",
            `${CHOSEN_CALLS} calls, uniform, random:\n  ${show("uniform, random", CHOSEN_CALLS)}`,
            `${CHOSEN_CALLS} calls, optimal, stratified:\n  ${show("optimal, stratified", CHOSEN_CALLS)}`,
            "",
            told,
            `Took ${comparison.seconds.toFixed(0)} s. Pictures and samples: open ${out}`,
          ].join("\n");
        });
      }),
    );
}
