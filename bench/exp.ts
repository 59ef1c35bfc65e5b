/** `npm run bench:exp`: e^x of a row of 50,257 logits, by `expInto` and by `Math.exp`, interleaved, best of several. */
import { machineClass } from "../src/cli/study.ts";
import { expInto } from "../src/exp.ts";
import { philox, purposes } from "../src/random.ts";

const COUNT = 50_257;
const REPEATS = 20;
const ROUNDS = 20;
const draw = philox(0).at(0, 0, purposes.token);
const logits = Float64Array.from({ length: COUNT }, (_, at) => -20 * draw.uniform(at));
const out = new Float64Array(COUNT);

function ownMilliseconds(): number {
  const began = performance.now();
  for (let repeat = 0; repeat < REPEATS; repeat++) expInto(out, logits);
  return (performance.now() - began) / REPEATS;
}

function builtInMilliseconds(): number {
  const began = performance.now();
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    for (let at = 0; at < COUNT; at++) out[at] = Math.exp(logits[at]!);
  }
  return (performance.now() - began) / REPEATS;
}

let own = Number.POSITIVE_INFINITY;
let builtIn = Number.POSITIVE_INFINITY;
for (let round = 0; round < ROUNDS; round++) {
  own = Math.min(own, ownMilliseconds());
  builtIn = Math.min(builtIn, builtInMilliseconds());
}
console.log(`e^x of ${COUNT} random numbers, best of ${ROUNDS} rounds, seed 0; ${machineClass()}`);
console.log(
  `expInto ${own.toFixed(3)} ms, Math.exp ${builtIn.toFixed(3)} ms, ratio ${(builtIn / own).toFixed(2)}`,
);
