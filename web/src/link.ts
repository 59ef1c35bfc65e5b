import { modelEntry, models, ordersOf, schedulesOf, startingSettings } from "./catalog.ts";
import { MOST_CALLS, MOST_ROWS, type Settings, type Side, type Weights } from "./settings.ts";

/**
 * The run as the fragment of an address, which reproduces it:
 * `#model=text&calls=8&a=uniform/random&b=own:0-11-.../stratified&seed=1&temperature=1&rows=4&weights=small&given=8.9._.k`.
 *
 * Steps are reveal counts or times; given tokens are written in base 36, blanks as _, and blanks at the end left out.
 */
export function toFragment({
  model,
  calls,
  left,
  right,
  seed,
  temperature,
  rows,
  weights,
  given,
}: Settings): string {
  const parts: [string, string][] = [
    ["model", model],
    ["calls", String(calls)],
    ["a", sideText(left)],
    ["b", sideText(right)],
    ["seed", String(seed)],
    ["temperature", String(temperature)],
    ["rows", String(rows)],
    ["weights", weights],
  ];
  const last = given?.findLastIndex((token) => token >= 0) ?? -1;
  if (given && last >= 0) {
    const tokens = given.slice(0, last + 1).map((token) => (token < 0 ? "_" : token.toString(36)));
    parts.push(["given", tokens.join(".")]);
  }
  return `#${parts.map(([name, value]) => `${name}=${value}`).join("&")}`;
}

function sideText({ schedule, steps, order }: Side): string {
  return `${schedule}${steps ? `:${steps.map((step) => Number(step.toFixed(6))).join("-")}` : ""}/${order}`;
}

/**
 * The run that a fragment stands for; what it leaves out is as the model starts.
 *
 * @param usual the weights where the fragment does not say
 * @throws RangeError in one sentence if something in it is not known or out of range
 */
export function fromFragment(fragment: string, usual: Weights = "small"): Settings {
  const parts = new Map(
    fragment
      .replace(/^#/, "")
      .split("&")
      .filter((text) => text !== "")
      .map((text) => [text.slice(0, text.indexOf("=")), decoded(text.slice(text.indexOf("=") + 1))]),
  );
  const name = parts.get("model") ?? models[0]!.name;
  const start = startingSettings(name, usual);
  const weights = parts.get("weights") ?? usual;
  if (weights !== "full" && weights !== "small") {
    throw new RangeError(`The link says weights = ${weights}; expected full or small.`);
  }
  const { masked } = modelEntry(name);
  const calls = whole(parts, "calls", { least: 1, most: MOST_CALLS }) ?? start.calls;
  const given = parts.get("given");
  return {
    model: name,
    calls,
    left: sideOf(parts.get("a"), { masked }) ?? start.left,
    right: sideOf(parts.get("b"), { masked }) ?? start.right,
    seed: whole(parts, "seed", { least: 0, most: 2 ** 32 - 1 }) ?? start.seed,
    temperature: number(parts, "temperature", { least: 0.1, most: 2 }) ?? start.temperature,
    rows: whole(parts, "rows", { least: 1, most: MOST_ROWS }) ?? start.rows,
    weights,
    ...(given ? { given: given.split(".").map(tokenOf) } : {}),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RangeError("The link is damaged: it holds a % that stands for nothing.");
  }
}

function tokenOf(text: string): number {
  if (text === "_") return -1;
  const token = Number.parseInt(text, 36);
  if (/^[0-9a-z]{1,4}$/.test(text)) return token;
  throw new RangeError(`The link is damaged: "${text}" among the given tokens is none.`);
}

function number(
  parts: ReadonlyMap<string, string>,
  name: string,
  { least, most }: { least: number; most: number },
): number | undefined {
  const text = parts.get(name);
  if (text === undefined) return undefined;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= least && value <= most) return value;
  throw new RangeError(`The link says ${name} = ${text}; expected a number from ${least} to ${most}.`);
}

function whole(
  parts: ReadonlyMap<string, string>,
  name: string,
  range: { least: number; most: number },
): number | undefined {
  const value = number(parts, name, range);
  if (value === undefined || Number.isInteger(value)) return value;
  throw new RangeError(`The link says ${name} = ${value}; expected a whole number.`);
}

function sideOf(text: string | undefined, { masked }: { masked: boolean }): Side | undefined {
  if (text === undefined) return undefined;
  const slash = text.indexOf("/");
  const [schedule = "", list] = text.slice(0, slash).split(":");
  const order = text.slice(slash + 1);
  const known = (choices: readonly { id: string }[], id: string) => choices.some((each) => each.id === id);
  const orders = ordersOf({ masked, length: Number(/length=(\d+)/.exec(order)?.[1] ?? 0) });
  if (slash < 0 || !known(schedulesOf({ masked }), schedule) || !known(orders, order)) {
    throw new RangeError(
      `The link says "${text}" for a side; expected a schedule and an order of this model.`,
    );
  }
  if (list === undefined) return { schedule, order };
  const steps = list.split("-").map(Number);
  checkSteps(steps, { masked });
  return { schedule, order, steps };
}

/** @throws RangeError unless the steps rise from 0 by whole numbers, or, without a mask, fall from 1 to 0 */
export function checkSteps(steps: readonly number[], { masked }: { masked: boolean }): void {
  const good = steps.every((step, i) => {
    if (masked) return Number.isInteger(step) && (i === 0 ? step === 0 : step > steps[i - 1]!);
    return i === 0 ? step === 1 : step < steps[i - 1]! && step >= 0;
  });
  if (good && steps.length >= 2 && (masked || steps.at(-1) === 0)) return;
  throw new RangeError(
    `The link says the steps ${steps.join("-")}; expected ${masked ? "reveal counts that rise from 0" : "times that fall from 1 to 0"}.`,
  );
}
