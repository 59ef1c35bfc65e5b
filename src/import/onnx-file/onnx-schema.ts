import { create, createFileRegistry, type DescMessage, toBinary } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";

/** `ModelProto` without its graph, which the writer streams. */
export interface ModelMessage {
  readonly irVersion: bigint;
  readonly producerName: string;
  readonly opsetImport: readonly OpsetMessage[];
  readonly metadataProps?: readonly EntryMessage[];
}

/** A version of a domain's operators. */
export interface OpsetMessage {
  readonly domain: string;
  readonly version: bigint;
}

export interface EntryMessage {
  readonly key: string;
  readonly value: string;
}

export interface GraphMessage {
  readonly name: string;
  readonly node: readonly NodeMessage[];
  readonly input: readonly ValueMessage[];
  readonly output: readonly ValueMessage[];
}

export interface NodeMessage {
  readonly opType: string;
  readonly domain?: string;
  readonly name: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly AttributeMessage[];
}

/** `type` says which of the others is set: 1 f, 2 i, 3 s, 7 ints. */
export interface AttributeMessage {
  readonly name: string;
  readonly type: 1 | 2 | 3 | 7;
  readonly f?: number;
  readonly i?: bigint;
  readonly s?: Uint8Array<ArrayBuffer>;
  readonly ints?: readonly bigint[];
}

/** A tensor without its numbers, or, where `dataLocation` is 1, with the place of them: location, offset, length. */
export interface TensorMessage {
  readonly name: string;
  readonly dims: readonly bigint[];
  readonly dataType: number;
  readonly dataLocation?: 1;
  readonly externalData?: readonly EntryMessage[];
}

/** An input or output of the graph. */
export interface ValueMessage {
  readonly name: string;
  readonly type: {
    readonly value: {
      readonly case: "tensorType";
      readonly value: {
        readonly elemType: number;
        readonly shape: { readonly dim: readonly { readonly value: DimMessage }[] };
      };
    };
  };
}

/** A size, or the name of a size that the input decides. */
export type DimMessage =
  | { readonly case: "dimValue"; readonly value: bigint }
  | { readonly case: "dimParam"; readonly value: string };

interface Messages {
  readonly ModelProto: ModelMessage;
  readonly GraphProto: GraphMessage;
  readonly TensorProto: TensorMessage;
}

/** Numbers of the fields that are streamed and not encoded from messages. */
export const streamed = { modelGraph: 7, graphInitializer: 5, tensorRawData: 9 } as const;

/** Element types of tensors, `TensorProto.DataType`. */
export const elementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
} as const;

/**
 * The part of ONNX that fewstep writes: message, field, number, type; `[]` after a type is "repeated", `|` before it
 * a member of the oneof `value`. Enumerations are int32, which is the same on the wire. What is not listed is kept
 * as unknown fields by whoever reads a model with this schema.
 *
 * Source: onnx/onnx.proto of the ONNX specification, proto2, and docs/IR.md.
 */
const messages: Readonly<Record<string, Readonly<Record<string, readonly [number, string]>>>> = {
  ModelProto: {
    ir_version: [1, "int64"],
    producer_name: [2, "string"],
    graph: [streamed.modelGraph, "GraphProto"],
    opset_import: [8, "OperatorSetIdProto[]"],
    metadata_props: [14, "StringStringEntryProto[]"],
  },
  OperatorSetIdProto: { domain: [1, "string"], version: [2, "int64"] },
  StringStringEntryProto: { key: [1, "string"], value: [2, "string"] },
  GraphProto: {
    node: [1, "NodeProto[]"],
    name: [2, "string"],
    initializer: [streamed.graphInitializer, "TensorProto[]"],
    input: [11, "ValueInfoProto[]"],
    output: [12, "ValueInfoProto[]"],
    value_info: [13, "ValueInfoProto[]"],
  },
  NodeProto: {
    input: [1, "string[]"],
    output: [2, "string[]"],
    name: [3, "string"],
    op_type: [4, "string"],
    attribute: [5, "AttributeProto[]"],
    domain: [7, "string"],
  },
  AttributeProto: {
    name: [1, "string"],
    f: [2, "float"],
    i: [3, "int64"],
    s: [4, "bytes"],
    t: [5, "TensorProto"],
    g: [6, "GraphProto"],
    ints: [8, "int64[]"],
    graphs: [11, "GraphProto[]"],
    type: [20, "int32"],
  },
  TensorProto: {
    dims: [1, "int64[]"],
    data_type: [2, "int32"],
    name: [8, "string"],
    raw_data: [streamed.tensorRawData, "bytes"],
    external_data: [13, "StringStringEntryProto[]"],
    data_location: [14, "int32"],
  },
  ValueInfoProto: { name: [1, "string"], type: [2, "TypeProto"] },
  TypeProto: { tensor_type: [1, "|TypeProto_Tensor"] },
  TypeProto_Tensor: { elem_type: [1, "int32"], shape: [2, "TensorShapeProto"] },
  TensorShapeProto: { dim: [1, "TensorShapeProto_Dimension[]"] },
  TensorShapeProto_Dimension: { dim_value: [1, "|int64"], dim_param: [2, "|string"] },
};

const scalars: Readonly<Record<string, Type>> = {
  float: Type.FLOAT,
  int64: Type.INT64,
  int32: Type.INT32,
  string: Type.STRING,
  bytes: Type.BYTES,
};

function field(name: string, [number, written]: readonly [number, string]) {
  const repeated = written.endsWith("[]");
  const chosen = written.startsWith("|");
  const type = written.replace(/^\||\[\]$/g, "");
  const scalar = scalars[type];
  return {
    name,
    number,
    label: repeated ? Label.REPEATED : Label.OPTIONAL,
    type: scalar ?? Type.MESSAGE,
    ...(scalar === undefined ? { typeName: `.onnx.${type}` } : {}),
    ...(chosen ? { oneofIndex: 0 } : {}),
  };
}

const registry = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: "onnx.proto",
    package: "onnx",
    syntax: "proto2",
    messageType: Object.entries(messages).map(([name, fields]) => ({
      name,
      field: Object.entries(fields).map(([fieldName, description]) => field(fieldName, description)),
      oneofDecl: Object.values(fields).some(([, type]) => type.startsWith("|")) ? [{ name: "value" }] : [],
    })),
  }),
  () => undefined,
);

/** The schema of a message, to read or write it with `@bufbuild/protobuf`. */
export function onnxMessage(name: keyof typeof messages): DescMessage {
  return registry.getMessage(`onnx.${name}`)!;
}

/** A tensor as an input or output of the graph: its dims are sizes, or names of sizes that the input decides. */
export function valueMessage(
  name: string,
  { elemType, dims }: { elemType: number; dims: readonly (number | string)[] },
): ValueMessage {
  const dim = dims.map((size): { value: DimMessage } => ({
    value:
      typeof size === "number"
        ? { case: "dimValue", value: BigInt(size) }
        : { case: "dimParam", value: size },
  }));
  return { name, type: { value: { case: "tensorType", value: { elemType, shape: { dim } } } } };
}

/** The bytes of a message. */
export function encoded<Name extends keyof Messages>(
  name: Name,
  message: Messages[Name],
): Uint8Array<ArrayBuffer> {
  const schema = onnxMessage(name);
  return toBinary(
    schema,
    create(schema, message as unknown as Record<string, unknown>),
  ) as Uint8Array<ArrayBuffer>;
}
