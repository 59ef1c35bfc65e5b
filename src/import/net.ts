import type { Graph, Value } from "./onnx-file/graph.ts";
import type { WeightFormatName } from "./weight-formats/weight-format.ts";
import type { Weights } from "./weights.ts";

/**
 * What layers are made in: the graph, the checkpoint's weights, and the tokens [batch, length], int64.
 *
 * Between layers an activation is either "rows" [batch * length, width], which a matrix multiplies in one go, or
 * "positions" [batch, length, width], where rows of one sequence are told apart. Going from one to the other moves
 * nothing in memory.
 */
export interface Net {
  readonly graph: Graph;
  readonly weights: Weights;
  /** How matrices and tables are stored, unless a layer wants them finer. */
  readonly format: WeightFormatName;
  readonly tokens: Value;
  /** int64 [batch, length, ...dims], for Reshape and Expand. */
  shape(...dims: number[]): Value;
  /** The length, int64 [1]. */
  readonly length: Value;
  /** 0, 1, ..., length - 1, int64 [length]. */
  readonly places: Value;
  /** The rows of [batch * length] that are asked for, int64 [count], and the sequence each is in. */
  asked(): { readonly rows: Value; readonly sequences: Value };
}

/** Starts a network over the graph's inputs: tokens as "x", and once they are used the rows asked for as "rows". */
export function net(graph: Graph, weights: Weights, format: WeightFormatName = "fp32"): Net {
  const tokens = graph.input("x", "int64", ["batch", "length"]);
  const sizes = graph.node("Shape", [tokens]);
  const length = graph.node("Shape", [tokens], { attributes: { start: { int: 1 } } });
  const integer = (number: number): Value => graph.constant("int64", number);
  const places = graph.node("Range", [integer(0), graph.node("Squeeze", [length]), integer(1)]);
  let asked: ReturnType<Net["asked"]> | undefined;
  const shapes = new Map<string, Value>();
  return {
    graph,
    weights,
    format,
    tokens,
    length,
    places,
    asked() {
      if (asked) return asked;
      const rows = graph.input("rows", "int64", ["rows"]);
      asked = { rows, sequences: graph.node("Div", [rows, length]) };
      return asked;
    },
    shape(...dims) {
      const key = dims.join();
      const made =
        shapes.get(key) ??
        graph.node("Concat", [sizes, graph.constant("int64", dims)], { attributes: { axis: { int: 0 } } });
      shapes.set(key, made);
      return made;
    },
  };
}

/** Positions, or anything of their size, as rows [batch * length, width]. */
export function asRows({ graph }: Net, x: Value, width: number): Value {
  return graph.node("Reshape", [x, graph.constant("int64", [-1, width])]);
}

/** Rows as positions [batch, length, width]. */
export function asPositions({ graph, shape }: Net, x: Value, width: number): Value {
  return graph.node("Reshape", [x, shape(width)]);
}

/**
 * Those rows of [batch * length, width] that are asked for, [count, width]. After the last attention rows no longer
 * meet, so that the rest of a network is computed for these alone.
 */
export function askedRows({ graph, asked }: Net, x: Value): Value {
  return graph.node("Gather", [x, asked().rows]);
}
