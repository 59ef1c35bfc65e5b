import { Command, Option } from "commander";
import { USUAL_LENGTH } from "../import/usual-length.ts";
import { natural, positive, shared } from "./options.ts";
import { progressLine } from "./progress.ts";

interface ImportCommandOptions {
  readonly out: string;
  readonly name?: string;
  readonly license?: string;
  readonly length?: number;
  readonly mask?: number;
  readonly json?: boolean;
}

/** `fewstep import FOLDER` */
export function importCommand(): Command {
  return new Command("import")
    .description("make a model folder of a published checkpoint: SEDD, MDLM, Duo, LLaDA, BERT, ESM-2, ...")
    .argument("<folder>", "the checkpoint: config.json and model.safetensors, or its parts and their index")
    .requiredOption("--out <folder>", "the model folder to write")
    .option("--name <text>", "what the model is called (default: the checkpoint folder's name)")
    .option("--license <text>", "the checkpoint's licence, for the manifest")
    .addOption(
      new Option(
        "--length <n>",
        `positions of a sample (default: as many as the network takes, at most ${USUAL_LENGTH})`,
      ).argParser(positive),
    )
    .addOption(
      new Option(
        "--mask <token>",
        "the token for masked (default: as config.json or the tokenizer's files say)",
      ).argParser(natural),
    )
    .addOption(shared.json())
    .addHelpText(
      "after",
      "\nArchitectures: sedd, mdlm, duo, udlm, llada, dream, and the masked language models bert, roberta, modernbert and esm2. The weights become float32.\n\nExamples:\n  fewstep import ./sedd-small --out ./models/sedd-small\n  fewstep import ./bert-base-uncased --out ./bert --length 64 --license Apache-2.0\n  fewstep import ./roberta-base --out ./roberta --mask 50264 --json",
    )
    .action(async (folder: string, { json, ...options }: ImportCommandOptions) => {
      const { importFolder } = await import("../import/import-folder.ts"); // Only here is protobuf wanted.
      const progress = progressLine(process.stderr, { quiet: json === true });
      const imported = await importFolder(folder, {
        ...options,
        onProgress: (share) => progress.update("writing the weights", share),
      }).finally(() => progress.done());
      const { architecture, manifest, files, bytes, parameters, unused } = imported;
      if (json) {
        const result = { architecture, folder: options.out, files, bytes, parameters, unused, manifest };
        process.stdout.write(`${JSON.stringify(result)}\n`);
        return;
      }
      const { length, vocabulary, name } = manifest;
      const lines = [
        `${name}: ${architecture}, ${parameters.toLocaleString("en")} parameters, ${vocabulary.toLocaleString("en")} tokens, ${length} positions`,
        `${options.out}: ${files.join(", ")}, ${(bytes / 1e6).toFixed(1)} MB`,
        ...(unused.length === 0 ? [] : [`not used: ${unused.join(", ")}`]),
        `To go on: fewstep sample ${options.out} --steps 16`,
      ];
      process.stdout.write(`${lines.join("\n")}\n`);
    });
}
