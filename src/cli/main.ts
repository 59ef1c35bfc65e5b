#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { fileProblem } from "../node/file-problem.ts";
import { version } from "../node/version.ts";
import { removeUnfinished } from "../node/write-file.ts";
import { leaving } from "./leaving.ts";
import { usageError } from "./usage-error.ts";

/** Exit codes: 0 done, 1 a file, model or option value is wrong, 2 wrong usage, 130 interrupted. */
const INTERRUPTED = 130;

/** The commands in the order of the help. Most of a short run is loading, so one that is named is loaded alone. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  models: async () => (await import("./models-command.ts")).modelsCommand(),
  curve: async () => (await import("./curve-command.ts")).curveCommand(),
  optimize: async () => (await import("./optimize-command.ts")).optimizeCommand(),
  sample: async () => (await import("./sample-command.ts")).sampleCommand(),
  compare: async () => (await import("./compare-command.ts")).compareCommand(),
  demo: async () => (await import("./demo-command.ts")).demoCommand(),
  import: async () => (await import("./import-command.ts")).importCommand(),
};
const named = process.argv[2] ?? "";

const program = new Command("fewstep")
  .description("Good samples from diffusion models in as few model calls as possible")
  .version(version)
  .addHelpText(
    "after",
    "\nExamples:\n  fewstep demo\n  fewstep optimize text --steps 8 --out plan.json\n  fewstep sample text --plan plan.json --count 4\n  fewstep compare countdown --steps 4,8,16\n\nExit codes: 0 done, 1 a file, model or value is wrong, 2 wrong usage, 130 interrupted.",
  );
for (const name of Object.hasOwn(commands, named) ? [named] : Object.keys(commands)) {
  program.addCommand(await commands[name]!());
}
for (const command of [program, ...program.commands]) {
  const called = command === program ? "fewstep" : `fewstep ${command.name()}`;
  command.exitOverride();
  command.configureOutput({ outputError: (message, write) => write(usageError(message, called)) });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    removeUnfinished();
    process.stderr.write(`\nfewstep: interrupted; ${leaving.text()}\n`);
    process.exit(INTERRUPTED);
  });
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough, as `head`, is no failure.
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`fewstep: cannot print the result: ${fileProblem(error)}\n`);
  process.exit(1);
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed its own message, except for values that a command refused itself.
    if (error.code === "commander.invalidArgument" && !error.message.startsWith("error:")) {
      process.stderr.write(`fewstep: ${error.message}\n`);
    }
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    process.stderr.write(`fewstep: ${error instanceof Error ? error.message : String(error)}\n`);
    if (process.env["FEWSTEP_DEBUG"] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  }
}
