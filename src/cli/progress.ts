/** One line on stderr that says what goes on, how far it is and how long it will still take. */
export interface Progress {
  /**
   * @param share of `what` that is done, 0 to 1
   * @param bytes how many there are where it is a file that comes, for their number and their rate
   */
  update(what: string, share: number, bytes?: { readonly done: number; readonly total: number }): void;
  /** Clears the line. */
  done(): void;
}

/**
 * A progress line. On a terminal it is rewritten in place; elsewhere (a log) a line is printed whenever `what`
 * changes, so that logs stay short.
 */
export function progressLine(
  stream: NodeJS.WriteStream,
  { quiet = false }: { quiet?: boolean } = {},
): Progress {
  let current = "";
  let started = Date.now();
  let drawn = 0;
  let begun = { share: 0, done: 0 };
  return {
    update(what, share, bytes) {
      if (quiet) return;
      const now = Date.now();
      if (what !== current) {
        current = what;
        started = now;
        // What was there before takes no time.
        begun = bytes ? { share, done: bytes.done } : { share: 0, done: 0 };
        if (!stream.isTTY) stream.write(`${what} ...\n`);
      }
      if (!stream.isTTY || (now - drawn < 100 && share < 1)) return;
      drawn = now;
      const seconds = (now - started) / 1000;
      const left = share > begun.share ? (seconds * (1 - share)) / (share - begun.share) : Number.NaN;
      const bar = "#".repeat(Math.round(24 * share)).padEnd(24, "-");
      const remaining = Number.isFinite(left) && share < 1 ? `, ${remainingTime(left)} left` : "";
      const size = bytes ? `, ${amounts(bytes, (bytes.done - begun.done) / seconds)}` : "";
      const line = `${what} [${bar}] ${Math.round(100 * share)} %${size}${remaining}`;
      stream.write(`\r\u001b[K${line.slice(0, (stream.columns || 80) - 1)}`);
    },
    done() {
      if (!quiet && stream.isTTY && current !== "") stream.write("\r\u001b[K");
      current = "";
    },
  };
}

function remainingTime(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}

/** "1.2 of 3.4 GB, 56.7 MB/s" */
function amounts({ done, total }: { done: number; total: number }, rate: number): string {
  const [unit, name] = total < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
  const speed = rate > 0 && Number.isFinite(rate) ? `, ${(rate / 1e6).toFixed(1)} MB/s` : "";
  return `${(done / unit).toFixed(1)} of ${(total / unit).toFixed(1)} ${name}${speed}`;
}
