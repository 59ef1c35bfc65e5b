import { changed, made, namesOf, newNode, type OnnxModel } from "./onnx-file/onnx-model.ts";
import type { OnnxRoles } from "./onnx-roles.ts";

/** The number 1 in each element type that a mask may have, little-endian. */
const ones: Readonly<Record<number, readonly number[]>> = {
  1: [0, 0, 0x80, 0x3f], // float32
  2: [1], // uint8
  3: [1], // int8
  6: [1, 0, 0, 0], // int32
  7: [1, 0, 0, 0, 0, 0, 0, 0], // int64
  9: [1], // bool
  10: [0, 0x3c], // float16
  11: [0, 0, 0, 0, 0, 0, 0xf0, 0x3f], // float64
};

/**
 * Makes inputs [batch, length] that are one number everywhere, as an attention mask of ones, parts of the graph: a
 * constant of the tokens' shape.
 *
 * @throws Error with one sentence if such an input is of a type that no mask has
 */
export function fillInputs(
  model: OnnxModel,
  { tokens, constants }: Pick<OnnxRoles, "tokens" | "constants">,
): OnnxModel {
  if (constants.length === 0) return model;
  const { graph } = model;
  const taken = namesOf(graph);
  let shape = `${tokens}/shape`;
  while (taken.has(shape)) shape += "_";
  const fills = constants.map(({ name, value, elemType }) => {
    const one = ones[elemType];
    if (!one)
      throw new Error(
        `fillInputs: the input ${name} is of element type ${elemType}; expected numbers or bool`,
      );
    const rawData = Uint8Array.from(one, (byte) => byte * value);
    const tensor = made("TensorProto", { dims: [1n], dataType: elemType, rawData });
    return newNode("ConstantOfShape", { input: [shape], output: [name], attributes: { value: tensor } });
  });
  const filled = new Set(constants.map(({ name }) => name));
  return changed(model, {
    graph: changed(graph, {
      input: graph.input.filter(({ name }) => !filled.has(name)),
      node: [newNode("Shape", { input: [tokens], output: [shape] }), ...fills, ...graph.node],
    }),
  });
}
