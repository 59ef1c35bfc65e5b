import { extname } from "node:path";
import { dump } from "npyjs";
import type { TokensDescription } from "../model/manifest.ts";
import { decode } from "../model/text.ts";
import { writeFinished } from "./write-file.ts";
import { midiFile } from "./write-midi.ts";
import { pngLayout, pngSheet } from "./write-png.ts";

/** What the ending of a file name says about its format. */
export type SamplesFormat = "npy" | "txt" | "json" | "jsonl" | "mid" | "svg" | "png";

/** Finished samples; those that `sample` returns fit. */
export interface WrittenSamples {
  /** [count, length] */
  readonly tokens: Int32Array;
  readonly count: number;
  readonly length: number;
}

/** Finished samples that are read as they are written, and perhaps twice. */
export interface ReadSamples {
  readonly count: number;
  readonly length: number;
  /** [rows, length] after [rows, length], `count` rows in all. */
  blocks(): AsyncIterable<Int32Array>;
}

/** What the tokens of samples stand for. */
export interface SamplesMeaning {
  /** The character of each token. */
  readonly alphabet?: string | undefined;
  /** The text of a sample, where it is not the characters of an alphabet. */
  readonly text?: ((tokens: Int32Array) => string) | undefined;
  /** What they stand for where they are no characters. */
  readonly description?: TokensDescription | undefined;
  /** Number of tokens; needed for images, whose last token is white. */
  readonly vocabulary?: number;
}

const always = ["npy", "txt", "json", "jsonl"] as const;
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
 * [[...]], "text"?: [...], ...extra}. .jsonl: {"tokens": [...], "text"?: "..."} a line. Melodies also as .mid, one
 * after another, and as .svg, a piano roll each. Images also as .png and .svg, a contact sheet.
 *
 * The first four hold one block of {@link ReadSamples} at a time; music and pictures need all samples.
 *
 * @param options.extra further fields of the .json file @param options.temporary as for `writeFinished`
 * @throws RangeError if the ending does not fit the samples, or a token has no meaning in the format
 */
export async function writeSamples(
  path: string,
  samples: WrittenSamples | ReadSamples,
  {
    extra,
    temporary,
    ...meaning
  }: SamplesMeaning & { extra?: Readonly<Record<string, unknown>>; temporary?: string } = {},
): Promise<void> {
  const { count, length } = samples;
  const format = samplesFormat(path, { description: meaning.description, count });
  const source = "tokens" in samples ? inOneBlock(samples) : samples;
  const write = (data: Parameters<typeof writeFinished>[1]) => writeFinished(path, data, { temporary });
  if (format === "npy") return write(npyPieces(source));
  const { alphabet } = meaning;
  const text = meaning.text ?? (alphabet === undefined ? undefined : (row) => decode(row, alphabet));
  if (format === "txt") return write(linesOf(source, (row) => oneLine(text?.(row) ?? row.join(" "))));
  if (format === "json") return write(jsonPieces(source, { text, extra }));
  if (format === "jsonl") {
    return write(
      linesOf(source, (row) =>
        JSON.stringify({ tokens: Array.from(row), ...(text ? { text: text(row) } : {}) }),
      ),
    );
  }
  const rows: Int32Array[] = [];
  for await (const block of source.blocks()) rows.push(...rowsOf(block, length));
  return write(await rendered(format, rows, meaning));
}

/** @throws RangeError unless there are as many tokens as there should be */
function inOneBlock({ tokens, count, length }: WrittenSamples): ReadSamples {
  if (tokens.length !== count * length) {
    throw new RangeError(
      `writeSamples: ${tokens.length} tokens for ${count} samples of length ${length}; expected ${count * length}`,
    );
  }
  return {
    count,
    length,
    async *blocks() {
      yield tokens;
    },
  };
}

async function* npyPieces({ blocks, count, length }: ReadSamples): AsyncGenerator<Uint8Array> {
  // The header alone: it is made of the type and the shape.
  yield new Uint8Array(dump(new Int32Array(0), [count, length]));
  for await (const { buffer, byteOffset, byteLength } of blocks()) {
    yield new Uint8Array(buffer, byteOffset, byteLength);
  }
}

async function* linesOf(
  { blocks, length }: ReadSamples,
  line: (row: Int32Array) => string,
): AsyncGenerator<string> {
  for await (const block of blocks()) {
    yield rowsOf(block, length)
      .map((row) => `${line(row)}\n`)
      .join("");
  }
}

/** What JSON.stringify makes of the whole, piece by piece. */
async function* jsonPieces(
  { blocks, count, length }: ReadSamples,
  {
    text,
    extra = {},
  }: {
    readonly text: SamplesMeaning["text"];
    readonly extra: Readonly<Record<string, unknown>> | undefined;
  },
): AsyncGenerator<string> {
  const listOf = async function* (name: string, item: (row: Int32Array) => unknown) {
    yield `,${JSON.stringify(name)}:[`;
    let comma = "";
    for await (const block of blocks()) {
      yield comma +
        rowsOf(block, length)
          .map((row) => JSON.stringify(item(row)))
          .join(",");
      comma = ",";
    }
    yield "]";
  };
  yield JSON.stringify({ length, count }).slice(0, -1);
  yield* listOf("tokens", (row) => Array.from(row));
  if (text) yield* listOf("text", text);
  const more = JSON.stringify(extra).slice(1);
  yield `${more === "}" ? "" : ","}${more}\n`;
}

/** The rows [length] of tokens [rows, length], not copied. */
export function rowsOf(block: Int32Array, length: number): Int32Array[] {
  return Array.from({ length: block.length / length }, (_, row) =>
    block.subarray(row * length, (row + 1) * length),
  );
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
