/** What an import says of weights in fewer bytes. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { weightsLines } from "../src/cli/weights-text.ts";
import type { Denoiser, Noised } from "../src/denoisers/denoiser.ts";
import { importFolder } from "../src/import/import-folder.ts";
import { logitsError } from "../src/import/logits-error.ts";
import { readManifest } from "../src/node/manifest.ts";
import { fixtures, scratch } from "./checkpoints.ts";

const place = scratch();

describe("the report", () => {
  /** A denoiser whose logits are the same at every position, and which counts its calls. */
  function constant(logits: readonly number[], length: number): Denoiser & { inputs: Noised[] } {
    const inputs: Noised[] = [];
    return {
      vocabulary: logits.length,
      length,
      timeFree: true,
      inputs,
      predict(input) {
        inputs.push({ ...input, tokens: input.tokens.slice() });
        const data = Float64Array.from(
          { length: length * logits.length },
          (_, at) => logits[at % logits.length]!,
        );
        return { data, width: logits.length };
      },
    };
  }

  it("is that of two laws by hand", async () => {
    const [exact, found] = [constant([0, Math.log(3), -Infinity], 6), constant([0, 0, -Infinity], 6)];
    const report = await logitsError({ exact, found }, { mask: 3, sequences: 2 });
    // p = (1/4, 3/4), q = (1/2, 1/2)
    const divergence = 0.25 * Math.log(0.5) + 0.75 * Math.log(1.5);
    assert.ok(Math.abs(report.divergence - divergence) < 1e-12);
    assert.ok(Math.abs(report.rootMeanSquare - Math.log(3) / Math.SQRT2) < 1e-12);
    assert.equal(report.largest, Math.log(3));
    assert.equal(report.sameMostLikely, 0);
    assert.equal(report.positions, 6);
    const same = await logitsError({ exact, found: exact }, { mask: 3 });
    assert.deepEqual([same.divergence, same.rootMeanSquare, same.largest, same.sameMostLikely], [0, 0, 0, 1]);
  });

  it("is made on random tokens, half of them masked, the same for both", async () => {
    const [exact, found] = [constant(Array(40).fill(0), 31), constant(Array(40).fill(0), 31)];
    await logitsError({ exact, found }, { mask: 40, never: 7, sequences: 3, seed: 5 });
    assert.deepEqual(exact.inputs, found.inputs);
    assert.deepEqual(exact.inputs[0], exact.inputs[1], "a call that does not count");
    assert.deepEqual(
      exact.inputs.slice(1).map(({ time }) => time[0]),
      [1 / 6, 1 / 2, 5 / 6],
    );
    const tokens = exact.inputs.slice(1).map(({ tokens }) => [...tokens]);
    assert.equal(new Set(tokens.map((row) => row.join())).size, 3);
    for (const [i, row] of tokens.entries()) {
      const masked = row.flatMap((token, at) => (token === 40 ? [at] : []));
      assert.equal(masked.length, 16);
      assert.deepEqual([...exact.inputs[i + 1]!.wanted!], masked);
      assert.ok(!row.includes(7) && new Set(row).size > 8);
    }
    const free = constant([0, 0], 10);
    await logitsError({ exact: free, found: free }, { sequences: 1 });
    assert.equal(free.inputs[0]!.wanted, undefined);
  });

  it("is in the manifest, and the float32 network is gone", async () => {
    const out = join(place, "reported");
    const imported = await importFolder(join(fixtures, "mdlm-time"), { out, weights: "int8" });
    const cost = imported.weightsCost!;
    assert.ok("logitsError" in cost);
    const { rootMeanSquare, largest, divergence, sameMostLikely, positions } = cost.logitsError;
    assert.equal(positions, 4 * 8);
    assert.ok(rootMeanSquare > 0.005 && rootMeanSquare < 0.05 && largest > rootMeanSquare && largest < 0.3);
    assert.ok(divergence > 0 && divergence < 1e-3 && sameMostLikely > 0.8 && sameMostLikely <= 1);
    assert.ok(cost.size > 0.25 && cost.size < 0.4 && cost.callTime > 0);
    const { weights } = await readManifest(out);
    assert.equal(weights?.format, "int8");
    assert.equal(weights?.logitsError?.rootMeanSquare, Number(rootMeanSquare.toPrecision(3)));
    assert.deepEqual(readdirSync(out).sort(), ["manifest.json", "model.onnx"]);
  });

  it("is not made of float32 weights", async () => {
    const imported = await importFolder(join(fixtures, "mdlm"), { out: join(place, "exact") });
    assert.equal(imported.weightsCost, undefined);
    assert.equal(imported.manifest.weights, undefined);
  });

  it("is left out in a sentence where the float32 network has no room", async () => {
    for (const [what, free] of Object.entries({
      memory: { memory: 1000, disk: 1e12 },
      disk: { memory: 1e12, disk: 1000 },
    })) {
      const out = join(place, `no-${what}`);
      const { weightsCost, manifest } = await importFolder(join(fixtures, "mdlm"), {
        out,
        weights: "int4",
        free,
      });
      assert.ok(weightsCost && "leftOut" in weightsCost);
      assert.match(
        weightsCost.leftOut,
        new RegExp(
          `^the error of the logits was not measured: .* 0\\.001 GB of ${what}, .* import again where`,
        ),
      );
      assert.deepEqual(manifest.weights, { format: "int4" });
    }
  });

  it("is said by the command line", () => {
    const error = {
      rootMeanSquare: 0.02512,
      largest: 0.108,
      divergence: 2.6e-5,
      sameMostLikely: 0.90625,
      positions: 64,
    };
    assert.deepEqual(weightsLines("int8", { size: 0.3134, callTime: 0.5512, logitsError: error }), [
      "int8 weights: 0.313 of float32's bytes, 0.551 of its time for a call here",
      "logits on 64 positions among random tokens: off by 0.0251 (root mean square), at most 0.108; predictions 2.6e-5 nats from float32's, the most likely token the same at 90.6 %",
    ]);
    assert.deepEqual(weightsLines("int4", { leftOut: "why" }), ["int4 weights: why"]);
  });
});
