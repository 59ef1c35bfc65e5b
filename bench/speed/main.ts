/**
 * Measures imported networks with random weights: forward passes, sampling with all rows and with those that are
 * decided, peak memory, and the same network and loop in plain PyTorch if there is one. `npm run bench:speed` does all
 * of it and writes docs/results/speed.md; `node --import tsx bench/speed/main.ts --shapes tiny,small --python ""` is
 * quick and only prints.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { env } from "onnxruntime-node";
import { machineClass } from "../../src/cli/study.ts";
import { type WeightFormatName, weightFormatNames } from "../../src/import/weight-formats/weight-format.ts";
import { measureShape } from "./measure-shape.ts";
import type { Measured } from "./measured.ts";
import { shapeNamed } from "./shapes.ts";
import { chapterOf } from "./speed-text.ts";

const { values } = parseArgs({
  options: {
    shapes: { type: "string", default: "tiny,small,gpt2-small" },
    weights: { type: "string", default: "fp32,int8" },
    python: { type: "string", default: "python3" },
    out: { type: "string" },
  },
});
const settings = { seed: 0, threads: availableParallelism(), steps: [8, 16, 32, 64], rounds: 2 };
const weights = values.weights.split(",") as WeightFormatName[];
const unknown = weights.find((name) => !weightFormatNames.includes(name));
if (unknown !== undefined) {
  throw new RangeError(`--weights has "${unknown}"; expected ${weightFormatNames.join(", ")}`);
}

const started = performance.now();
const load = loadavg()[0]!;
const measured: Measured[] = [];
for (const shape of values.shapes.split(",").map(shapeNamed)) {
  measured.push(
    await measureShape(shape, {
      ...settings,
      weights,
      python: values.python,
      onTask: (name) => process.stderr.write(`${shape.name}: ${name}\n`),
    }),
  );
}

const torch = measured.flatMap(({ reference }) =>
  typeof reference === "string" ? [] : [reference.torch],
)[0];
const text = [
  "# Speed of imported networks",
  "",
  `Command: \`npm run bench:speed\`. MDLM's network with random weights, seed ${settings.seed}, batch 1, stratified selection; ${settings.threads} threads on each side, in turn, best of as many runs as stand in brackets; ${((performance.now() - started) / 60_000).toFixed(1)} minutes on ${machineClass()}, ONNX Runtime ${env.versions.node}${torch ? `, PyTorch ${torch}` : ""}; ${load.toFixed(1)} processes wanted a core when it began.`,
  "",
  '"All rows" computes the logits of every position at every call, "wanted rows" those of the positions that are decided. Own work is what is spent outside the runtime\'s `run`. PyTorch\'s loop is [bench/reference.py](../../bench/reference.py).',
  "",
  ...measured.flatMap((each) => [chapterOf(each, { targets: each.shape.name === "gpt2-small" }), ""]),
].join("\n");
if (values.out !== undefined) writeFileSync(values.out, text);
process.stdout.write(text);
