import {
  type AttributeMessage,
  elementTypes,
  type GraphMessage,
  type NodeMessage,
  type ValueMessage,
  valueMessage,
} from "./onnx-schema.ts";

declare const value: unique symbol;

/** A tensor that flows through a graph: its name. */
export type Value = string & { readonly [value]: true };

/** A size, or the name of a size that the input decides. */
export type Dim = number | string;

/** An attribute of a node, with the type that ONNX wants stated. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly ints: readonly number[] };

/** A constant tensor; its bytes are made when the file is written. */
export interface Initializer {
  readonly name: string;
  readonly type: keyof typeof elementTypes;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** The numbers, little-endian and row-major; a piece is the caller's until the next one is asked for. */
  pieces(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** How a node is made. */
export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** "com.microsoft" for ONNX Runtime's own operators; default ONNX's. */
  readonly domain?: string;
}

/** A graph that is being built. */
export interface Graph {
  input(name: string, type: keyof typeof elementTypes, dims: readonly Dim[]): Value;
  output(name: string, from: Value, dims: readonly Dim[]): void;
  /** A node with one output. An absent optional input is undefined. */
  node(operator: string, inputs: readonly (Value | undefined)[], options?: NodeOptions): Value;
  /** A node with `count` outputs. */
  nodes(
    operator: string,
    inputs: readonly (Value | undefined)[],
    count: number,
    options?: NodeOptions,
  ): Value[];
  /** A constant [numbers.length], or a scalar from a single number; equal ones are made once. */
  constant(type: "float32" | "int64", numbers: number | readonly number[]): Value;
  /** A weight; the same initializer is added once. */
  weight(initializer: Initializer): Value;
  /** What was built so far. */
  finished(): { readonly message: GraphMessage; readonly initializers: readonly Initializer[] };
}

/** Starts an empty graph. */
export function graph(name: string): Graph {
  const node: NodeMessage[] = [];
  const input: ValueMessage[] = [];
  const output: ValueMessage[] = [];
  const initializers = new Map<string, Initializer>();
  const counts = new Map<string, number>();

  /** Operator names numbered from 0 on, which no tensor of a checkpoint is called: "/Gemm_0". */
  function fresh(operator: string): string {
    const count = counts.get(operator) ?? 0;
    counts.set(operator, count + 1);
    return `/${operator}_${count}`;
  }

  const built: Graph = {
    input(name, type, dims) {
      input.push(valueMessage(name, { elemType: elementTypes[type], dims }));
      return name as Value;
    },
    output(name, from, dims) {
      node.push({
        opType: "Identity",
        name: fresh("Identity"),
        input: [from],
        output: [name],
        attribute: [],
      });
      output.push(valueMessage(name, { elemType: elementTypes.float32, dims }));
    },
    node: (operator, inputs, options) => built.nodes(operator, inputs, 1, options)[0]!,
    nodes(operator, inputs, count, { attributes = {}, domain } = {}) {
      const name = fresh(operator);
      const names = Array.from({ length: count }, (_, at) => (count === 1 ? name : `${name}.${at}`));
      node.push({
        opType: operator,
        ...(domain === undefined ? {} : { domain }),
        name,
        input: inputs.map((name) => name ?? ""),
        output: names,
        attribute: Object.entries(attributes).map(([name, attribute]) => attributeMessage(name, attribute)),
      });
      return names as Value[];
    },
    constant(type, numbers) {
      const list = typeof numbers === "number" ? [numbers] : numbers;
      const shape = typeof numbers === "number" ? [] : [list.length];
      const name = `/${type}[${shape}]:${list.join(",")}`;
      const data = type === "int64" ? BigInt64Array.from(list, BigInt) : Float32Array.from(list);
      const bytes = new Uint8Array(data.buffer);
      return built.weight({ name, type, shape, bytes: bytes.length, pieces: () => [bytes] });
    },
    weight(initializer) {
      if (!initializers.has(initializer.name)) initializers.set(initializer.name, initializer);
      return initializer.name as Value;
    },
    finished: () => ({ message: { name, node, input, output }, initializers: [...initializers.values()] }),
  };
  return built;
}

function attributeMessage(name: string, attribute: Attribute): AttributeMessage {
  if ("float" in attribute) return { name, type: 1, f: attribute.float };
  if ("int" in attribute) return { name, type: 2, i: BigInt(attribute.int) };
  if ("text" in attribute) return { name, type: 3, s: new TextEncoder().encode(attribute.text) };
  return { name, type: 7, ints: attribute.ints.map(BigInt) };
}

/** Bytes of all weights of a graph. */
export function weightBytes({ finished }: Graph): number {
  return finished().initializers.reduce((sum, { bytes }) => sum + bytes, 0);
}
