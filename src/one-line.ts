/** An error's message as one line without its closing full stop. */
export function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\s+/g, " ").trim().replace(/\.$/, "");
}
