/** The two hooks of React that examples/use-samples.ts needs, for one component. */

interface Slot {
  value?: unknown;
  needs?: readonly unknown[];
  leave?: (() => void) | undefined;
}

let slots: Slot[] = [];
let effects: (() => void)[] = [];
let at = 0;
let render = (): void => {};
let due = false;

export function useState<T>(initial: T): [T, (value: T) => void] {
  slots[at] ??= { value: initial };
  const slot = slots[at++]!;
  const set = (value: T): void => {
    if (Object.is(slot.value, value)) return;
    slot.value = value;
    if (!due) queueMicrotask(render);
    due = true;
  };
  return [slot.value as T, set];
}

export function useEffect(effect: () => undefined | (() => void), needs: readonly unknown[]): void {
  const i = at++;
  const before = slots[i];
  if (before?.needs?.every((need, at) => Object.is(need, needs[at]))) return;
  effects.push(() => {
    before?.leave?.();
    slots[i] = { needs, leave: effect() };
  });
}

/** Calls a component at once and whenever its state changes, until what is returned is called. */
export function mount(component: () => void): { again(): void; unmount(): void } {
  slots = [];
  render = () => {
    due = false;
    at = 0;
    component();
    const own = effects;
    effects = [];
    for (const effect of own) effect();
  };
  render();
  return {
    again: () => render(),
    unmount() {
      render = () => {};
      for (const { leave } of slots) leave?.();
    },
  };
}
