/** Weights of multistep methods in rho: against closed forms, fine sums and each other. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  alphaBars,
  type Noise,
  rhoAt,
  varianceExploding,
  vpCosine,
  vpLinear,
  vpTable,
} from "../../src/continuous/index.ts";
import { adamsBashforth } from "../../src/continuous/samplers/adams-bashforth.ts";
import { type Clock, lambdaClock, rhoClock, timeClock } from "../../src/continuous/samplers/clocks.ts";
import { gaussLegendre } from "../../src/continuous/samplers/gauss-legendre.ts";
import { close } from "../golden.ts";

const exact = { abs: 1e-11, rel: 1e-11 };

/** Five falling times of each noise: four of predictions, and the one to go to. */
const cases: { noise: Noise; times: number[] }[] = [
  { noise: vpLinear(), times: [1, 0.6502, 0.3753, 0.0508, 0.001] },
  { noise: vpCosine(), times: [0.9946, 0.7, 0.4, 0.1, 0.001] },
  { noise: varianceExploding(), times: [80, 24.4, 5.84, 0.0851, 0.002] },
  {
    noise: vpTable({ alphaBars: alphaBars({ start: 1e-4, end: 0.02 }) }),
    times: [1, 0.64, 0.36, 0.0405, 0.001],
  },
  {
    noise: vpTable({
      alphaBars: alphaBars({ n: 50, start: 1e-3, end: 0.3 }),
      interpolation: "alpha-bar",
      first: 0,
      last: 49,
    }),
    times: [49, 31.3, 17.6, 4, 0],
  },
];

const clocks: Readonly<Record<string, Clock>> = {
  time: timeClock(),
  "time of vp-linear": timeClock({ of: vpLinear() }),
  rho: rhoClock,
  lambda: lambdaClock,
};

/** Newest first: the times before the step that ends at times[step + 1]. */
const before = (times: number[], step: number): number[] => times.slice(0, step + 1).reverse();

/**
 * The integral of f(t) d rho from t to s as a Riemann-Stieltjes sum at midpoints, its error of second order taken out:
 * no derivative of rho, no change of variable, and where there are knots no panel across one.
 */
function fineIntegral(noise: Noise, t: number, s: number, f: (time: number) => number): number {
  const cuts = [t, ...Array.from(noise.knots ?? []).filter((knot) => knot < t && knot > s), s].sort(
    (a, b) => b - a,
  );
  const sum = (parts: number): number => {
    let total = 0;
    for (let i = 1; i < cuts.length; i++) {
      const [from, to] = [cuts[i - 1]!, cuts[i]!];
      // Cubed, so that the pieces shrink towards the end, where rho has its branch point.
      const at = (k: number): number => to + (from - to) * (1 - k / parts) ** 3;
      for (let k = 0; k < parts; k++) {
        total += f(at(k + 0.5)) * (rhoAt(noise, at(k + 1)) - rhoAt(noise, at(k)));
      }
    }
    return total;
  };
  const parts = Math.ceil(8000 / cuts.length);
  const [coarse, fine, finest] = [sum(parts), sum(2 * parts), sum(4 * parts)];
  const [first, second] = [fine + (fine - coarse) / 3, finest + (finest - fine) / 3];
  return second + (second - first) / 15;
}

describe("gaussLegendre", () => {
  it("integrates polynomials of degree 2 n - 1 exactly, and none above", () => {
    for (const count of [1, 2, 3, 8, 16, 33]) {
      const { points, weights } = gaussLegendre({ from: 2, to: -1, count });
      const moment = (k: number): number =>
        points.reduce((sum, point, q) => sum + weights[q]! * ((point - 0.5) / 1.5) ** k, 0);
      for (let k = 0; k < 2 * count; k++) {
        close(
          moment(k),
          k % 2 === 0 ? -3 / (k + 1) : 0,
          { abs: 1e-13, rel: 0 },
          `degree ${k}, ${count} points`,
        );
      }
      if (count < 16) assert.ok(Math.abs(moment(2 * count) + 3 / (2 * count + 1)) > 1e-9, `${count} points`);
    }
  });
});

describe("adamsBashforth", () => {
  for (const { noise, times } of cases) {
    for (const [name, clock] of Object.entries(clocks)) {
      it(`${noise.name}, ${name}: weights add up to the change of rho`, () => {
        for (let step = 0; step < 4; step++) {
          const [t, s] = [times[step]!, times[step + 1]!];
          const weights = adamsBashforth({ noise, clock, times: before(times, step), s });
          const change = rhoAt(noise, s) - rhoAt(noise, t);
          // Their sum loses what the weights are larger than it.
          const size = weights.reduce((sum, weight) => sum + Math.abs(weight), 0);
          close(
            weights.reduce((sum, weight) => sum + weight, 0),
            change,
            { abs: 1e-13 * size, rel: 1e-12 },
            `step ${step}`,
          );
        }
      });
    }

    it(`${noise.name}: rho and lambda integrate powers as calculus does`, () => {
      // Antiderivatives over rho of rho^k and of (log rho)^k.
      const rhos = [
        (r: number) => r,
        (r: number) => r ** 2 / 2,
        (r: number) => r ** 3 / 3,
        (r: number) => r ** 4 / 4,
      ];
      const logs = [
        (r: number) => r,
        (r: number) => r * (Math.log(r) - 1),
        (r: number) => r * (Math.log(r) ** 2 - 2 * Math.log(r) + 2),
        (r: number) => r * (Math.log(r) ** 3 - 3 * Math.log(r) ** 2 + 6 * Math.log(r) - 6),
      ];
      for (const [clock, powers, reading] of [
        [rhoClock, rhos, (r: number) => r],
        [lambdaClock, logs, Math.log],
      ] as const) {
        for (let step = 0; step < 4; step++) {
          const made = before(times, step);
          const [from, to] = [rhoAt(noise, times[step]!), rhoAt(noise, times[step + 1]!)];
          const weights = adamsBashforth({ noise, clock, times: made, s: times[step + 1]! });
          for (let k = 0; k <= step; k++) {
            const terms = made.map((t, j) => weights[j]! * reading(rhoAt(noise, t)) ** k);
            const size = terms.reduce((sum, term) => sum + Math.abs(term), 0);
            close(
              terms.reduce((sum, term) => sum + term, 0),
              powers[k]!(to) - powers[k]!(from),
              { abs: 1e-12 * size, rel: 1e-11 },
              `step ${step}, power ${k}`,
            );
          }
        }
      }
    });

    it(`${noise.name}: time, against fine sums`, () => {
      for (let step = 1; step < 4; step++) {
        const made = before(times, step);
        const [t, s] = [times[step]!, times[step + 1]!];
        const weights = adamsBashforth({ noise, clock: timeClock(), times: made, s });
        made.forEach((own, j) => {
          const lagrange = (time: number): number =>
            made.reduce(
              (product, other) => (other === own ? product : (product * (time - other)) / (own - other)),
              1,
            );
          close(
            weights[j]!,
            fineIntegral(noise, t, s, lagrange),
            { abs: 1e-10, rel: 1e-9 },
            `step ${step}, ${j}`,
          );
        });
      }
    });
  }

  it("a table's kinks are seen: without its knots the weights are off", () => {
    const { noise, times } = cases[4]!;
    const { knots, ...smooth } = noise;
    assert.equal(knots!.length, 50);
    const options = { clock: timeClock(), times: before(times, 1), s: times[2]! };
    const [own, off] = [adamsBashforth({ noise, ...options }), adamsBashforth({ noise: smooth, ...options })];
    assert.ok(Math.abs(own[0]! / off[0]! - 1) > 1e-6, `${own[0]} and ${off[0]}`);
  });

  it("tAB where time is sigma is rhoAB", () => {
    const { noise, times } = cases[2]!;
    for (let step = 0; step < 4; step++) {
      const options = { noise, times: before(times, step), s: times[step + 1]! };
      const [time, rho] = [timeClock(), rhoClock].map((clock) => adamsBashforth({ ...options, clock }));
      close(time!, rho!, exact, `step ${step}`);
    }
  });

  it("known weights of VP-linear, 5 steps even in the root of t", () => {
    const noise = vpLinear();
    const times = [1, 0.6501592885125388, 0.375338932768808, 0.175538932768808, 0.0507592885125388, 0.001];
    // For x and for x / alpha, newest first.
    const tAB3 = [
      [-16.991371074452],
      [-4.106789692249, 0.889186125817],
      [-1.514936823972, 0.673678769352, -0.157961083667],
      [-0.697010605811, 0.385663191203, -0.146971528746, 0.022904665122],
      [-0.22688823599, 0.081718137622, -0.024044127524, 0.003106290077],
    ];
    const rhoAB3 = [
      [-143.765201039215],
      [-6.759846183288, 0.15186370591],
      [-1.284638785779, 0.1098432447, -0.000236030378],
      [-0.541888818161, 0.102686973536, -0.002950645191, 3.54557e-7],
      [-0.210235814472, 0.049153502906, -0.005065966971, 0.000031210688],
    ];
    for (let step = 0; step < 5; step++) {
      const options = { noise, times: before(times, step).slice(0, 4), s: times[step + 1]! };
      const alpha = noise.alpha(times[step + 1]!);
      const time = adamsBashforth({ ...options, clock: timeClock() }).map((weight) => alpha * weight);
      close(time, tAB3[step]!, { abs: 1e-8, rel: 0 }, `tAB3, step ${step}`);
      close(
        adamsBashforth({ ...options, clock: rhoClock }),
        rhoAB3[step]!,
        { abs: 1e-8, rel: 0 },
        `rhoAB3, step ${step}`,
      );
    }
  });
});
