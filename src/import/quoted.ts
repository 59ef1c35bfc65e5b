/** A name or a value out of a file, safe to print: one line, of bounded length. */
export function quoted(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? "missing";
  } catch {
    return "a value nested too deep to show"; // The stack ended, some thousands deep.
  }
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
