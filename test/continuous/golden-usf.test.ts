/** The unified sampling framework against the published code: runs of given decisions, derivatives and relaxations. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  analyticFirstStep,
  averageX0,
  bh1Relaxation,
  bh2Relaxation,
  type Correction,
  type Decision,
  dataExpansion,
  derivativeWeights,
  type Evaluated,
  type Expansion,
  empiricalExpansion,
  exponentialRelaxation,
  linearRelaxation,
  noiseExpansion,
  pureNoise,
  type Relaxation,
  type Sampler,
  type State,
  steps,
  type Taylor,
  times,
  unified,
  zeroX0,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import {
  closeRows,
  continuousGolden,
  denoiserOf,
  type MixtureRecord,
  noiseOf,
  type ScheduleRecord,
} from "./golden.ts";

interface DerivativeRecord {
  readonly estimate: string;
  readonly active_points: number[] | null;
  readonly relaxation?: string | null;
  readonly relaxation_coefficient?: number;
}

interface CorrectorRecord {
  readonly type: string;
  readonly start_point: number | null;
  readonly taylor_order: number | null;
  readonly derivative_type: DerivativeRecord[] | null;
}

interface DecisionsRecord {
  readonly timesteps: number[];
  readonly orders: number[];
  readonly prediction_types: string[];
  readonly start_points: number[];
  readonly derivative_types: DerivativeRecord[][];
  readonly corrector_types: CorrectorRecord[];
  readonly afs: string;
}

interface StatisticsRecord {
  readonly lambda_first: number;
  readonly lambda_last: number;
  readonly l: number[][];
  readonly s: number[][];
  readonly b: number[][];
}

interface Inputs {
  readonly mixture: MixtureRecord;
  readonly guidance?: { readonly scale: number; readonly conditional_mixture: MixtureRecord } | null;
  readonly schedule: ScheduleRecord;
  readonly start: number[][];
  readonly decisions: DecisionsRecord;
  readonly statistics?: StatisticsRecord | null;
  readonly average_x0?: number[][] | null;
}

interface Expected {
  readonly states_after_predictor: number[][][];
  readonly final: number[][];
  readonly model_calls: number;
}

const golden = continuousGolden("usf.json");

/** Negative places in a list, -1 the newest, as steps back. */
const back = (place: number): number => -1 - place;

function relaxationOf({ relaxation, relaxation_coefficient = 0 }: DerivativeRecord): Relaxation | undefined {
  switch (relaxation ?? "no_relaxation") {
    case "no_relaxation":
      return undefined;
    case "linear":
      return linearRelaxation({ coefficient: relaxation_coefficient });
    default:
      return named(relaxation!);
  }
}

function named(relaxation: string): Relaxation {
  const linear = /^linear\((.+)\)$/.exec(relaxation);
  if (linear) return linearRelaxation({ coefficient: Number(linear[1]) });
  switch (relaxation) {
    case "dpmsolver-2":
    case "unipc-bh2":
      return bh2Relaxation;
    case "unipc-bh1":
      return bh1Relaxation;
    case "0.5exp":
      return exponentialRelaxation({ share: 0.5 });
    case "-0.5exp":
      return exponentialRelaxation({ share: -0.5 });
    default:
      return assert.fail(`no relaxation is called ${relaxation}`);
  }
}

function taylorOf(order: number, start: number, types: DerivativeRecord[]): Taylor {
  const used = types.slice(0, order - 1);
  for (const { estimate, active_points: active } of used)
    assert.equal(estimate, `Difference_${active!.length}`, "as many points as the estimate says");
  const relaxation = used[0] && relaxationOf(used[0]);
  return {
    from: back(start),
    derivatives: used.map(({ active_points: active }) => active!.map(back)),
    ...(relaxation && { relaxation }),
  };
}

/** Requests to ask again are carried out as they are in the released code: not at all. */
function correctorOf(record: CorrectorRecord): { corrector?: Correction } {
  if (record.type === "no_corrector") return {};
  assert.ok(["pseudo", "implicit"].includes(record.type), `no corrector is called ${record.type}`);
  return { corrector: taylorOf(record.taylor_order!, record.start_point!, record.derivative_type!) };
}

/**
 * What the steps expand. The released "zero_x0" takes eps = x / sigma where eps is expanded, and eps = x at the same point
 * where anything else is.
 */
function expansionOf(type: string, { decisions, statistics }: Inputs): Expansion {
  switch (type) {
    case "noise_prediction":
      return noiseExpansion;
    case "data_prediction":
      return decisions.afs === "zero_x0" ? released(dataExpansion, decisions) : dataExpansion;
    case "dpmsolver_v3_prediction": {
      const { lambda_first: lambdaFirst, lambda_last: lambdaLast, l, s, b } = statistics!;
      const made = empiricalExpansion({ lambdaFirst, lambdaLast, l, s, b });
      return decisions.afs === "zero_x0" ? released(made, decisions) : made;
    }
    default:
      return assert.fail(`nothing to expand is called ${type}`);
  }
}

function released(expansion: Expansion, { timesteps }: DecisionsRecord): Expansion {
  const first = (point: Evaluated): Evaluated =>
    point.t === timesteps[0] ? { ...point, eps: point.at } : point;
  return {
    ...expansion,
    over(step) {
      const made = expansion.over(step);
      return { ...made, prediction: (point) => made.prediction(first(point)) };
    },
  };
}

function samplerOf(inputs: Inputs): Sampler {
  const { decisions, average_x0: average } = inputs;
  const made = decisions.orders.map(
    (order, i): Decision => ({
      expansion: expansionOf(decisions.prediction_types[i]!, inputs),
      ...taylorOf(order, decisions.start_points[i]!, decisions.derivative_types[i]!),
      ...correctorOf(decisions.corrector_types[i]!),
    }),
  );
  const base = unified({ decisions: made });
  switch (decisions.afs) {
    case "no_afs":
      return base;
    case "zero_x0":
      return analyticFirstStep(base, { guess: zeroX0 });
    case "average_x0":
      return analyticFirstStep(base, { guess: averageX0({ mean: average!.flat() }) });
    default:
      return assert.fail(`no first step is called ${decisions.afs}`);
  }
}

describe("golden: USF", () => {
  it("every kind of case is read", () => golden.kinds(["sample", "derivative", "relaxation"]));

  for (const [index, { name, inputs, expected }] of golden.cases<Inputs, Expected>("sample").entries()) {
    it(`sample ${index}: ${name}`, async () => {
      const { mixture, guidance, schedule, start, decisions } = inputs;
      const all: State[] = [];
      for await (const state of steps(denoiserOf(mixture, guidance), {
        noise: noiseOf(schedule),
        schedule: times({ times: decisions.timesteps }),
        sampler: samplerOf(inputs),
        start: start.flat(),
        count: start.length,
      })) {
        all.push(state);
      }
      const corrected = decisions.corrector_types.at(-1)!.type !== "no_corrector";
      const predicted = corrected ? all.slice(0, -1) : all;
      const tolerance = golden.tolerance("states_after_predictor");
      predicted.forEach(({ x }, i) => {
        closeRows(x, expected.states_after_predictor[i]!, tolerance, `state ${i}`);
      });
      assert.equal(expected.states_after_predictor.length, all.length);
      closeRows(all.at(-1)!.x, expected.final, golden.tolerance("final"), "end");
      assert.equal(all.at(-1)!.calls, expected.model_calls * (guidance ? 2 : 1));
    });
  }

  interface DerivativeInputs {
    readonly lambdas: number[];
    readonly values: number[][][];
    readonly estimate_order: number;
    readonly derivative_order: number;
    readonly start_point: number;
    readonly active_points: number[];
  }

  for (const [index, { inputs, expected }] of golden
    .cases<DerivativeInputs, { derivative: number[][] }>("derivative")
    .entries()) {
    it(`derivative ${index}: ${inputs.derivative_order} of Difference_${inputs.estimate_order}`, () => {
      const { lambdas, values, active_points: active, start_point: start } = inputs;
      assert.equal(active.length, inputs.estimate_order);
      const weights = derivativeWeights(
        active.map((place) => lambdas.at(place)! - lambdas.at(start)!),
        inputs.derivative_order,
      );
      const own = values.at(start)!.flat();
      const others = active.map((place) => values.at(place)!.flat());
      const derivative = own.map((value, at) =>
        others.reduce((sum, other, k) => sum + weights[k]! * (other[at]! - value), 0),
      );
      closeRows(
        Float64Array.from(derivative),
        expected.derivative,
        golden.tolerance("derivative"),
        "derivative",
      );
    });
  }

  for (const { inputs, expected } of golden.cases<{ h: number[] }, Record<string, number[]>>("relaxation")) {
    for (const [name, values] of Object.entries(expected)) {
      it(`relaxation ${name}`, () => {
        // The sign of h is the caller's there; here it is the rate's, but for the linear one.
        const found = inputs.h.map((h) =>
          name.startsWith("linear")
            ? named(name).at({ h, rate: 1 })
            : named(name).at({ h: Math.abs(h), rate: Math.sign(h) }),
        );
        close(found, values, golden.tolerance(name), name);
      });
    }
  }

  it("zero_x0 of the library is x / sigma, pureNoise x itself on variance-preserving noise", () => {
    const at = { d: 0, alpha: 0.6, sigma: 0.8 };
    assert.equal(zeroX0.eps(2, at), 2 / 0.8);
    assert.equal(pureNoise.eps(2, at), 2);
  });
});
