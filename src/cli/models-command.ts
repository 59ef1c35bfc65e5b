import { Command } from "commander";
import type { ContinuousManifest } from "../model/continuous-manifest.ts";
import { shippedContinuousModels } from "../node/continuous-model.ts";
import { shippedModels } from "../node/model.ts";
import { shared } from "./options.ts";
import { textTable } from "./table.ts";

/** `fewstep models` */
export function modelsCommand(): Command {
  return new Command("models")
    .description("list the models that ship, and how to name your own")
    .addOption(shared.json())
    .addHelpText("after", "\nExamples:\n  fewstep models\n  fewstep models --json")
    .action(async ({ json }: { json?: boolean }) => {
      const manifests = await shippedModels();
      const continuous = await shippedContinuousModels();
      if (json) {
        process.stdout.write(`${JSON.stringify([...manifests, ...continuous])}\n`);
        return;
      }
      const rows = manifests.map(({ name, kind, length, vocabulary }) => [
        name,
        kind,
        String(length),
        String(vocabulary),
      ]);
      const about = [...manifests, ...continuous].map(({ name, description }) => `${name}: ${description}`);
      process.stdout.write(
        `${[
          textTable([["model", "kind", "length", "tokens"], ...rows], { left: [0, 1] }),
          "",
          continuousTable(continuous),
          "",
          ...about,
          "",
          `Your own: a folder with manifest.json and model.onnx, or chain:FILE.json with`,
          `{"initial": [...], "transition": [[...], ...], "length": N}.`,
          "To go on: fewstep curve letters, fewstep sample mixture",
        ].join("\n")}\n`,
      );
    });
}

/** The models whose samples are numbers. */
function continuousTable(manifests: readonly ContinuousManifest[]): string {
  const rows = manifests.map(({ name, kind, shape, noise }) => [name, kind, shape.join(" x "), noise.name]);
  return textTable([["continuous", "kind", "shape", "noise"], ...rows], { left: [0, 1, 3] });
}
