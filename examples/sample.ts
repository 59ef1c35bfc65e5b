/** Four sequences of a model that ships, in eight model calls: npx tsx examples/sample.ts */
import { sample, stratified, uniform } from "fewstep";
import { loadModel } from "fewstep/node";

const model = await loadModel("letters");
const { process, noise } = model;
const samples = await sample(model.denoiser, {
  ...{ process, noise, schedule: uniform({ steps: 8 }), selector: stratified() },
  ...{ count: 4, seed: 1 },
});
const text = await model.text();
for (let row = 0; row < samples.count; row++) {
  console.log(text.decode(samples.tokens.subarray(row * samples.length, (row + 1) * samples.length)));
}
await model.dispose();
