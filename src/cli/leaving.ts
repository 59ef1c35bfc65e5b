/** What a command that is interrupted leaves behind, for the last words of the process. */
let left: () => string | undefined = () => undefined;

/** One place that commands write to and that a signal reads. */
export const leaving: { say(what: () => string | undefined): void; text(): string } = {
  say(what) {
    left = what;
  },
  text: () => left() ?? "nothing half-written was left behind",
};
