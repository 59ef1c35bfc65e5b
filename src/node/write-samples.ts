import { extname } from "node:path";
import { dump } from "npyjs";
import type { TokensDescription } from "./manifest.ts";
import { decode } from "./text.ts";
import { writeFinished } from "./write-file.ts";
import { midiFile } from "./write-midi.ts";
import { pngLayout, pngSheet } from "./write-png.ts";

/** What the ending of a file name says about its format. */
export type SamplesFormat = "npy" | "txt" | "json" | "mid" | "svg" | "png";

/** Finished samples; those that `sample` returns fit. */
export interface WrittenSamples {
  /** [count, length] */
  readonly tokens: Int32Array;
  readonly count: number;
  readonly length: number;
}

/** What the tokens of samples stand for. */
export interface SamplesMeaning {
  /** The character of each token. */
  readonly alphabet?: string | undefined;
  /** What they stand for where they are no characters. */
  readonly description?: TokensDescription | undefined;
  /** Number of tokens; needed for images, whose last token is white. */
  readonly vocabulary?: number;
}

const always = ["npy", "txt", "json"] as const;
const also: Readonly<Record<TokensDescription["kind"], readonly SamplesFormat[]>> = {
  notes: ["mid", "svg"],
  grey: ["png", "svg"],
};

/**
 * The format a file name asks for, so that a wrong one is refused before the sampling.
 *
 * @param options.description what the tokens stand for: melodies can be .mid and .svg, images .png and .svg
 * @param options.count samples that will be written, if known
 * @throws RangeError unless samples of that kind, and so many, can be written in it
 */
export function samplesFormat(
  path: string,
  { description, count = 1 }: { description?: TokensDescription | undefined; count?: number } = {},
): SamplesFormat {
  const format = extname(path).slice(1).toLowerCase();
  const possible = [...(description ? also[description.kind] : []), ...always];
  const found = possible.find((each) => each === format);
  if (found === undefined) {
    const endings = possible.map((each) => `.${each}`);
    const what = description ? `for this model, whose samples are ${kindName(description)}, ` : "";
    throw new RangeError(
      `writeSamples: ${path} ends in ${format === "" ? "nothing" : `.${format}`}; ${what}expected ${endings.slice(0, -1).join(", ")} or ${endings.at(-1)}`,
    );
  }
  if (found === "png" && description?.kind === "grey") pngLayout(description, count);
  return found;
}

/**
 * Writes samples in the format of the file's ending.
 *
 * .npy: int32 [count, length], as numpy.load reads it. .txt: one sample a line, decoded, line breaks within a
 * sample as \n; without an alphabet, numbers separated by spaces. .json: {"length", "count", "tokens":
 * [[...]], "text"?: [...], ...extra}. Melodies also as .mid, one after another, and as .svg, a piano roll each.
 * Images also as .png and .svg, a contact sheet.
 *
 * @param options.extra further fields of the .json file
 * @throws RangeError if the ending does not fit the samples, or a token has no meaning in the format
 */
export async function writeSamples(
  path: string,
  samples: WrittenSamples,
  { extra, ...meaning }: SamplesMeaning & { extra?: Readonly<Record<string, unknown>> } = {},
): Promise<void> {
  const { tokens, count, length } = samples;
  const { alphabet, description } = meaning;
  const format = samplesFormat(path, { description, count });
  if (tokens.length !== count * length) {
    throw new RangeError(
      `writeSamples: ${tokens.length} tokens for ${count} samples of length ${length}; expected ${count * length}`,
    );
  }
  if (format === "npy") return writeFinished(path, new Uint8Array(dump(tokens, [count, length])));
  const rows = Array.from({ length: count }, (_, row) => tokens.subarray(row * length, (row + 1) * length));
  if (format !== "txt" && format !== "json")
    return writeFinished(path, await rendered(format, rows, meaning));
  const texts = alphabet === undefined ? undefined : rows.map((row) => decode(row, alphabet));
  if (format === "txt") {
    const lines = texts?.map(oneLine) ?? rows.map((row) => row.join(" "));
    return writeFinished(path, lines.map((line) => `${line}\n`).join(""));
  }
  const json = {
    length,
    count,
    tokens: rows.map((row) => Array.from(row)),
    ...(texts ? { text: texts } : {}),
    ...extra,
  };
  return writeFinished(path, `${JSON.stringify(json)}\n`);
}

/** What a melody or an image looks or sounds like; the drawing library is loaded only here. */
async function rendered(
  format: "mid" | "svg" | "png",
  rows: readonly Int32Array[],
  { description, vocabulary }: SamplesMeaning,
): Promise<string | Uint8Array> {
  if (description?.kind === "notes") {
    if (format === "mid") return midiFile(rows, description);
    const { pianoRollSvg } = await import("../report/piano-roll.ts");
    return pianoRollSvg(rows, description);
  }
  if (description === undefined || vocabulary === undefined) {
    throw new RangeError(
      "writeSamples: vocabulary is missing; expected the number of greys, of which the last is white",
    );
  }
  if (format === "png") return pngSheet(rows, { ...description, vocabulary });
  const { greySheetSvg } = await import("../report/grey-picture.ts");
  return greySheetSvg(rows, { ...description, vocabulary });
}

function kindName(description: TokensDescription): string {
  if (description.kind === "notes") return "melodies";
  return `images of ${description.rows} x ${description.columns}`;
}

function oneLine(text: string): string {
  return text.replaceAll("\r", "\\r").replaceAll("\n", "\\n");
}
