type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

function fill<Made extends Element>(
  made: Made,
  attributes: Attributes,
  children: readonly (Node | string)[],
): Made {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== undefined && value !== false) made.setAttribute(name, String(value));
  }
  made.append(...children);
  return made;
}

/** An HTML element with attributes (true: without a value; false and undefined: left out) and children. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function drawn<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[Name] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

/** The element of the page with this id. @throws Error if the page has none of that kind */
export function part<Made extends Element>(id: string, kind: new () => Made): Made {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${kind.name} called "${id}".`);
}

/** The first element inside that matches. @throws Error if there is none of that kind */
export function inside<Made extends Element>(
  parent: ParentNode,
  selector: string,
  kind: new () => Made,
): Made {
  const found = parent.querySelector(selector);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${kind.name} at "${selector}".`);
}

/** A copy of the content of a template. */
export function copied(id: string): HTMLElement {
  const copy = part(id, HTMLTemplateElement).content.firstElementChild?.cloneNode(true);
  if (copy instanceof HTMLElement) return copy;
  throw new Error(`The template "${id}" is empty.`);
}

/** Fills a list with choices and selects one. */
export function offer(
  select: HTMLSelectElement,
  choices: readonly { readonly id: string; readonly title: string }[],
  chosen: string,
): void {
  select.replaceChildren(
    ...choices.map(({ id, title }) => element("option", { value: id, selected: id === chosen }, title)),
  );
  select.value = chosen;
}
