import { mkdirSync } from "node:fs";
import { open, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isThere } from "../../src/node/is-there.ts";
import { writeFinishedFolder } from "../../src/node/write-file.ts";
import type { Shape } from "./shapes.ts";

/** A tensor and the law of its numbers: uniform around `mean` with standard deviation `spread`. */
interface RandomTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly spread: number;
  readonly mean?: number;
}

/** Numbers that are made and written at a time. */
const PIECE = 2 ** 20;

/**
 * A checkpoint as MDLM's are published, config.json and model.safetensors in float32, with random weights that are
 * a function of the shape and the seed. Matrices keep the size of what they multiply, so that logits are about as
 * large as a trained network's. Weights that the published code starts at zero are random too. The file is written
 * piece by piece; a folder that is there from an earlier run is taken as it is.
 *
 * @param options.place folder to write into; default one in the system's folder for temporary files
 * @returns the checkpoint's folder
 */
export async function randomCheckpoint(
  shape: Shape,
  { seed = 0, place = join(tmpdir(), "fewstep-bench") }: { seed?: number; place?: string } = {},
): Promise<string> {
  const { vocabulary, length, width, blocks, heads, condition } = shape;
  const folder = join(
    place,
    `mdlm-${[width, blocks, heads, condition, length, vocabulary].join("x")}-seed-${seed}`,
  );
  if (await isThere(join(folder, "model.safetensors"))) return folder;
  mkdirSync(place, { recursive: true });
  await writeFinishedFolder(folder, async (temporary) => {
    await writeFile(join(temporary, "config.json"), `${JSON.stringify(configOf(shape), null, 2)}\n`);
    await writeTensors(join(temporary, "model.safetensors"), tensorsOf(shape), seed);
  });
  return folder;
}

function configOf({ vocabulary, length, width, blocks, heads, condition }: Shape): object {
  return {
    architectures: ["MDLM"],
    cond_dim: condition,
    dropout: 0.1,
    hidden_dim: width,
    model_length: length,
    model_type: "mdlm",
    n_blocks: blocks,
    n_heads: heads,
    return_dict: false,
    time_conditioning: false,
    torch_dtype: "float32",
    vocab_size: vocabulary,
  };
}

function tensorsOf({ vocabulary, width, blocks, heads, condition }: Shape): RandomTensor[] {
  const matrix = (name: string, to: number, from: number, { bias = true } = {}): RandomTensor[] => [
    { name: `${name}.weight`, shape: [to, from], spread: 1 / Math.sqrt(from) },
    ...(bias ? [{ name: `${name}.bias`, shape: [to], spread: 0.1 }] : []),
  ];
  const norm = (name: string): RandomTensor => ({
    name: `${name}.weight`,
    shape: [width],
    spread: 0.1,
    mean: 1,
  });
  const inBlock = (block: string): RandomTensor[] => [
    ...matrix(`${block}.adaLN_modulation`, 6 * width, condition),
    ...matrix(`${block}.attn_out`, width, width, { bias: false }),
    ...matrix(`${block}.attn_qkv`, 3 * width, width, { bias: false }),
    ...matrix(`${block}.mlp.0`, 4 * width, width),
    ...matrix(`${block}.mlp.2`, width, 4 * width),
    norm(`${block}.norm1`),
    norm(`${block}.norm2`),
  ];
  const tensors = [
    ...Array.from({ length: blocks }, (_, i) => inBlock(`blocks.${i}`)).flat(),
    ...matrix("output_layer.adaLN_modulation", 2 * width, condition),
    ...matrix("output_layer.linear", vocabulary, width),
    norm("output_layer.norm_final"),
    // The importer computes this table itself; it is here because published files have it.
    { name: "rotary_emb.inv_freq", shape: [width / heads / 2], spread: 0 },
    ...matrix("sigma_map.mlp.0", condition, 256),
    ...matrix("sigma_map.mlp.2", condition, condition),
    { name: "vocab_embed.embedding", shape: [vocabulary, width], spread: 1 },
  ];
  return tensors.map((tensor) => ({ ...tensor, name: `backbone.${tensor.name}` }));
}

async function writeTensors(path: string, tensors: readonly RandomTensor[], seed: number): Promise<void> {
  let end = 0;
  const header = tensors.map(({ name, shape }) => {
    const begin = end;
    end += 4 * elements(shape);
    return [name, { dtype: "F32", shape, data_offsets: [begin, end] }] as const;
  });
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  const file = await open(path, "wx");
  try {
    await file.writeFile(length);
    await file.writeFile(json);
    for (const [at, tensor] of tensors.entries()) {
      for (const piece of pieces(tensor, { seed, stream: at })) await file.writeFile(piece);
    }
  } finally {
    await file.close();
  }
}

/** The numbers of a tensor, a piece at a time in the same array; each tensor has its own stream. */
function* pieces(
  { shape, spread, mean = 0 }: RandomTensor,
  { seed, stream }: { seed: number; stream: number },
): Generator<Uint8Array> {
  const next = xorshift(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b));
  const numbers = new Float32Array(PIECE);
  // Uniform on [-1, 1) has the standard deviation 1 / sqrt 3.
  const scale = spread * Math.sqrt(3);
  for (let left = elements(shape); left > 0; left -= PIECE) {
    const count = Math.min(left, PIECE);
    for (let i = 0; i < count; i++) numbers[i] = mean + scale * next();
    yield new Uint8Array(numbers.buffer, 0, 4 * count);
  }
}

/** Uniform on [-1, 1). Source: Marsaglia 2003, "Xorshift RNGs", the triple 13, 17, 5. */
function xorshift(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
