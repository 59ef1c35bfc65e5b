/**
 * Fills in the blanks of a text with a fill-mask model of @huggingface/transformers, several at once:
 *
 *     npx tsx examples/transformers.ts MODEL "The [MASK] sat on the [MASK]."
 *
 * MODEL is a model id, as answerdotai/ModernBERT-base, or a local folder with config.json, tokenizer.json,
 * tokenizer_config.json and onnx/model.onnx.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { AutoModelForMaskedLM, AutoTokenizer, env } from "@huggingface/transformers";
import { sample, stratified, uniform } from "fewstep";
import { decode, fromTransformers, template } from "fewstep/transformers";

const [name, text] = process.argv.slice(2);
if (name === undefined || text === undefined) {
  throw new Error('expected a model and a text, as ./folder "The [MASK] sat."');
}
env.allowRemoteModels = !existsSync(name);
const id = existsSync(name) ? resolve(name) : name;
const tokenizer = await AutoTokenizer.from_pretrained(id);
const model = await AutoModelForMaskedLM.from_pretrained(id, { dtype: "fp32", device: "cpu" });

const given = template(tokenizer, text);
const denoiser = fromTransformers(model, tokenizer, { length: given.length });
const blanks = given.filter((token) => token < 0).length;
const schedule = uniform({ steps: Math.min(8, blanks) });
const samples = await sample(denoiser, { schedule, selector: stratified(), given, count: 3 });
for (const line of decode(tokenizer, samples)) console.log(line);

await model.dispose();
