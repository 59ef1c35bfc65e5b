import { isThere } from "../../node/is-there.ts";
import { quoted } from "../quoted.ts";

/** How a hub id is marked where a folder of that name exists too. */
const MARK = "hub:";

/** One half of an id: letters, digits, and in between also - and . */
const half = /^\w(?:[\w.-]*\w)?$/;

/** Whether a text has the form ORG/NAME. A double hyphen is not in it, as it stands for the slash in folder names. */
function isHubId(text: string): boolean {
  const halves = text.split("/");
  return halves.length === 2 && halves.every((part) => half.test(part)) && !/--|\.\./.test(text);
}

/**
 * What `fewstep import` is to import: a folder, or a model of a hub. A path that exists is a path; hub:ORG/NAME is
 * the hub's in any case.
 *
 * @returns the hub id ORG/NAME, or undefined for a path
 * @throws RangeError if the text after hub: is no id
 */
export async function hubIdOf(text: string): Promise<string | undefined> {
  if (text.startsWith(MARK)) {
    const id = text.slice(MARK.length);
    if (isHubId(id)) return id;
    throw new RangeError(`${quoted(text)} names no model of the hub; expected hub:ORG/NAME`);
  }
  return isHubId(text) && !(await isThere(text)) ? text : undefined;
}
