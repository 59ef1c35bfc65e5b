/**
 * Where a forward pass spends its time, by operator, with all rows and with one in sixteen:
 *
 *     node --import tsx bench/speed/operators.ts [gpt2-small] [fp32]
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { machineClass } from "../../src/cli/study.ts";
import { textTable } from "../../src/cli/table.ts";
import type { WeightFormatName } from "../../src/import/weight-formats/weight-format.ts";
import { timeForward } from "./forward.ts";
import { importAnew } from "./import-anew.ts";
import { openTimed } from "./open-timed.ts";
import { randomCheckpoint } from "./random-checkpoint.ts";
import { shapeNamed, sizesOf } from "./shapes.ts";

const CALLS = 7;

/** An entry of ONNX Runtime's profile; `dur` is in microseconds. */
interface Event {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly args?: {
    readonly op_name?: string;
    readonly input_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

/** Milliseconds and calls of one operator. */
interface Spent {
  ms: number;
  calls: number;
}

/** "Gemm 1024x768 768x2304": the operator and the shapes of its two largest inputs. */
function labelOf({ args }: Event): string {
  const shapes = (args?.input_type_shape ?? []).map((input) => Object.values(input)[0] ?? []);
  const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
  const large = shapes.filter((shape) => size(shape) > 1).slice(0, 2);
  return `${args?.op_name} ${large.map((shape) => shape.join("x")).join(" ")}`;
}

/** The fastest of the calls, by operator. */
function fastestCall(events: readonly Event[]): Map<string, Spent> {
  const calls: Map<string, Spent>[] = [];
  let call = new Map<string, Spent>();
  for (const event of events) {
    if (event.cat === "Session" && event.name === "model_run") {
      calls.push(call);
      call = new Map();
    }
    if (event.cat !== "Node" || !event.name.endsWith("_kernel_time")) continue;
    const spent = call.get(labelOf(event)) ?? { ms: 0, calls: 0 };
    call.set(labelOf(event), { ms: spent.ms + event.dur / 1000, calls: spent.calls + 1 });
  }
  const total = (spent: Map<string, Spent>): number =>
    [...spent.values()].reduce((sum, { ms }) => sum + ms, 0);
  // The first call warms up.
  return calls.slice(1).reduce((best, each) => (total(each) < total(best) ? each : best));
}

const shape = shapeNamed(process.argv[2] ?? "gpt2-small");
const model = await importAnew(
  await randomCheckpoint(shape),
  (process.argv[3] ?? "fp32") as WeightFormatName,
);
console.log(
  `${sizesOf(shape)}; ${model.weights}; fastest of ${CALLS - 1} calls, as ONNX Runtime profiles it; ${machineClass()}`,
);
const place = mkdtempSync(join(tmpdir(), "fewstep-bench-"));
try {
  for (const rows of [shape.length, shape.length / 16]) {
    const prefix = join(place, `rows-${rows}`);
    const timed = await openTimed(model.folder, {
      threads: availableParallelism(),
      session: { enableProfiling: true, profileFilePrefix: prefix },
    });
    for (let call = 0; call < CALLS; call++) await timeForward(timed, rows);
    await timed.model.dispose();
    const file = readdirSync(place).find((name) => name.startsWith(`rows-${rows}_`))!;
    const spent = fastestCall(JSON.parse(readFileSync(join(place, file), "utf8")) as Event[]);
    const total = [...spent.values()].reduce((sum, { ms }) => sum + ms, 0);
    const lines = [...spent].sort(([, a], [, b]) => b.ms - a.ms).slice(0, 24);
    console.log(`\n${rows} rows: ${total.toFixed(1)} ms in operators`);
    console.log(
      textTable([
        ["operator and the shapes of its inputs", "ms", "%", "calls"],
        ...lines.map(([label, { ms, calls }]) => [
          label,
          ms.toFixed(1),
          ((100 * ms) / total).toFixed(1),
          `${calls}`,
        ]),
      ]),
    );
  }
} finally {
  rmSync(place, { recursive: true, force: true });
  model.remove();
}
