/** Numbers computed independently in float64 for the shared problem: predictions, levels and the exact flow. */
import { describe, it } from "node:test";
import { ddim, probabilityFlow, timePower } from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { endsOf, noise, starts, target } from "./bench.ts";

const tolerance = { abs: 1e-8, rel: 0 };

describe("continuous: known answers of the shared problem", () => {
  it("levels at t = 0.5", () => {
    close(noise.alpha(0.5) ** 2, 0.079063812453, tolerance, "alpha squared");
    close(noise.sigma(0.5) / noise.alpha(0.5), 3.412918309069, tolerance, "rho");
    close(noise.lambda(0.5), -1.227567734411, tolerance, "lambda");
  });

  for (const { t, eps } of [
    { t: 0.5, eps: [0.682159647994, -0.458541649928, -0.410300638158, 0.689581464401] },
    { t: 0.05, eps: [-1.42541319017, -0.734525866816, 0.432046544958, -0.427372012022] },
  ]) {
    it(`predictions at t = ${t}`, async () => {
      const levels = [noise.alpha(t), noise.sigma(t)].map((level) => new Float64Array(2).fill(level));
      const predicted = await target.predict({
        x: Float64Array.from(starts),
        batch: 2,
        time: new Float64Array(2).fill(t),
        alpha: levels[0]!,
        sigma: levels[1]!,
      });
      close(predicted, eps, tolerance, "eps");
    });
  }

  it("the probability flow", async () => {
    const ends = await probabilityFlow(target, { noise, start: starts });
    close(ends, [2.159810047299, -0.18532831404, -0.611838199854, 1.512823031223], tolerance, "ends");
  });

  it("ddim, 10 steps even in the root of t", async () => {
    const ends = await endsOf(ddim(), timePower({ steps: 10 }));
    close(ends, [2.083667230341, -0.16371939685, -0.430254143361, 1.349196297902], tolerance, "ends");
  });
});
