import { type OnnxGraph, type OnnxModel, type OnnxValue, tensorType } from "./onnx-file/onnx-model.ts";
import { elementTypes } from "./onnx-file/onnx-schema.ts";
import { quoted } from "./quoted.ts";
import { graphFacts } from "./row-surgery/graph-facts.ts";

/** What the inputs and the output of somebody's network are for. */
export interface OnnxRoles {
  /** int64 [batch, length] */
  readonly tokens: string;
  /** float32 [batch]: the time t, or the noise level sigma(t). */
  readonly time?: string;
  readonly sigma?: string;
  /** Inputs [batch, length] that are the same number everywhere when all tokens are real ones. */
  readonly constants: readonly { readonly name: string; readonly value: 0 | 1; readonly elemType: number }[];
  /** The logits, [batch, length, width]. */
  readonly output: string;
  readonly width: number;
  /** The length, where the file fixes it. */
  readonly length?: number;
  /** Rows of the table that the tokens choose from, where that is what the network begins with. */
  readonly known?: number;
}

/** What these inputs are where no token is padding and there is one text, under the names that exporters give them. */
const obvious: Readonly<Record<string, 0 | 1>> = {
  attention_mask: 1,
  input_mask: 1,
  token_type_ids: 0,
  segment_ids: 0,
};

/** Names of element types, by number. */
const typeNames =
  "undefined float32 uint8 int8 uint16 int16 int32 int64 string bool float16 float64 uint32 uint64".split(
    " ",
  );

type Refuse = (problem: string) => Error;

/**
 * Finds out what the inputs and the output of a network are for: by type and shape, by the names that exporters give
 * them, and by what the caller says.
 *
 * @param options.where the file, as errors name it
 * @param options.time the input that takes the time t @param options.sigma the input that takes sigma(t) instead
 * @throws Error with one sentence if something cannot be told, or is not as fewstep needs it
 */
export function onnxRoles(
  { graph }: OnnxModel,
  { where, ...said }: { where: string; time?: string; sigma?: string },
): OnnxRoles {
  const refuse: Refuse = (problem) => new Error(`${where} ${problem}`);
  const weights = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !weights.has(name));
  const level = levelOf(inputs, { ...said, refuse });
  const isConstant = (input: OnnxValue): boolean =>
    Object.hasOwn(obvious, input.name) && axes(input) === 2 && input !== level?.input;
  const tokens = tokensOf(
    inputs.filter((input) => input !== level?.input && !isConstant(input)),
    { list: listed(inputs), refuse },
  );
  const length = tensorType(tokens)!.dims![1];
  const facts = graphFacts(graph);
  const table = graph.node.find(({ opType, input }) => opType === "Gather" && input[1] === tokens.name);
  const known = table ? facts.of(table.input[0]!).shape?.[0] : undefined;
  const output = outputOf(graph, { tokens, refuse });
  const width = facts.of(output).last;
  if (width === undefined) {
    throw refuse(
      `does not say how many numbers a row of its output ${quoted(output)} has; export it with that size`,
    );
  }
  const constants = inputs.filter(isConstant).map((input) => ({
    name: input.name,
    value: obvious[input.name]!,
    elemType: tensorType(input)!.elemType,
  }));
  return {
    tokens: tokens.name,
    ...(level ? { [level.kind]: level.input.name } : {}),
    constants,
    output,
    width,
    ...(typeof length === "number" ? { length } : {}),
    ...(known === undefined ? {} : { known }),
  };
}

/** The input that takes the time or the noise level, if there is one. */
function levelOf(
  inputs: readonly OnnxValue[],
  { time, sigma, refuse }: { time?: string; sigma?: string; refuse: Refuse },
): { readonly input: OnnxValue; readonly kind: "time" | "sigma" } | undefined {
  if (time !== undefined && sigma !== undefined) {
    throw refuse("takes a time or a noise level; name one of them, with --time or with --sigma");
  }
  const own = time ?? sigma;
  if (own === undefined) {
    const input = inputs.find(
      (input) => isFloats(input) && /^(t|times?|timesteps?|sigmas?)$/.test(input.name),
    );
    return input && { input, kind: input.name.startsWith("sigma") ? "sigma" : "time" };
  }
  const input = inputs.find(({ name }) => name === own);
  if (!input) throw refuse(`has no input ${quoted(own)}; its inputs are ${listed(inputs)}`);
  if (!isFloats(input)) {
    throw refuse(`takes ${described(input)} as the time; expected float32 [batch]: export it so`);
  }
  return { input, kind: time === undefined ? "sigma" : "time" };
}

/** The tokens, which are all that is left of the inputs. */
function tokensOf(rest: readonly OnnxValue[], { list, refuse }: { list: string; refuse: Refuse }): OnnxValue {
  const floats = rest.find(isFloats);
  if (floats) {
    throw refuse(`takes ${described(floats)}; say what it is with --time or --sigma, or export it without`);
  }
  const tokens = rest.find(({ name }) => /^(input_ids|tokens|x)$/.test(name)) ?? rest[0];
  if (!tokens?.name || tensorType(tokens)?.elemType !== elementTypes.int64 || axes(tokens) !== 2) {
    throw refuse(`takes ${list}; expected tokens as int64 [batch, length] among its inputs: export it so`);
  }
  const other = rest.find((input) => input !== tokens);
  if (other) throw refuse(`takes ${described(other)} too, and it is not known what for; export it without`);
  const batch = tensorType(tokens)!.dims![0];
  if (typeof batch === "number") {
    throw refuse(
      `takes ${batch} sequences at a time and no other number; export it with a batch axis of any size`,
    );
  }
  return tokens;
}

/** The output [batch, length, width] of floats: the only one, or the one called logits. */
function outputOf({ output }: OnnxGraph, { tokens, refuse }: { tokens: OnnxValue; refuse: Refuse }): string {
  const fitting = output.filter(
    (value) =>
      axes(value) === 3 &&
      ["float32", "float16", "float64"].includes(typeNames[tensorType(value)!.elemType] ?? ""),
  );
  const list = listed(output);
  const found = fitting.find(({ name }) => name === "logits") ?? fitting[0];
  if (!found) throw refuse(`returns ${list}; expected logits as floats [batch, length, width]`);
  if (fitting.length > 1 && found.name !== "logits") {
    throw refuse(`returns ${list}; expected one with the name "logits", as more than one could be`);
  }
  const [length, due] = [tensorType(found)!.dims![1], tensorType(tokens)!.dims![1]];
  if (typeof length === "number" && typeof due === "number" && length !== due) {
    throw refuse(`takes ${described(tokens)} and returns ${described(found)}; expected a row for each token`);
  }
  return found.name;
}

/** The first few, as errors name them. */
function listed(values: readonly OnnxValue[]): string {
  const more = values.length - 6;
  return `${values.slice(0, 6).map(described).join(", ") || "none"}${more > 0 ? ` and ${more} more` : ""}`;
}

function axes(value: OnnxValue): number | undefined {
  return tensorType(value)?.dims?.length;
}

/** float32 [batch] */
function isFloats(value: OnnxValue): boolean {
  return tensorType(value)?.elemType === elementTypes.float32 && axes(value) === 1;
}

/** "input_ids" int64 [batch, length] */
function described(value: OnnxValue): string {
  const type = tensorType(value);
  if (!type) return `${quoted(value.name)}, which is no tensor`;
  const name = typeNames[type.elemType] ?? `of type ${type.elemType}`;
  return `${quoted(value.name)} ${name} ${
    type.dims
      ? `[${type.dims
          .slice(0, 6)
          .map((dim) => dim || "?")
          .join(", ")}]`
      : "of any shape"
  }`;
}
