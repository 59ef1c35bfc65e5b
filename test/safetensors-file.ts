/** Safetensors files as tests make them: right, or wrong in one place. */
import { writeFileSync } from "node:fs";

/** What a header says of a tensor. */
export interface Entry {
  readonly dtype: unknown;
  readonly shape: unknown;
  readonly data_offsets: unknown;
}

/** The bytes of a file with this header, an object or its text, and these data. */
export function fileOf(header: unknown, data: Uint8Array, { length }: { length?: bigint } = {}): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

/** Writes tensors one after the other, in float32. */
export function writeTensors(
  path: string,
  tensors: readonly { name: string; shape: readonly number[]; data: Float32Array }[],
): void {
  let end = 0;
  const header = Object.fromEntries(
    tensors.map(({ name, shape, data }): [string, Entry] => {
      const begin = end;
      end += data.byteLength;
      return [name, { dtype: "F32", shape, data_offsets: [begin, end] }];
    }),
  );
  const parts = tensors.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  writeFileSync(path, fileOf(header, Buffer.concat(parts)));
}
