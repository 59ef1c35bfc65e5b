/** Sizes of an MDLM network. */
export interface Shape {
  readonly name: string;
  /** Rows of the vocabulary, the mask among them as the last. */
  readonly vocabulary: number;
  /** D, the positions of a sequence. */
  readonly length: number;
  readonly width: number;
  readonly blocks: number;
  readonly heads: number;
  /** Width of the time vector. */
  readonly condition: number;
}

/** From what a test can afford to the published mdlm-owt, which has the sizes of GPT-2 small. */
export const shapes: readonly Shape[] = [
  { name: "tiny", vocabulary: 1024, length: 128, width: 64, blocks: 2, heads: 4, condition: 32 },
  { name: "small", vocabulary: 8192, length: 512, width: 256, blocks: 4, heads: 4, condition: 64 },
  { name: "gpt2-small", vocabulary: 50_258, length: 1024, width: 768, blocks: 12, heads: 12, condition: 128 },
];

/** @throws RangeError if no shape is called so */
export function shapeNamed(name: string): Shape {
  const found = shapes.find((shape) => shape.name === name);
  if (found) return found;
  throw new RangeError(`shape = "${name}"; expected one of ${shapes.map((shape) => shape.name).join(", ")}`);
}

/** "768 wide, 12 blocks, 12 heads, D = 1,024, V = 50,258" */
export function sizesOf({ width, blocks, heads, length, vocabulary }: Shape): string {
  const grouped = (value: number): string => value.toLocaleString("en-US");
  return `${width} wide, ${blocks} blocks, ${heads} heads, D = ${grouped(length)}, V = ${grouped(vocabulary)}`;
}
