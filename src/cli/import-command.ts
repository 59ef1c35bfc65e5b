import { Command, Option } from "commander";
import type { Imported } from "../import/import-folder.ts";
import { USUAL_LENGTH } from "../import/usual-length.ts";
import { type WeightFormatName, weightFormatNames } from "../import/weight-formats/weight-format.ts";
import { checkCheckpointOptions, importOnnxFile, isOnnxFile } from "./import-onnx-file.ts";
import { importSource } from "./import-source.ts";
import { natural, positive, shared } from "./options.ts";
import { progressLine } from "./progress.ts";
import { weightsLines } from "./weights-text.ts";

interface ImportCommandOptions {
  readonly out: string;
  readonly name?: string;
  readonly license?: string;
  readonly length?: number;
  readonly mask?: number;
  readonly weights: WeightFormatName;
  readonly tokenizer?: string | false;
  readonly process?: "absorbing" | "uniform";
  readonly time?: string;
  readonly sigma?: string;
  readonly revision?: string;
  readonly cache?: string;
  readonly json?: boolean;
}

/** `fewstep import FOLDER_OR_HUB_ID_OR_FILE` */
export function importCommand(): Command {
  return new Command("import")
    .description("make a model folder of a published checkpoint: SEDD, MDLM, Duo, LLaDA, BERT, ESM-2, ...")
    .argument(
      "<folder>",
      "the checkpoint: a folder with config.json and model.safetensors, or its parts and their index; or ORG/NAME of a model of the Hugging Face hub, which is fetched; or an .onnx file",
    )
    .requiredOption("--out <folder>", "the model folder to write")
    .option("--name <text>", "what the model is called (default: the checkpoint folder's name)")
    .option(
      "--license <text>",
      "the checkpoint's licence, for the manifest (default: as the model's card on the hub says)",
    )
    .option("--revision <name>", "of the hub's model: a branch, a tag or a commit (default: main)")
    .option(
      "--cache <folder>",
      "where fetched checkpoints are kept (default: FEWSTEP_CACHE, else fewstep in the platform's place for caches)",
    )
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
    .addOption(
      new Option(
        "--weights <format>",
        "how weights are stored: int8 is the fastest on a CPU, int4 the smallest; what is lost is measured and said",
      )
        .choices(weightFormatNames)
        .default("fp32"),
    )
    .option(
      "--tokenizer <folder>",
      "where the tokenizer's files are, as GPT-2's for SEDD, MDLM and Duo (default: the checkpoint's folder)",
    )
    .option("--no-tokenizer", "leave the tokenizer out")
    .addOption(
      new Option(
        "--process <name>",
        "of an .onnx file: how tokens were corrupted in training (default: absorbing)",
      ).choices(["absorbing", "uniform"]),
    )
    .option("--time <input>", "of an .onnx file: the input that takes the time, where its name does not tell")
    .option("--sigma <input>", "of an .onnx file: the input that takes the noise level, in place of a time")
    .addOption(shared.json())
    .addHelpText(
      "after",
      "\nArchitectures: sedd, mdlm, duo, udlm, llada, dream, and the masked language models bert, roberta, modernbert and esm2. The weights become float32 unless --weights says otherwise.\n\nAn .onnx file of any exporter takes tokens as int64 [batch, length] and returns logits [batch, length, width]; a time or noise level as float32 [batch] may come with them. --length is needed where the file takes any, and --mask where no tokenizer is beside it: the last column of the output, or the token behind it where the mask has no column. The network is changed to compute only the rows it is asked for.\n\nA hub id is asked for at HF_ENDPOINT (default: the public hub), with the access token HF_TOKEN where a model is not for everyone. hub:ORG/NAME is an id even where a folder of that name exists. An interrupted fetch goes on where it stopped, and every file is checked against the hub's checksums.\n\nExamples:\n  fewstep import ./sedd-small --out ./models/sedd-small\n  fewstep import ./bert-base-uncased --out ./bert --length 64 --license Apache-2.0\n  fewstep import ./roberta-base --out ./roberta --mask 50264 --json\n  fewstep import ./sedd-small --out ./sedd-int8 --weights int8\n  fewstep import ./bert/onnx/model.onnx --out ./bert --length 64 --mask 103\n  fewstep import kuleshov-group/mdlm-owt --out ./mdlm\n  fewstep import hub:ORG/NAME --revision v1.0 --cache /data/hub --out ./model",
    )
    .action(async (argument: string, { json, revision, cache, ...options }: ImportCommandOptions) => {
      const { importFolder } = await import("../import/import-folder.ts"); // Only here is protobuf wanted.
      const progress = progressLine(process.stderr, { quiet: json === true });
      const fetched = {
        ...(revision === undefined ? {} : { revision }),
        ...(cache === undefined ? {} : { cache }),
      };
      const work = async (): Promise<Imported> => {
        if (isOnnxFile(argument)) return importOnnxFile(argument, { ...options, ...fetched }, progress);
        checkCheckpointOptions(options);
        const { folder, ...known } = await importSource(argument, { out: options.out, progress, ...fetched });
        return importFolder(folder, {
          ...known,
          ...options,
          onProgress: (share) => progress.update("writing the weights", share),
        });
      };
      const imported = await work().finally(() => progress.done());
      const { architecture, manifest, files, bytes, parameters, unused, weightsCost } = imported;
      if (json) {
        const result = {
          architecture,
          folder: options.out,
          files,
          bytes,
          parameters,
          unused,
          ...(architecture === "onnx" ? {} : { weights: { format: options.weights, ...weightsCost } }),
          manifest,
        };
        process.stdout.write(`${JSON.stringify(result)}\n`);
        return;
      }
      const { length, vocabulary, name } = manifest;
      const lines = [
        `${name}: ${architecture}, ${parameters.toLocaleString("en")} parameters, ${vocabulary.toLocaleString("en")} tokens, ${length} positions`,
        `${options.out}: ${files.join(", ")}, ${(bytes / 1e6).toFixed(1)} MB`,
        ...(unused.length === 0 ? [] : [`not used: ${unused.join(", ")}`]),
        ...(weightsCost ? weightsLines(options.weights, weightsCost) : []),
        `To go on: fewstep sample ${options.out} --steps 16`,
      ];
      process.stdout.write(`${lines.join("\n")}\n`);
    });
}
