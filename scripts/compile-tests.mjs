// Strips the types of the tests once, as starting every test file through tsx takes longer than most of them run.
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { transformWithOxc } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = join(root, "out/tests");

/** The tests, and what they import beside the library. */
const folders = ["test", "bench", "examples", "web"];

/**
 * Compiles the tests into out/tests/, from nothing, so that no file that is gone is tested; `../src/` of a test is
 * dist/ there. Types are not checked: `npm run types` does that.
 *
 * `import.meta.url` stays the address of the TypeScript file, from which tests find fixtures and models.
 *
 * Returns every test file as `{ source, file }`: its path in the project, and where its JavaScript is.
 */
export async function compileTests() {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  symlinkSync(join(root, "dist"), join(out, "src"), "junction");
  const sources = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
      .map((name) => join(folder, name)),
  );
  const compiled = await Promise.all(sources.map(compile));
  return compiled.filter(({ source }) => source.endsWith(".test.ts"));
}

async function compile(source) {
  const path = join(root, source);
  const file = join(out, source.replace(/ts$/, "js"));
  const { code, map } = await transformWithOxc(readFileSync(path, "utf8"), path, {
    define: { "import.meta.url": JSON.stringify(pathToFileURL(path).href) },
    sourcemap: true,
    typescript: { rewriteImportExtensions: "rewrite" },
  });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${code}\n//# sourceMappingURL=${basename(file)}.map\n`);
  writeFileSync(`${file}.map`, JSON.stringify({ ...map, sourcesContent: undefined }));
  return { source, file };
}
