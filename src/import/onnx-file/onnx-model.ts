import { create } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import {
  type DimMessage,
  type EntryMessage,
  elementTypes,
  type OpsetMessage,
  onnxMessage,
  valueMessage,
} from "./onnx-schema.ts";

/** A model that was read; fields that the schema does not list travel along unseen. Nothing in it is changed. */
export interface OnnxModel {
  readonly irVersion: bigint;
  readonly opsetImport: readonly OpsetMessage[];
  readonly metadataProps: readonly EntryMessage[];
  readonly graph: OnnxGraph;
}

export interface OnnxGraph {
  readonly name: string;
  /** Each after those whose outputs it reads. */
  readonly node: readonly OnnxNode[];
  readonly initializer: readonly OnnxTensor[];
  readonly input: readonly OnnxValue[];
  readonly output: readonly OnnxValue[];
  /** What the file says of tensors inside the graph. */
  readonly valueInfo: readonly OnnxValue[];
}

export interface OnnxNode {
  readonly opType: string;
  readonly domain: string;
  readonly name: string;
  /** "" where an optional one is absent. */
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly OnnxAttribute[];
}

export interface OnnxAttribute {
  readonly name: string;
  readonly i: bigint;
  readonly ints: readonly bigint[];
  readonly t?: OnnxTensor;
  readonly g?: OnnxGraph;
  readonly graphs: readonly OnnxGraph[];
}

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly bigint[];
  readonly dataType: number;
  readonly rawData: Uint8Array;
  /** 1 where the numbers lie in another file. */
  readonly dataLocation: number;
  readonly externalData: readonly EntryMessage[];
  readonly $unknown?: readonly {
    readonly no: number;
    readonly wireType: WireType;
    readonly data: Uint8Array;
  }[];
}

export interface OnnxValue {
  readonly name: string;
  readonly type?: {
    readonly value:
      | { readonly case: undefined }
      | {
          readonly case: "tensorType";
          readonly value: { readonly elemType: number; readonly shape?: OnnxShape };
        };
  };
}

interface OnnxShape {
  readonly dim: readonly { readonly value: { readonly case: undefined } | DimMessage }[];
}

interface Made {
  readonly AttributeProto: OnnxAttribute;
  readonly NodeProto: OnnxNode;
  readonly TensorProto: OnnxTensor;
  readonly ValueInfoProto: OnnxValue;
  readonly StringStringEntryProto: EntryMessage;
}

/** A message that can be put into a model; fields that are left out are empty. */
export function made<Name extends keyof Made>(name: Name, fields: Record<string, unknown>): Made[Name] {
  return create(onnxMessage(name), fields) as unknown as Made[Name];
}

/** A message like another one, but for some fields. */
export function changed<Message extends object>(message: Message, changes: Partial<Message>): Message {
  return Object.assign(Object.create(Object.getPrototypeOf(message)), message, changes) as Message;
}

/** A node without a name, whose attributes are whole numbers, lists of them, or tensors. */
export function newNode(
  opType: string,
  {
    input,
    output,
    attributes = {},
  }: {
    input: readonly string[];
    output: readonly string[];
    attributes?: Readonly<Record<string, number | readonly number[] | OnnxTensor>>;
  },
): OnnxNode {
  const attribute = Object.entries(attributes).map(([name, value]) => {
    if (typeof value === "number") return made("AttributeProto", { name, type: 2, i: BigInt(value) });
    return made(
      "AttributeProto",
      "dims" in value ? { name, type: 4, t: value } : { name, type: 7, ints: value.map(BigInt) },
    );
  });
  return made("NodeProto", { opType, input, output, attribute });
}

/** A constant of whole numbers [numbers.length]. */
export function newIntegers(name: string, numbers: readonly number[]): OnnxTensor {
  return made("TensorProto", {
    name,
    dims: [BigInt(numbers.length)],
    dataType: elementTypes.int64,
    rawData: new Uint8Array(BigInt64Array.from(numbers, BigInt).buffer),
  });
}

/** An input or output of the graph. */
export function newValue(
  name: string,
  type: { elemType: number; dims: readonly (number | string)[] },
): OnnxValue {
  return made("ValueInfoProto", { ...valueMessage(name, type) });
}

/** Element type and dims of an input or output: a dim that is no number is what the file calls it, or "". */
export function tensorType(
  value: OnnxValue,
): { readonly elemType: number; readonly dims?: readonly (number | string)[] } | undefined {
  const type = value.type?.value;
  if (type?.case !== "tensorType") return undefined;
  const { elemType, shape } = type.value;
  const dims = shape?.dim.map(({ value: dim }) =>
    dim.case === "dimValue" && dim.value >= 0n ? Number(dim.value) : dim.case === "dimParam" ? dim.value : "",
  );
  return { elemType, ...(dims ? { dims } : {}) };
}

/** The version of ONNX's own operators. */
export function opsetOf({ opsetImport }: OnnxModel): number {
  return Number(opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx")?.version ?? 1n);
}

/** The whole number that an attribute holds. */
export function integerAttribute(node: OnnxNode, name: string, absent: number): number {
  const found = node.attribute.find((attribute) => attribute.name === name);
  return found ? Number(found.i) : absent;
}

/** The numbers of a short int64 or bool tensor; undefined for any other. */
export function integersOf(tensor: OnnxTensor): number[] | undefined {
  const { dims, dataType, dataLocation, rawData, $unknown = [] } = tensor;
  const count = dims.reduce((product, dim) => product * Number(dim), 1);
  const isBool = dataType === elementTypes.bool;
  if (!(isBool || dataType === elementTypes.int64) || dataLocation === 1 || count > 64) return undefined;
  if (isBool && rawData.length === count) return Array.from(rawData);
  if (!isBool && rawData.length === 8 * count) {
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.length);
    return Array.from({ length: count }, (_, at) => Number(view.getBigInt64(8 * at, true)));
  }
  // int32_data, field 5, or int64_data, field 7, packed or not.
  const numbers: number[] = [];
  for (const { no, wireType, data } of $unknown) {
    if (no !== (isBool ? 5 : 7)) continue;
    const reader = new BinaryReader(data);
    const end = wireType === WireType.LengthDelimited ? reader.uint32() + reader.pos : data.length;
    while (reader.pos < end && numbers.length < count) numbers.push(Number(reader.int64()));
  }
  return numbers.length === count ? numbers : undefined;
}

/** A graph and those inside its nodes: the bodies of If, Loop and Scan. */
function* graphsOf(graph: OnnxGraph): Generator<OnnxGraph> {
  yield graph;
  for (const { attribute } of graph.node) {
    for (const { g, graphs } of attribute) {
      for (const inner of g ? [g, ...graphs] : graphs) yield* graphsOf(inner);
    }
  }
}

/** Every name that a tensor has in a graph or in those inside its nodes. */
export function namesOf(graph: OnnxGraph): Set<string> {
  const names = new Set<string>();
  for (const { input, output, initializer, valueInfo, node } of graphsOf(graph)) {
    for (const values of [input, output, initializer, valueInfo])
      for (const { name } of values) names.add(name);
    for (const made of node) for (const name of [...made.input, ...made.output]) names.add(name);
  }
  return names;
}

/** All tensors with numbers in them, those of nodes and of inner graphs too. */
export function* tensorsOf(graph: OnnxGraph): Generator<OnnxTensor> {
  for (const { initializer, node } of graphsOf(graph)) {
    yield* initializer;
    for (const { attribute } of node) for (const { t } of attribute) if (t) yield t;
  }
}

/** The names that a node reads, also from within the graphs it holds. */
export function* readBy(node: OnnxNode): Generator<string> {
  yield* node.input;
  for (const { g, graphs } of node.attribute) {
    for (const body of g ? [g, ...graphs] : graphs) {
      for (const inner of body.node) yield* readBy(inner);
      for (const { name } of body.output) yield name;
    }
  }
}
