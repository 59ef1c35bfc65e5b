/** How a file is read. */
export interface ReadOptions {
  /** Bytes above which the file is refused; default 2^28. */
  readonly limit?: number;
  /** What the SHA-256 of its bytes must be, 64 hexadecimal digits; default: not checked. */
  readonly sha256?: string;
  /** What errors begin with; default "loadModel". */
  readonly caller?: string;
}

/** The files of one model: in a folder of a disk, or below an address. Names are as manifests have them. */
export interface Files {
  /** What errors call a file: its path or its address. */
  where(name: string): string;
  /** @throws Error in one sentence: the file cannot be read, is too large, or is another one */
  bytes(name: string, options?: ReadOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** The file as text in UTF-8. @throws Error as `bytes` */
  text(name: string, options?: ReadOptions): Promise<string>;
}

/** Bytes that a file may have where nothing else is said. */
export const FILE_LIMIT: number = 2 ** 28;

/** The value in a JSON file. @throws Error in one sentence as `Files.bytes`, or if it is not JSON */
export async function readJsonOf(files: Files, name: string, options: ReadOptions = {}): Promise<unknown> {
  const { caller = "loadModel" } = options;
  return parseJson(await files.text(name, options), { where: files.where(name), caller });
}

/** The value of a JSON text. @throws Error in one sentence, naming the file, if it is none */
export function parseJson(text: string, { where, caller }: { where: string; caller: string }): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    const reason = (cause as Error).message.replace(/\s+/g, " ");
    throw new Error(`${caller}: ${where} is not JSON: ${reason}; correct the file`, { cause });
  }
}

/** The lines of a text file that are not empty. @throws Error as `Files.bytes` */
export async function readLinesOf(files: Files, name: string, options: ReadOptions = {}): Promise<string[]> {
  return (await files.text(name, options)).split("\n").filter((line) => line !== "");
}
