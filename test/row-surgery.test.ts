/** The input `rows` that somebody's network is given: what it then returns, and which networks cannot have it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Graph, graph, type Value } from "../src/import/onnx-file/graph.ts";
import { changed, type OnnxModel } from "../src/import/onnx-file/onnx-model.ts";
import { readOnnx } from "../src/import/onnx-file/read-onnx.ts";
import { addRows } from "../src/import/row-surgery/row-surgery.ts";
import { alike, feeds, noise, place, worst } from "./row-differences.ts";
import {
  exported,
  fileOf,
  HIDDEN,
  hidden,
  integers,
  LENGTH,
  models,
  networkFile,
  opened,
  VOCABULARY,
  weight,
} from "./row-networks.ts";

describe("a network with the input rows returns the same rows, bit for bit", () => {
  const shipped: [string, { length: number; vocabulary: number }][] = [
    ["text", { length: 256, vocabulary: 38 }],
    ["bach", { length: 128, vocabulary: 49 }],
    ["digits", { length: 64, vocabulary: 17 }],
    ["countdown-net", { length: 256, vocabulary: 33 }],
  ];
  for (const [name, sizes] of shipped) {
    for (const [file, threads] of [
      ["model.onnx", 1],
      ["model-int8.onnx", 2],
    ] as const) {
      it(`models/${name}/${file}`, async () => {
        const path = join(models, name, file);
        const { model, rows, products } = addRows(await readOnnx(path), { output: "logits" });
        assert.equal(rows, "rows");
        assert.equal(products, 3, "expected the output matrix and the two of the last layer's feed-forward");
        const some = [[0], [5, 6], [1, 2, sizes.length, sizes.length + 9, 2 * sizes.length - 1]];
        const fed = feeds({ batch: 2, ...sizes });
        alike(await worst([path, model], { fed, asked: some, threads }), noise);
      });
    }
  }

  it("a BERT as PyTorch exports it", async () => {
    const { model, products } = addRows(await readOnnx(exported), { output: "logits" });
    assert.equal(products, 4);
    const fed = feeds({ batch: 3, length: 9, vocabulary: 40 });
    alike(await worst([exported, model], { fed, asked: [[4], [26, 0, 13, 13], []] }), noise);
  });
});

type Build = (network: Graph, rows: Value, t: Value) => Value;

const product: Build = (network, rows) => network.node("MatMul", [rows, weight(network, [HIDDEN, 4])]);
const ints = (network: Graph, numbers: number[]): Value => network.constant("int64", numbers);

/** The same numbers as rows of one matrix, and back with the sizes that the tokens have. */
const flat: Build = (network, rows) => network.node("Reshape", [rows, ints(network, [-1, HIDDEN])]);
function positions(network: Graph, rows: Value, width: number): Value {
  const shape = network.node("Concat", [network.node("Shape", ["x" as Value]), ints(network, [width])], {
    attributes: { axis: { int: 0 } },
  });
  return network.node("Reshape", [rows, shape]);
}

const fitting: [string, number, Build][] = [
  ["MatMul and Add", 1, (n, rows) => n.node("Add", [weight(n, [4], 2), product(n, rows, rows)])],
  [
    "Gemm between Reshapes",
    1,
    (n, rows) =>
      positions(n, n.node("Gemm", [flat(n, rows, rows), weight(n, [HIDDEN, 4]), weight(n, [4])]), 4),
  ],
  [
    "Gemm with a turned weight, and a norm before it",
    1,
    (n, rows) => {
      const normed = n.node("LayerNormalization", [rows, weight(n, [HIDDEN], 3)]);
      const turned = { attributes: { transB: { int: 1 } } };
      return positions(n, n.node("Gemm", [flat(n, normed, rows), weight(n, [4, HIDDEN])], turned), 4);
    },
  ],
  [
    "capped logits without their mean, as log probabilities",
    1,
    (n, rows) => {
      const logits = product(n, rows, rows);
      const capped = n.node("Tanh", [n.node("Div", [logits, n.constant("float32", 3)])]);
      const mean = n.node("ReduceMean", [capped, ints(n, [-1])]);
      return n.node("LogSoftmax", [n.node("Sub", [capped, mean])], { attributes: { axis: { int: 2 } } });
    },
  ],
  [
    "a gated layer with a residual",
    4,
    (n, rows) => {
      const gate = n.node("Sigmoid", [n.node("MatMul", [rows, weight(n, [HIDDEN, 8], 4)])]);
      const inner = n.node("Mul", [gate, n.node("MatMul", [rows, weight(n, [HIDDEN, 8], 5)])]);
      return product(n, n.node("Add", [n.node("MatMul", [inner, weight(n, [8, HIDDEN])]), rows]), rows);
    },
  ],
  [
    "8-bit integers, scaled by the largest number of all rows",
    1,
    (n, rows) => {
      const [q, scale, zero] = n.nodes("DynamicQuantizeLinear", [rows], 3);
      const [wq, ws, wz] = n.nodes("DynamicQuantizeLinear", [weight(n, [HIDDEN, 4])], 3);
      const whole = n.node("MatMulInteger", [q, wq, zero, wz]);
      const float = n.node("Cast", [whole], { attributes: { to: { int: 1 } } });
      return n.node("Mul", [float, n.node("Mul", [scale, ws])]);
    },
  ],
  [
    "the first columns of more",
    1,
    (n, rows) => {
      const wide = n.node("MatMul", [rows, weight(n, [HIDDEN, 9])]);
      return n.node("Slice", [wide, ints(n, [0]), ints(n, [4]), ints(n, [2])]);
    },
  ],
  [
    "a weight that is computed from constants",
    1,
    (n, rows) => n.node("MatMul", [rows, n.node("Transpose", [n.node("Neg", [weight(n, [4, HIDDEN])])])]),
  ],
];

describe("the rows of", () => {
  for (const [title, products, build] of fitting) {
    it(title, async () => {
      const file = await networkFile(build, { place, width: 4 });
      const { model, ...found } = addRows(await readOnnx(file), { output: "logits" });
      assert.equal(found.products, products);
      const fed = feeds({ batch: 3, length: LENGTH, vocabulary: VOCABULARY });
      // A few numbers in a row take other paths through vector units than the rows of a real network.
      alike(await worst([file, model], { fed, asked: [[7], [14, 0, 3]] }), 1e-6);
    });
  }

  it("a network of 2019, when axes were attributes", async () => {
    const old = (model: OnnxModel): OnnxModel =>
      changed(model, {
        opsetImport: model.opsetImport.map((set) =>
          set.domain === "" ? changed(set, { version: 11n }) : set,
        ),
      });
    const build: Build = (n, rows) =>
      positions(n, n.node("Gemm", [flat(n, rows, rows), weight(n, [HIDDEN, 4])]), 4);
    const read = old(await readOnnx(await networkFile(build, { place, width: 4 })));
    const fed = feeds({ batch: 2, length: LENGTH, vocabulary: VOCABULARY });
    alike(await worst([read, addRows(read, { output: "logits" }).model], { fed, asked: [[3]] }), 1e-6);
  });

  it("a network that has a tensor called rows, other outputs, and shapes of what is chosen from", async () => {
    const network = graph("crowded");
    const { rows, t } = hidden(network);
    const logits = product(network, rows, t);
    network.output("rows", rows, ["batch", LENGTH, HIDDEN]);
    const length = network.node("Gather", [network.node("Shape", [logits]), network.constant("int64", 1)]);
    const factor = network.node("Cast", [length], { attributes: { to: { int: 1 } } });
    const scaled = network.node("Mul", [logits, factor]);
    network.output("logits", scaled, ["batch", LENGTH, 4]);
    const file = await fileOf(network, place);
    const { model, rows: name } = addRows(await readOnnx(file), { output: "logits" });
    assert.equal(name, "rows_2");
    assert.deepEqual(
      model.graph.output.map(({ name }) => name),
      ["logits"],
    );
    const [dense, sparse] = [await opened(file, { place }), await opened(model, { place })];
    const fed = feeds({ batch: 2, length: LENGTH, vocabulary: VOCABULARY });
    const all = (await dense.run(fed)).data as Float32Array;
    const some = (await sparse.run({ ...fed, rows_2: integers([6, 1], [2]) })).data as Float32Array;
    // The length is that of all logits still.
    assert.deepEqual([...some], [...all.slice(24, 28), ...all.slice(4, 8)]);
    await Promise.all([dense.close(), sparse.close()]);
  });
});

const axis = (at: number) => ({ attributes: { axis: { int: at } } });
const perm = (...ints: number[]) => ({ attributes: { perm: { ints } } });

const refused: [string, Build, RegExp][] = [
  [
    "a Softmax over the batch",
    (n, r, t) => n.node("Softmax", [product(n, r, t)], axis(0)),
    /the Softmax node "\/Softmax_0" does not go along the last axis$/,
  ],
  [
    "a Softmax over the positions",
    (n, r, t) => n.node("Softmax", [product(n, r, t)], axis(1)),
    /the Softmax node .* last axis$/,
  ],
  [
    "a Transpose after the product",
    (n, r) => n.node("Transpose", [n.node("MatMul", [r, weight(n, [HIDDEN, LENGTH])])], perm(0, 2, 1)),
    /the Transpose node "\/Transpose_0" is not known to work on each row by itself$/,
  ],
  [
    "a product of two activations",
    (n, r) => n.node("MatMul", [r, n.node("Transpose", [r], perm(0, 2, 1))]),
    /the MatMul node "\/MatMul_0" multiplies two tensors that are both computed from the inputs; expected a constant weight$/,
  ],
  [
    "no product",
    (n, r) => n.node("Tanh", [r]),
    /the CumSum node "\/CumSum_0" is not known|the Gather node|the Reshape node/,
  ],
  [
    "a factor for each sequence",
    (n, r, t) => n.node("Mul", [product(n, r, t), n.node("Reshape", [t, ints(n, [-1, 1, 1])])]),
    /the Reshape node "\/Reshape_1" /,
  ],
  [
    "a bias for each position",
    (n, r, t) => n.node("Add", [product(n, r, t), weight(n, [LENGTH, 4])]),
    /the Add node "\/Add_1" reads the constant "weight\[5,4\]0", which differs from position to position$/,
  ],
  [
    "a mean over positions",
    (n, r, t) => n.node("ReduceMean", [product(n, r, t), ints(n, [1])]),
    /the ReduceMean node .* reduces other axes than the last one/,
  ],
  [
    "a cut through positions",
    (n, r, t) => n.node("Slice", [product(n, r, t), ints(n, [0]), ints(n, [2]), ints(n, [1])]),
    /the Slice node .* cuts out of other axes/,
  ],
  [
    "rows that are joined to longer ones",
    (n, r, t) => n.node("Reshape", [product(n, r, t), ints(n, [-1, 10, 2])]),
    /the Reshape node .* makes rows of 2 numbers from rows of 4$/,
  ],
  [
    "numbers left out at random",
    (n, r, t) =>
      n.nodes(
        "Dropout",
        [product(n, r, t), undefined, n.node("Cast", [ints(n, [1])], { attributes: { to: { int: 9 } } })],
        2,
      )[0]!,
    /the Dropout node .* leaves numbers out at random/,
  ],
  [
    "an operator that nobody knows",
    (n, r, t) => n.node("Tanh", [product(n, r, t)], { domain: "my.own" }),
    /is an operator of "my\.own", of which nothing is known$/,
  ],
];

describe("no rows for", () => {
  for (const [title, build, sentence] of refused) {
    it(title, async () => {
      const model = await readOnnx(await networkFile(build, { place, width: 4 }));
      assert.throws(
        () => addRows(model, { output: "logits" }),
        (error: Error) => {
          assert.match(error.message, /^addRows: [^\n]{20,400}[^.\n]$/);
          assert.match(error.message, sentence);
          return true;
        },
      );
    });
  }

  it("an output that is not there or has other axes", async () => {
    const network = graph("rows");
    const { rows } = hidden(network);
    network.output("logits", network.node("Reshape", [rows, ints(network, [-1, HIDDEN])]), ["rows", HIDDEN]);
    const model = await readOnnx(await fileOf(network, place));
    assert.throws(
      () => addRows(model, { output: "logits" }),
      /"logits" is \[rows, 6\]; expected \[batch, length, width\]$/,
    );
    assert.throws(() => addRows(model, { output: "other" }), /no output "other"/);
  });
});

describe("any chain of operators", () => {
  type Step = (n: Graph, value: Value, t: Value, seed: number) => Value;
  const square = (n: Graph, seed: number): Value => weight(n, [HIDDEN, HIDDEN], seed);
  // All keep [batch, length, HIDDEN]; the second half mixes rows, sequences or the order of them.
  const steps: Step[] = [
    (n, v, _, seed) => n.node("MatMul", [v, square(n, seed)]),
    (n, v, _, seed) => n.node("Add", [v, weight(n, [HIDDEN], seed)]),
    (n, v, _, seed) => n.node("Mul", [weight(n, [1, 1, HIDDEN], seed), v]),
    (n, v) => n.node("Softmax", [v], axis(2)),
    (n, v) => n.node("Add", [v, n.node("Tanh", [v])]),
    (n, v, _, seed) => n.node("LayerNormalization", [v, weight(n, [HIDDEN], seed)]),
    (n, v, _, seed) => positions(n, n.node("Gemm", [flat(n, v, v), square(n, seed)]), HIDDEN),
    (n, v, _, seed) => n.node("Add", [n.node("MatMul", [n.node("Erf", [v]), square(n, seed)]), v]),
    (n, v) => n.node("Sub", [v, n.node("ReduceMax", [v, ints(n, [2])])]),
    (n, v) =>
      n.node(
        "Concat",
        n.nodes("Split", [v], 2, { attributes: { axis: { int: 2 }, num_outputs: { int: 2 } } }).reverse(),
        axis(2),
      ),
    (n, v) => n.node("Softmax", [v], axis(1)),
    (n, v) => n.node("CumSum", [v, n.constant("int64", 0)]),
    (n, v, _, seed) => n.node("Mul", [v, weight(n, [LENGTH, HIDDEN], seed)]),
    (n, v, t) => n.node("Mul", [v, n.node("Reshape", [t, ints(n, [-1, 1, 1])])]),
    (n, v) => n.node("Sub", [v, n.node("ReduceMean", [v, ints(n, [0, 1])])]),
    (n, v) => n.node("Gather", [v, ints(n, [4, 3, 2, 1, 0])], axis(1)),
    (n, v) => n.node("MatMul", [n.node("MatMul", [v, n.node("Transpose", [v], perm(0, 2, 1))]), v]),
    (n, v) =>
      n.node("Reshape", [
        n.node("Softmax", [n.node("Reshape", [v, ints(n, [-1, LENGTH * HIDDEN])])], axis(1)),
        ints(n, [-1, LENGTH, HIDDEN]),
      ]),
    (n, v) => n.node("Reshape", [n.node("Transpose", [v], perm(0, 2, 1)), ints(n, [-1, LENGTH, HIDDEN])]),
    (n, v) =>
      n.node("Reshape", [
        n.node("Tanh", [n.node("Reshape", [v, ints(n, [0, -1, HIDDEN / 2])])]),
        ints(n, [0, LENGTH, HIDDEN]),
      ]),
  ];

  it("is refused, or gives the rows of the whole", async () => {
    const count = { refused: 0, accepted: 0 };
    const chain = fc.array(fc.nat({ max: steps.length - 1 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(chain, async (chosen) => {
        const build: Build = (n, rows, t) => {
          const start = n.node("MatMul", [rows, square(n, 50)]);
          return chosen.reduce((value, step, at) => steps[step]!(n, value, t, at + 60), start);
        };
        const file = await networkFile(build, { place, width: HIDDEN });
        const read = await readOnnx(file);
        let model: OnnxModel;
        try {
          ({ model } = addRows(read, { output: "logits" }));
        } catch (error) {
          assert.match((error as Error).message, /^addRows: /);
          count.refused++;
          return;
        }
        count.accepted++;
        const fed = feeds({ batch: 2, length: LENGTH, vocabulary: VOCABULARY });
        alike(await worst([file, model], { fed, asked: [[9, 2]] }), 1e-5);
      }),
      { seed: 5, numRuns: 150, endOnFailure: true, examples: steps.map((_, step) => [[step]]) },
    );
    assert.ok(count.accepted > 30 && count.refused > 30, JSON.stringify(count));
  });
});
