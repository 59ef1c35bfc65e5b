/** What fill-mask models and tokenizers that cannot be sampled from are told. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AutoModel } from "@huggingface/transformers";
import { sample, uniform } from "../src/index.ts";
import { fromTransformers, type MaskedModel, template } from "../src/transformers/index.ts";
import { load, TEXT } from "./transformers-folder.ts";

describe("fromTransformers: refusals", () => {
  it("say what was got and what to do", async () => {
    const { model, tokenizer } = await load("bert", { tokenizer: { model_max_length: 40 } });
    for (const length of [0, 41, 2.5]) {
      assert.throws(() => fromTransformers(model, tokenizer, { length }), {
        name: "RangeError",
        message: `fromTransformers: length = ${length}; expected 1 to 40, the most that the model and its tokenizer take`,
      });
    }
    assert.throws(() => fromTransformers(model, tokenizer, { length: 8, forbid: [3, 102] }), {
      name: "RangeError",
      message: "fromTransformers: forbid has 102; expected tokens of the tokenizer, 0 to 101",
    });
    const twisted: MaskedModel = Object.assign(
      async () => ({ logits: { dims: [1, 8], data: [], type: "x" } }),
      {
        config: model.config,
      },
    );
    await assert.rejects(
      sample(fromTransformers(twisted, tokenizer, { length: 8 }), { schedule: uniform({ steps: 1 }) }),
      {
        name: "RangeError",
        message:
          "fromTransformers: the model returned logits [1, 8]; expected [1, 8, vocabulary]: load it with AutoModelForMaskedLM",
      },
    );
    await model.dispose();
  });

  it("say that a length is more than the model's positions", async () => {
    // Positions of BERT; the 50 of this RoBERTa begin at 2, which only its runtime knows.
    const bert = await load("bert", { tokenizer: { model_max_length: undefined } });
    assert.throws(
      () => fromTransformers(bert.model, bert.tokenizer, { length: 49 }),
      /length = 49; expected 1 to 48/,
    );
    await bert.model.dispose();
    const { model, tokenizer } = await load("roberta", { tokenizer: { model_max_length: undefined } });
    const denoiser = fromTransformers(model, tokenizer, { length: 50 });
    await assert.rejects(
      sample(denoiser, { schedule: uniform({ steps: 1 }) }),
      /^Error: fromTransformers: the model failed on 1 x 50 tokens: .*; check .* that it takes this length$/,
    );
    await model.dispose();
  });

  it("name what a model without logits returns", async () => {
    const { folder, model, tokenizer } = await load("bert", { output: "last_hidden_state" });
    const bare = await AutoModel.from_pretrained(folder, { dtype: "fp32", device: "cpu" });
    for (const [each, returned] of [
      [model, "nothing"],
      [bare, "last_hidden_state"],
    ] as const) {
      const denoiser = fromTransformers(each, tokenizer, { length: 8 });
      await assert.rejects(sample(denoiser, { schedule: uniform({ steps: 1 }) }), {
        name: "RangeError",
        message: `fromTransformers: the model returned ${returned} and no logits; load it with AutoModelForMaskedLM, from files with the masked language head`,
      });
      await each.dispose();
    }
  });

  it("name the type of logits that are no floats", async () => {
    const { model, tokenizer } = await load("bert", { type: 6 });
    const denoiser = fromTransformers(model, tokenizer, { length: 8 });
    await assert.rejects(
      sample(denoiser, { schedule: uniform({ steps: 1 }) }),
      /^RangeError: fromTransformers: the model returned logits as int32; expected float32, float64 or float16/,
    );
    await model.dispose();
  });

  it("say that a tokenizer has no mask", async () => {
    for (const [mask_token, said] of [
      [undefined, "has no mask token"],
      ["<mask>", "calls its mask <mask>, which is not among its tokens"],
    ]) {
      const { model, tokenizer } = await load("bert", { tokenizer: { mask_token } });
      assert.throws(() => fromTransformers(model, tokenizer, { length: 8 }), {
        name: "RangeError",
        message: `fromTransformers: the tokenizer ${said}; expected that of a fill-mask model, with mask_token in its tokenizer_config.json`,
      });
      assert.throws(() => template(tokenizer, TEXT), /^RangeError: template: the tokenizer /);
      await model.dispose();
    }
  });
});
