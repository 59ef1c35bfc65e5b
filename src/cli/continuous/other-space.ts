import { type Command, InvalidArgumentError } from "commander";
import type { ModelSpace } from "../../model/model-space.ts";

/** Options that only models of one space have a use for, by their names in code, and what to use instead. */
const options: Readonly<Record<ModelSpace, Readonly<Record<string, string>>>> = {
  discrete: {
    select: "leave it out",
    corrector: "leave it out; solvers with a corrector have names of their own",
    process: "leave it out; --noise says how fast noise is added",
    memory: "set --batch instead",
    workers: "leave it out",
    small: "leave it out",
    temperature: "leave it out",
    topP: "leave it out",
    given: "leave it out",
    givenFile: "leave it out",
    prompt: "leave it out",
    answer: "leave it out",
    length: "leave it out",
    sequences: "leave it out",
    levels: "leave it out",
    restart: "leave it out",
    prefix: "leave it out",
    budget: "set --candidates instead",
    seeds: "set --count instead; errors are between samples",
  },
  continuous: {
    solver: "leave it out; --sampler says how a step is made",
    denoise: "leave it out",
    savePlan: "leave it out; `fewstep optimize` makes plans",
    label: "leave it out",
    guidance: "leave it out",
    candidates: "set --budget instead",
  },
};

const named: Readonly<Record<ModelSpace, string>> = {
  discrete: "a model of tokens",
  continuous: "a continuous model",
};

/** @throws InvalidArgumentError if the command line sets an option that models of this space have no use for */
export function refuseOtherSpace(command: Command, space: ModelSpace, model: string): void {
  const other = space === "discrete" ? "continuous" : "discrete";
  for (const option of command.options) {
    const key = option.attributeName();
    const advice = options[other][key];
    if (advice === undefined || command.getOptionValueSource(key) !== "cli") continue;
    throw new InvalidArgumentError(
      `${option.long} is for ${named[other]} and "${model}" is ${named[space]}; ${advice}`,
    );
  }
}
