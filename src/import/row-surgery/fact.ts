import { integersOf, type OnnxTensor } from "../onnx-file/onnx-model.ts";

/** What is certain of a tensor before the network runs; what is not is absent. */
export interface Fact {
  /** The same in every run. */
  readonly constant?: boolean;
  readonly rank?: number;
  /** The file gives each of its axes a size or a name. */
  readonly named?: boolean;
  /** The size of its last axis. */
  readonly last?: number;
  readonly shape?: readonly number[];
  /** Its numbers, where it is a short list of whole ones. */
  readonly integers?: readonly number[];
  /** The last of its numbers, where it is such a list and only that one is known. */
  readonly lastInteger?: number;
}

export const nothing: Fact = {};

/** No tensor of a network has more axes; shapes beyond are not kept. */
const MOST_AXES = 16;

/** Lists of whole numbers are shapes, and not longer than this. */
const MOST_INTEGERS = 64;

/** The same fact with what follows from it. */
export function complete(fact: Fact): Fact {
  const { shape, integers, ...rest } = fact;
  return {
    ...rest,
    ...(shape ? { rank: shape.length, ...(shape.length > 0 ? { last: shape.at(-1)! } : {}) } : {}),
    ...(shape && shape.length <= MOST_AXES ? { shape } : {}),
    ...(integers && integers.length > 0 ? { lastInteger: integers.at(-1)! } : {}),
    ...(integers && integers.length <= MOST_INTEGERS ? { integers } : {}),
  };
}

/** What is certain of a tensor that the file holds. */
export function constantFact(tensor: OnnxTensor): Fact {
  const integers = tensor.dims.length <= 1 ? integersOf(tensor) : undefined;
  return complete({ constant: true, shape: tensor.dims.map(Number), ...(integers ? { integers } : {}) });
}
