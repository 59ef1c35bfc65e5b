import type { Step } from "./sampler.ts";

/** The masked positions of every row that are not given, ascending. */
export function maskedPositions({ batch, length, tokens, fixed }: Step, mask: number): Int32Array[] {
  const rows: Int32Array[] = [];
  const found = new Int32Array(length);
  for (let row = 0; row < batch; row++) {
    let count = 0;
    for (let position = 0; position < length; position++) {
      const at = row * length + position;
      if (tokens[at] === mask && !fixed[at]) found[count++] = position;
    }
    rows.push(found.slice(0, count));
  }
  return rows;
}

/** Positions per row as flat indexes row * length + position, ascending: what `predict` calls `wanted`. */
export function flatIndexes(rows: readonly Int32Array[], length: number): Int32Array {
  const all = new Int32Array(rows.reduce((total, row) => total + row.length, 0));
  let at = 0;
  rows.forEach((positions, row) => {
    for (const position of positions) all[at++] = row * length + position;
  });
  return all;
}

/** Where a token is, ascending. */
export function placesOf(token: number, tokens: Int32Array): Int32Array {
  return Int32Array.from(tokens.keys()).filter((at) => tokens[at] === token);
}
