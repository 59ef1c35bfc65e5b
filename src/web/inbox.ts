/** Values put by one side and taken, in order, by the other. */
export interface Inbox<T> {
  put(value: T): void;
  /** Every take fails from now on. */
  fail(reason: unknown): void;
  take(): Promise<T>;
}

/** A queue with one reader. */
export function inbox<T>(): Inbox<T> {
  const values: T[] = [];
  let failed: { readonly reason: unknown } | undefined;
  let wake = () => {};
  return {
    put(value) {
      values.push(value);
      wake();
    },
    fail(reason) {
      failed = { reason };
      wake();
    },
    async take() {
      while (values.length === 0 && !failed) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (failed) throw failed.reason;
      return values.shift()!;
    },
  };
}
