/** A part as a plan stores it: the name of its factory and the numbers it was made with. */
export type NamedPart = { readonly name: string } & Readonly<Record<string, number | string>>;

/** The numbers of a part, by name. */
export type Numbers = Readonly<Record<string, number>>;

/** A factory of a table: makes a part of numbers, and knows which numbers it takes. */
export interface Factory<Part> {
  (numbers: Numbers): Part;
  readonly parameters: readonly string[];
}

/** Factories by name. */
export type Factories<Part> = Readonly<Record<string, Factory<Part>>>;

/** A factory of a table, with the numbers that it takes. */
export function row<Part>(make: (numbers: Numbers) => Part, ...parameters: string[]): Factory<Part> {
  return Object.assign((numbers: Numbers) => make(numbers), { parameters });
}

/** A number that a part cannot do without. @throws RangeError if it was not given */
export function required(name: string, numbers: Numbers, key: string): number {
  const value = numbers[key];
  if (value === undefined) throw new RangeError(`"${name}" needs a number: ${name}:${key}=...`);
  return value;
}

/**
 * Makes a part from its name and numbers.
 *
 * @throws RangeError that lists the names, or the parameters, there are
 */
export function makePart<Part>(
  kind: string,
  factories: Factories<Part>,
  { name, ...parameters }: NamedPart,
): Part {
  const factory = Object.hasOwn(factories, name) ? factories[name] : undefined;
  if (!factory) {
    throw new RangeError(
      `${kind} "${name}" is not known; expected one of ${Object.keys(factories).join(", ")}`,
    );
  }
  const numbers: Record<string, number> = {};
  for (const [key, value] of Object.entries(parameters)) {
    if (!factory.parameters.includes(key)) {
      throw new RangeError(
        `${kind} "${name}" has no parameter "${key}"; it has ${factory.parameters.join(", ") || "none"}`,
      );
    }
    if (typeof value !== "number")
      throw new RangeError(`${kind} "${name}": ${key} = ${value}; expected a number`);
    numbers[key] = value;
  }
  return factory(numbers);
}

/**
 * Reads a part as it is typed: `name` or `name:key=number:key=number`.
 *
 * @throws RangeError if a number is none
 */
export function parsePart(text: string): NamedPart {
  const [name = "", ...settings] = text.trim().split(":");
  const part: Record<string, number | string> = { name };
  for (const setting of settings) {
    const [key = "", value = ""] = setting.split("=");
    if (key === "" || value.trim() === "" || !Number.isFinite(Number(value))) {
      throw new RangeError(`"${text}": "${setting}" is no setting; expected name:key=number:key=number`);
    }
    part[key] = Number(value);
  }
  return part as NamedPart;
}
