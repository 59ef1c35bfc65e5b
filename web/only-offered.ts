import { parseSync } from "vite";
import { ordersOf } from "./src/catalog.ts";

const orders = (masked: boolean): readonly string[] =>
  ordersOf({ masked, length: 1 }).map(({ id }) => id.split(":")[0]!);

/** The parts that the page offers, or that its models name, by the tables of `src/parts.ts`; other tables stay whole. */
export const offered: Readonly<Record<string, readonly string[]>> = {
  noises: ["linear", "exponential"],
  samplers: orders(false), // With "ancestral", which models with a mask are sampled by.
  correctors: [],
  selectors: orders(true),
};

/**
 * The source of `src/parts.ts` without the rows that are not offered, so that a bundler leaves out what only they name.
 * Plans with such parts are refused by name, as those with unknown ones are.
 *
 * @throws Error if the source lacks a row that is offered
 */
export function onlyOffered(source: string): string {
  const missing = new Set(
    Object.entries(offered).flatMap(([table, names]) => names.map((name) => `${table}.${name}`)),
  );
  let kept = "";
  let at = 0;
  for (const statement of parseSync("parts.ts", source).program.body) {
    const declared = statement.type === "ExportNamedDeclaration" ? statement.declaration : null;
    if (declared?.type !== "VariableDeclaration") continue;
    for (const { id, init } of declared.declarations) {
      const names = id.type === "Identifier" ? offered[id.name] : undefined;
      if (id.type !== "Identifier" || !names || init?.type !== "ObjectExpression") continue;
      for (const row of init.properties) {
        const name = row.type === "Property" ? nameOf(row.key) : "";
        missing.delete(`${id.name}.${name}`);
        if (names.includes(name)) continue;
        kept += source.slice(at, row.start);
        at = source[row.end] === "," ? row.end + 1 : row.end;
      }
    }
  }
  if (missing.size === 0) return kept + source.slice(at);
  throw new Error(
    `onlyOffered: src/parts.ts has no rows for ${[...missing].join(", ")}; correct what is offered`,
  );
}

function nameOf(key: { readonly type: string; readonly name?: unknown; readonly value?: unknown }): string {
  return String(key.type === "Identifier" ? key.name : key.value);
}
