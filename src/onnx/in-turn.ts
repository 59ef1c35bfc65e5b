const turns = new WeakMap<object, Promise<unknown>>();

/**
 * Makes calls wait for the one before: the input buffers of an adapter are shared, and a session does not run calls
 * side by side, whichever of its adapters they come from. A call that fails lets the next one start.
 */
export function inTurn<Input, Result>(
  session: object,
  call: (input: Input) => Promise<Result>,
): (input: Input) => Promise<Result> {
  return (input) => {
    const result = (turns.get(session) ?? Promise.resolve()).then(() => call(input));
    turns.set(
      session,
      result.catch(() => undefined),
    );
    return result;
  };
}
