/** `npm run bench:exp`: e^x of a row of 50,257 logits, by `expBelow` and by `Math.exp`, interleaved, best of several. */
import { expBelow } from "../src/exp.ts";
import { philox, purposes } from "../src/random.ts";

const COUNT = 50_257;
const draw = philox(0).at(0, 0, purposes.token);
const logits = Float64Array.from({ length: COUNT }, (_, at) => -20 * draw.uniform(at));
const out = new Float64Array(COUNT);

function milliseconds(exp: (x: number) => number): number {
  const began = performance.now();
  for (let repeat = 0; repeat < 20; repeat++) {
    for (let at = 0; at < COUNT; at++) out[at] = exp(logits[at]!);
  }
  return (performance.now() - began) / 20;
}

let own = Number.POSITIVE_INFINITY;
let builtIn = Number.POSITIVE_INFINITY;
for (let round = 0; round < 20; round++) {
  own = Math.min(
    own,
    milliseconds((x) => expBelow(x)),
  );
  builtIn = Math.min(
    builtIn,
    milliseconds((x) => Math.exp(x)),
  );
}
console.log(
  `expBelow ${own.toFixed(3)} ms, Math.exp ${builtIn.toFixed(3)} ms, ratio ${(builtIn / own).toFixed(2)}`,
);
