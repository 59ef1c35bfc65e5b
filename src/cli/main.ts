#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { fileProblem } from "../node/file-problem.ts";
import { removeUnfinished } from "../node/index.ts";
import { version } from "../node/version.ts";
import { compareCommand } from "./compare-command.ts";
import { curveCommand } from "./curve-command.ts";
import { demoCommand } from "./demo-command.ts";
import { importCommand } from "./import-command.ts";
import { leaving } from "./leaving.ts";
import { modelsCommand } from "./models-command.ts";
import { optimizeCommand } from "./optimize-command.ts";
import { sampleCommand } from "./sample-command.ts";
import { usageError } from "./usage-error.ts";

/** Exit codes: 0 done, 1 a file, model or option value is wrong, 2 wrong usage, 130 interrupted. */
const INTERRUPTED = 130;

const program = new Command("fewstep")
  .description("Good samples from diffusion models in as few model calls as possible")
  .version(version)
  .addHelpText(
    "after",
    "\nExamples:\n  fewstep demo\n  fewstep optimize text --steps 8 --out plan.json\n  fewstep sample text --plan plan.json --count 4\n  fewstep compare countdown --steps 4,8,16\n\nExit codes: 0 done, 1 a file, model or value is wrong, 2 wrong usage, 130 interrupted.",
  );
for (const make of [
  modelsCommand,
  curveCommand,
  optimizeCommand,
  sampleCommand,
  compareCommand,
  demoCommand,
  importCommand,
]) {
  program.addCommand(make());
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
