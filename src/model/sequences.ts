import { parse } from "npyjs";

/**
 * The sequences of tokens in the bytes of a .npy file of any integer type.
 *
 * @param options.path the file, as errors name it
 * @param options.where what errors begin with
 * @returns [n, length]
 * @throws Error if the file is no array [n, length] of tokens from 0 to vocabulary - 1
 */
export function parseSequences(
  bytes: Uint8Array,
  {
    length,
    vocabulary,
    path,
    where = "heldOut",
  }: { length: number; vocabulary: number; path: string; where?: string },
): Int32Array {
  let array: ReturnType<typeof parse>;
  try {
    array = parse(new Uint8Array(bytes).buffer);
  } catch (cause) {
    const reason = (cause as Error).message.replace(/\s+/g, " ").trim();
    throw new Error(`${where}: ${path} is not a .npy file: ${reason}; save it with numpy.save`, { cause });
  }
  const { shape, dtype, fortranOrder } = array;
  const values = array.data as unknown as ArrayLike<number | bigint>;
  if (shape.length !== 2 || shape[1] !== length || shape[0]! < 1 || fortranOrder) {
    throw new Error(
      `${where}: ${path} has shape [${shape.join(", ")}]${fortranOrder ? " in column order" : ""}; expected [n, ${length}] in row order`,
    );
  }
  if (values.length !== shape[0]! * length) {
    throw new Error(
      `${where}: ${path} holds ${values.length} numbers, its header says ${shape.join(" x ")}; the file is cut short, so save it again`,
    );
  }
  const tokens = new Int32Array(values.length);
  for (let at = 0; at < tokens.length; at++) {
    const token = Number(values[at]);
    if (!Number.isInteger(token) || token < 0 || token >= vocabulary) {
      throw new Error(
        `${where}: ${path} has ${String(values[at])} at [${Math.floor(at / length)}, ${at % length}] (type ${dtype}); expected tokens from 0 to ${vocabulary - 1}`,
      );
    }
    tokens[at] = token;
  }
  return tokens;
}
