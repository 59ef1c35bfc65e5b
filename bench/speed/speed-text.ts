import type { Best } from "./interleaved.ts";
import { type Measured, type MeasuredModel, REFERENCE_STEPS, type RunTime } from "./measured.ts";
import { modes } from "./reference.ts";
import { sizesOf } from "./shapes.ts";
import { mib, targetsOf } from "./targets.ts";

/** The measurements of a shape as a chapter in Markdown, with the targets if they are asked for. */
export function chapterOf(measured: Measured, { targets = false }: { targets?: boolean } = {}): string {
  const { shape, models, reference } = measured;
  const parts = [
    `## ${shape.name}: ${sizesOf(shape)}`,
    agreement(measured),
    forwardTable(measured),
    table(
      ["weights", "steps", "all rows", "wanted rows", "ratio", "of which own work"],
      models.flatMap(({ weights, sampled }) =>
        sampled.map(({ steps, sparse, dense }) => [
          weights,
          `${steps}`,
          dense ? seconds(dense) : "",
          seconds(sparse),
          dense ? (sparse.result.seconds / dense.result.seconds).toFixed(3) : "",
          `${duration(own(sparse.result))} = ${((100 * own(sparse.result)) / sparse.result.seconds).toFixed(2)} %`,
        ]),
      ),
    ),
    typeof reference === "string" ? `PyTorch was not measured: ${reference}.` : referenceTable(measured),
    memoryTable(models),
    ...(targets ? [targetList(measured)] : []),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function agreement({ models, reference }: Measured): string {
  const sentences = models.map(({ weights, alone, fromFloat32 }) => {
    const rows =
      alone.worst === 0
        ? "logits of wanted rows are those of all rows bit for bit"
        : `logits of wanted rows differ from those of all rows by at most ${alone.worst.toExponential(1)}`;
    const error = fromFloat32
      ? `, and from those of fp32 by ${fromFloat32.typical.toPrecision(2)} rms and at most ${fromFloat32.worst.toPrecision(2)}`
      : "";
    return `${weights}: ${rows}${error}.`;
  });
  if (typeof reference !== "string") {
    const { worst, largest } = reference.check;
    sentences.push(
      `PyTorch's logits differ from those of fp32 by at most ${worst.toExponential(1)}; the largest is ${largest.toFixed(1)}.`,
    );
  }
  return sentences.join(" ");
}

function forwardTable({ models, reference }: Measured): string {
  const rows = models[0]!.forward.map(({ rows }) => rows);
  const lines = models.map(({ weights, forward }) => [
    `${weights}`,
    ...forward.map(({ best: { result, runs } }) => `${duration(result / 1000)} (${runs})`),
  ]);
  if (typeof reference !== "string") {
    for (const mode of modes) {
      const { result, runs } = reference.forward[mode];
      lines.push([`PyTorch ${mode}`, `${duration(result / 1000)} (${runs})`, ...rows.slice(1).map(() => "")]);
    }
  }
  return table(["forward pass", ...rows.map((count) => (count === 1 ? "1 row" : `${count} rows`))], lines);
}

function referenceTable({ models, reference }: Measured): string {
  if (typeof reference === "string") return "";
  const base = reference.sampled.float32.result.seconds;
  const line = (name: string, best: Best<RunTime>): string[] => [
    name,
    seconds(best),
    duration(best.result.network),
    `${best.runs === 0 ? "at most " : ""}${(base / best.result.seconds).toFixed(2)}`,
  ];
  const ours = models.flatMap(({ weights, sampled }) => {
    const runs = sampled.find(({ steps }) => steps === REFERENCE_STEPS);
    return runs ? [line(`fewstep ${weights}`, runs.sparse)] : [];
  });
  return table(
    [
      `${REFERENCE_STEPS} steps`,
      "one sequence",
      "of which in the network",
      "times as fast as PyTorch float32",
    ],
    [...ours, ...modes.map((mode) => line(`PyTorch ${mode}`, reference.sampled[mode]))],
  );
}

function memoryTable(models: readonly MeasuredModel[]): string {
  const lines = models.flatMap(({ weights, memory }) =>
    memory
      ? (["sparse", "dense"] as const).map((path) => {
          const { loading, loaded, peak } = memory[path];
          return [
            weights,
            path === "sparse" ? "wanted" : "all",
            mib(loading),
            mib(loaded),
            mib(peak),
            mib(peak - loaded),
          ];
        })
      : [],
  );
  if (lines.length === 0) return "";
  return table(
    ["weights", "rows", "peak while loading", "resident once loaded", "peak while sampling", "beyond loaded"],
    lines,
  );
}

function targetList(measured: Measured): string {
  const lines = targetsOf(measured).map(({ title, met, numbers }) => {
    const verdict = met === undefined ? "-" : met ? "met" : "NOT met";
    return [title, verdict, numbers];
  });
  return table(["target, 16 steps, batch 1", "", ""], lines);
}

/** "1.23 s (3)": the best, and of how many runs. */
function seconds({ result, runs }: Best<RunTime>): string {
  return runs === 0
    ? `at least ${duration(result.seconds)} by its forward passes`
    : `${duration(result.seconds)} (${runs})`;
}

function duration(seconds: number): string {
  return seconds < 1 ? `${(1000 * seconds).toFixed(1)} ms` : `${seconds.toFixed(2)} s`;
}

function own({ seconds, network }: RunTime): number {
  return seconds - network;
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const rule = head.map((_, column) => (column === 0 ? "---" : "---:"));
  return [head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
