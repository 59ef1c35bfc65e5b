import type { ImportedOnnx, OnnxImportOptions } from "../import/import-onnx.ts";
import type { Progress } from "./progress.ts";

/** Options of `fewstep import` that are for .onnx files, and those that are for checkpoints. */
export interface EitherOptions extends Omit<OnnxImportOptions, "onProgress"> {
  readonly weights?: string;
  readonly revision?: string;
  readonly cache?: string;
}

/** Whether the argument of `fewstep import` is an .onnx file, and no folder or hub id. */
export function isOnnxFile(argument: string): boolean {
  return /\.onnx$/i.test(argument) && !argument.startsWith("hub:");
}

/**
 * Imports an .onnx file, and says on stderr if it could not be given the input for rows.
 *
 * @throws RangeError if an option is given that only checkpoints have
 */
export async function importOnnxFile(
  file: string,
  { weights, revision, cache, ...options }: EitherOptions,
  progress: Progress,
): Promise<ImportedOnnx> {
  const others = { weights: weights === "fp32" ? undefined : weights, revision, cache };
  const given = Object.entries(others).find(([, value]) => value !== undefined);
  if (given) {
    throw new RangeError(
      `--${given[0]} is for checkpoints, and ${file} is an ONNX file, whose weights stay as they are; leave it out`,
    );
  }
  const { importOnnx } = await import("../import/import-onnx.ts");
  const imported = await importOnnx(file, {
    ...options,
    onProgress: (share) => progress.update("writing the network", share),
  });
  if (imported.dense !== undefined) {
    progress.done();
    process.stderr.write(`note: every call computes all rows: ${imported.dense}\n`);
  }
  return imported;
}

/** @throws RangeError if an option is given for a checkpoint that only .onnx files have */
export function checkCheckpointOptions({ process, time, sigma }: Partial<EitherOptions>): void {
  const given = Object.entries({ process, time, sigma }).find(([, value]) => value !== undefined);
  if (given) {
    throw new RangeError(`--${given[0]} is for .onnx files; a checkpoint says that itself, so leave it out`);
  }
}
