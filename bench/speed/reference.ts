import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** How PyTorch computes. */
export const modes = ["float32", "bfloat16"] as const;
export type Mode = (typeof modes)[number];

/** The plain PyTorch network and loop of bench/reference.py, in a process of its own that waits between commands. */
export interface Reference {
  /** PyTorch's version. */
  readonly torch: string;
  /** Seconds of one forward pass. */
  forward(mode: Mode): Promise<number>;
  /** Seconds of a run of sampling, and of these the seconds inside the network. */
  sample(
    mode: Mode,
    settings: { readonly steps: number; readonly seed: number },
  ): Promise<{ seconds: number; network: number }>;
  /** Compares logits [rows, vocabulary] in float32, all in .npy files: the largest difference, and the largest logit. */
  check(files: {
    readonly tokens: string;
    readonly rows: string;
    readonly logits: string;
  }): Promise<{ worst: number; largest: number }>;
  close(): void;
}

const script = fileURLToPath(new URL("../reference.py", import.meta.url));

/**
 * Starts the reference on a checkpoint folder.
 *
 * @param options.python the command that starts Python; empty for none
 * @returns the reference, or the sentence that says why there is none
 */
export async function openReference(
  checkpoint: string,
  { python, threads }: { python: string; threads: number },
): Promise<Reference | string> {
  if (python === "") return "no Python was named";
  const child = spawn(python, [script, checkpoint, "--serve", "--threads", `${threads}`]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaint = "";
  child.stderr.on("data", (text) => {
    complaint += text;
  });
  const ended = new Promise<string>((done) => {
    child.on("error", (cause) => done(`${python} cannot be started: ${cause.message}`));
    child.on("close", () => done(complaint.trim().split("\n").at(-1) || `${script} ended early`));
  });
  // A command that meets a process which has ended is answered by `ended`.
  child.stdin.on("error", () => {});

  async function answer<Answer>(): Promise<Answer | string> {
    const line = await lines.next();
    return line.done ? await ended : (JSON.parse(line.value) as Answer);
  }
  async function ask<Answer>(command: object): Promise<Answer> {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const found = await answer<Answer>();
    if (typeof found === "string") throw new Error(`reference.py: ${found}`);
    return found;
  }

  const greeting = await answer<{ torch: string }>();
  if (typeof greeting === "string") return greeting;
  return {
    ...greeting,
    forward: async (mode) => (await ask<{ seconds: number }>({ do: "forward", mode })).seconds,
    sample: (mode, settings) => ask({ do: "sample", mode, ...settings }),
    check: (files) => ask({ do: "check", ...files }),
    close: () => child.stdin.end(),
  };
}
