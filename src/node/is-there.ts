import { stat } from "node:fs/promises";

/** Whether a file or folder is there and can be asked about. */
export function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
