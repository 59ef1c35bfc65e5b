// Runs the tests on what `npm run build` has made: all, or those with one of the arguments in their path.
import { argv, exit, stderr, stdout } from "node:process";
import { run } from "node:test";
import { spec, tap } from "node:test/reporters";
import { compileTests } from "./compile-tests.mjs";

/** Measures how long tasks of a page take, so nothing runs beside it. */
const alone = ["test/web/playground.test.ts"];

/** Started first, in this order; two at a time. */
const first = [
  "test/contract.test.ts",
  "test/uniformization.test.ts",
  "test/web-onnx.test.ts",
  "test/docs.test.ts",
  "test/second-order.test.ts",
  "test/law.test.ts",
  "test/safetensors-fuzz.test.ts",
  "test/web/runtime.test.ts",
];

function place({ source }) {
  const at = first.indexOf(source);
  return at < 0 ? first.length : at;
}

const parts = argv.slice(2);
const tests = (await compileTests())
  .filter(({ source }) => parts.length === 0 || parts.some((part) => source.includes(part)))
  .sort((a, b) => place(a) - place(b) || (a.source < b.source ? -1 : 1));
if (tests.length === 0) {
  stderr.write(`npm test: no test file has ${parts.join(" or ")} in its path\n`);
  exit(1);
}
await finished(
  tests.filter(({ source }) => alone.includes(source)),
  1,
);
await finished(
  tests.filter(({ source }) => !alone.includes(source)),
  2,
);

/** Runs files and waits for the last of them. */
function finished(own, concurrency) {
  if (own.length === 0) return Promise.resolve();
  return new Promise((resolve) => {
    run({ files: own.map(({ file }) => file), concurrency })
      .on("test:fail", ({ todo }) => {
        if (todo === undefined) process.exitCode = 1;
      })
      .on("end", resolve)
      .compose(stdout.isTTY ? spec : tap)
      .pipe(stdout, { end: false });
  });
}
