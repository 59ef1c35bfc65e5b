/** Every checkpoint, imported and run in float32, against the outputs of the published reference code. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Denoiser } from "../src/denoisers/denoiser.ts";
import { importFolder } from "../src/import/import-folder.ts";
import { noiseFrom, processFrom } from "../src/model/corruption.ts";
import type { Manifest } from "../src/model/manifest.ts";
import { loadModel } from "../src/node/index.ts";
import { openOnnx } from "../src/node/open-onnx.ts";
import { scoreStep } from "../src/processes/from-scores.ts";
import { checkpointNames, checkpoints, type GoldenCase, goldenOf, scratch } from "./checkpoints.ts";

const place = scratch();
const rowNoise = { atol: 2e-6, title: "rows" };

for (const name of checkpointNames) {
  describe(`checkpoint ${name}`, async () => {
    const golden = goldenOf(name, checkpoints);
    const atol = golden.checks.suggested_atol;
    const out = join(place, name);
    // Masked language models keep their mask in the tokenizer, which the checkpoints come without.
    const mask = golden.mask_index === null ? {} : { mask: golden.mask_index };
    const { manifest, parameters, unused } = await importFolder(join(checkpoints, name), { out, ...mask });
    const cases = [golden, ...golden.cases];

    it("is imported whole", async () => {
      // The reference counts a stored table of rotary frequencies, which is computed here.
      const left = golden.parameters - parameters;
      assert.ok(left >= 0 && (left <= 128 || unused.length > 0), `${left} parameters are missing`);
      const model = await loadModel(out, { threads: 1 });
      assert.equal(model.denoiser.vocabulary, manifest.vocabulary);
      assert.equal(model.process.mask, golden.mask_index === null ? undefined : manifest.vocabulary);
      await model.dispose();
    });

    it("returns the reference's outputs", async () => {
      const session = await InferenceSession.create(join(out, "model.onnx"), { intraOpNumThreads: 1 });
      for (const { name: title = "main", inputs, expected } of cases) {
        const { logits } = await session.run(feeds(session, inputs));
        const [batch, length, width] = expected.raw.shape;
        assert.deepEqual(logits!.dims, [batch * length, width]);
        close(logits!.data as Float32Array, expected.raw, {
          atol,
          title,
          only: inputs.attention_mask?.flat(),
        });
      }
      await session.release();
    });

    it("returns the same numbers for some rows as among all", async () => {
      const session = await InferenceSession.create(join(out, "model.onnx"), { intraOpNumThreads: 1 });
      for (const { inputs, expected } of cases) {
        const width = expected.raw.shape[2];
        const all = await session.run(feeds(session, inputs));
        const count = inputs.tokens.flat().length;
        for (const rows of [[count - 1], [0, 3, 5], [...Array(count).keys()].filter((at) => at % 3 !== 1)]) {
          const some = await session.run(feeds(session, inputs, rows));
          assert.deepEqual(some["logits"]!.dims, [rows.length, width]);
          const due = rows.flatMap((at) => [...all["logits"]!.data.slice(at * width, (at + 1) * width)]);
          // A matrix of few rows may be multiplied in another order: the last bits of a float32 differ.
          close(some["logits"]!.data as Float32Array, { shape: [width], data: due as number[] }, rowNoise);
        }
      }
      await session.release();
    });

    it("is read by the library as the reference reads it", async () => {
      for (const golden of cases) {
        if (golden.inputs.attention_mask) continue;
        const length = golden.inputs.tokens[0]!.length;
        const { denoiser, dispose } = await openOnnx(join(out, "model.onnx"), {
          manifest: { ...manifest, length },
          threads: 1,
        });
        await checkReading(denoiser, manifest, { golden, atol, mask: mask.mask });
        await dispose();
      }
    });
  });
}

/** @param rows the flat indexes of the rows to compute; default all */
function feeds(
  session: InferenceSession,
  { tokens, sigma, timesteps }: GoldenCase["inputs"],
  rows: readonly number[] = [...tokens.flat().keys()],
) {
  const shape = [tokens.length, tokens[0]!.length];
  const fed: Record<string, Tensor> = {
    x: new Tensor("int64", BigInt64Array.from(tokens.flat(), BigInt), shape),
    rows: new Tensor("int64", BigInt64Array.from(rows, BigInt), [rows.length]),
  };
  if (session.inputNames.includes("sigma")) {
    fed["sigma"] = new Tensor("float32", Float32Array.from(sigma ?? timesteps!), [tokens.length]);
  }
  return fed;
}

/** @param options.only [batch * length] 1 at the positions to compare */
function close(
  found: ArrayLike<number>,
  { shape, data }: { shape: readonly number[]; data: readonly number[] },
  { atol, title, only }: { atol: number; title: string; only?: readonly number[] | undefined },
): void {
  assert.equal(found.length, data.length);
  const width = shape.at(-1)!;
  for (let at = 0; at < data.length; at++) {
    if (only && only[Math.floor(at / width)] === 0) continue;
    const error = Math.abs(found[at]! - data[at]!);
    assert.ok(error <= atol, `${title}: ${found[at]} at ${at}; expected ${data[at]} within ${atol}`);
  }
}

/** Holds the denoiser, and what the library makes of its predictions, against the reference's post-processing. */
async function checkReading(
  denoiser: Denoiser,
  manifest: Manifest,
  { golden, atol, mask }: { golden: GoldenCase; atol: number; mask: number | undefined },
): Promise<void> {
  const { inputs, expected } = golden;
  const { raw, post } = expected;
  const { vocabulary } = manifest;
  const batch = inputs.tokens.length;
  const length = inputs.tokens[0]!.length;
  const tokens = Int32Array.from(inputs.tokens.flat(), (token) => (token === mask ? vocabulary : token));
  const noise = noiseFrom(manifest.noise);
  const process = processFrom(manifest.process, { vocabulary });
  const sigmas = inputs.sigma ?? inputs.timesteps ?? Array<number>(batch).fill(1);
  const time = Float64Array.from(sigmas, (sigma) => noise.timeAt(Math.exp(-sigma)));
  const { data, width } = await denoiser.predict({ tokens, batch, time });
  const logits = (at: number): Float64Array =>
    Float64Array.from(data.subarray(at * width, at * width + vocabulary));
  const expectedRow = (from: { data: readonly number[] }, at: number): number[] =>
    from.data.slice(at * raw.shape[2], at * raw.shape[2] + vocabulary);
  const row = (at: number): number => Math.floor(at / length);

  for (let at = 0; at < tokens.length; at++) {
    const compare = (found: ArrayLike<number>, wanted: readonly number[], what: string, scale = 1): void =>
      close(
        found,
        { shape: [vocabulary], data: wanted },
        { atol: atol * scale, title: `${what}, row ${at}` },
      );
    const token = tokens[at]!;
    if (post.analytic_probs) {
      const scores = Float64Array.from(raw.data.slice(at * raw.shape[2], (at + 1) * raw.shape[2]), Math.exp);
      const weights = new Float64Array(process.states);
      scoreStep(process)(weights, token, scores, post.analytic_probs.dsigma[row(at)]!);
      const wanted = expectedRow(post.analytic_probs, at);
      const largest = Math.max(1, ...wanted.map(Math.abs));
      compare(weights.subarray(0, vocabulary), wanted, "analytic step", largest);
      // With a mask log scores are the logits of the masked positions.
      if (token === process.mask) compare(logits(at), expectedRow(raw, at), "log scores");
    } else if (post.ancestral_posterior) {
      // The reference plugs its predictions in; the library's predictions have seen their own token, and mix.
      const { t, step } = post.ancestral_posterior;
      const law = new Float64Array(vocabulary);
      const [sigmaS, sigmaT] = [noise.sigma(t[row(at)]! - step), noise.sigma(t[row(at)]!)];
      process.posteriorInto(law, token, softmax(logits(at)), sigmaS, sigmaT);
      compare(law, expectedRow(post.ancestral_posterior, at), "ancestral step");
    } else if (post.subs_log_probs) {
      if (token !== process.mask) continue;
      compare(softmax(logits(at)).map(Math.log), expectedRow(post.subs_log_probs, at), "SUBS");
    } else {
      const wanted = expectedRow(post.shifted_logits ?? raw, at);
      const found = logits(at);
      if (manifest.mask !== undefined) {
        assert.equal(found[manifest.mask], Number.NEGATIVE_INFINITY);
        found[manifest.mask] = wanted[manifest.mask]!;
      }
      compare(found, wanted, "logits");
    }
  }
}

function softmax(logits: Float64Array): Float64Array {
  const most = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
