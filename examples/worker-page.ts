/** Samples in a worker, shown step by step: npx vite examples, then open /worker-page.html?models=ADDRESS-OF-MODELS */
import { connect } from "fewstep/web";

const out = document.querySelector("#text")!;
const models = new URLSearchParams(location.search).get("models") ?? "../models/";
const connection = connect(new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }));
try {
  const model = await connection.load(`${models}text`, {
    small: true,
    onProgress: ({ file, loaded }) => {
      out.textContent = `${file}: ${loaded} bytes`;
    },
  });
  const job = {
    schedule: { name: "uniform", steps: 16 },
    selector: { name: "stratified" },
    count: 1,
    seed: 1,
  };
  for await (const { tokens, index, steps } of model.sample(job)) {
    out.textContent = `${await model.decode(tokens)}\n\n${index} of ${steps} steps`;
  }
} catch (error) {
  out.textContent = (error as Error).message;
}
