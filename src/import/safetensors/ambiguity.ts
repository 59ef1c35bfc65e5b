/**
 * What makes a text that is JSON ambiguous, or other than any header: an object that names a key twice, of which
 * `JSON.parse` keeps the last and others the first; or values nested deeper than `deepest`.
 *
 * @param json a text that `JSON.parse` takes
 * @returns "the key ... twice" or "values nested ...", or undefined if there is nothing of the kind
 */
export function ambiguity(json: string, { deepest }: { deepest: number }): string | undefined {
  /** The keys of each object around this place; undefined stands for a list. */
  const around: (Set<string> | undefined)[] = [];
  let isKey = false;
  for (let at = 0; at < json.length; at++) {
    const sign = json[at];
    if (sign === "{" || sign === "[") {
      if (around.length === deepest) return `values nested more than ${deepest} deep`;
      around.push(sign === "{" ? new Set() : undefined);
      isKey = sign === "{";
    } else if (sign === "}" || sign === "]") {
      around.pop();
      isKey = false;
    } else if (sign === ",") {
      isKey = around.at(-1) !== undefined;
    } else if (sign === '"') {
      const end = closingQuote(json, at);
      if (isKey) {
        const text = json.slice(at, end + 1);
        const key = JSON.parse(text) as string;
        const keys = around.at(-1)!;
        if (keys.has(key)) return `the key ${text.length > 80 ? `${text.slice(0, 77)}...` : text} twice`;
        keys.add(key);
        isKey = false;
      }
      at = end;
    }
  }
  return undefined;
}

function closingQuote(json: string, opening: number): number {
  let at = opening + 1;
  while (json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
  return at;
}
