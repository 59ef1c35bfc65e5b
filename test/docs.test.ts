/**
 * The documents are executed: every TypeScript block is type-checked against the built package and run, its
 * output compared; every command line is parsed by the command line's own parser; every link leads somewhere;
 * every public name says what it is.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { type Command, CommanderError } from "commander";
import ts from "typescript";
import {
  readChainFile,
  readContinuousManifest,
  readContinuousPlan,
  readManifest,
} from "../src/node/index.ts";
import { anchorsOf, type Block, blocksOf, commandsOf, linksOf, namedFiles } from "./markdown-blocks.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
  ...["bench", "examples", "models", "training"].map((folder) => `${folder}/README.md`),
].map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

const entryPoints = [
  "src/index.ts",
  "src/continuous/index.ts",
  "src/onnx/index.ts",
  "src/transformers/index.ts",
  "src/import/index.ts",
  "src/node/index.ts",
  "src/web/index.ts",
  "src/web/worker.ts",
];
const blocks = pages.flatMap(({ path, text }) => blocksOf(text).map((block) => ({ ...block, path })));
type PageBlock = Block & { readonly path: string };

/** Inside the package, so that `import "fewstep"` means the built package as its users get it. */
mkdirSync(join(root, "out"), { recursive: true });
const place = mkdtempSync(join(root, "out", "docs-"));
after(() => rmSync(place, { recursive: true, force: true }));

const options: ts.CompilerOptions = {
  ...ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config,
    ts.sys,
    root,
  ).options,
  isolatedDeclarations: false,
  declaration: false,
};
const runnable: ts.CompilerOptions = { ...options, module: ts.ModuleKind.ESNext };
const examples = blocks
  .filter(({ language }) => language === "ts")
  .map((block, index) => ({ ...block, file: join(place, `${index}.ts`) }));
let program: ts.Program;

before(() => {
  assert.ok(
    existsSync(join(root, "dist/index.js")),
    "dist/ is missing; run `npm run build` before this test",
  );
  for (const { file, code } of examples) writeFileSync(file, `${code}\n`);
  program = ts.createProgram(
    [...examples.map(({ file }) => file), ...entryPoints.map((path) => join(root, path))],
    options,
  );
});

describe("TypeScript blocks", () => {
  for (const block of examples) {
    it(`${where(block)} type-checks, runs and prints what is said`, async () => {
      assert.deepEqual(problems(block), []);
      const script = block.file.replace(/ts$/, "js");
      writeFileSync(script, ts.transpileModule(block.code, { compilerOptions: runnable }).outputText);
      const { stdout } = await promisify(execFile)(process.execPath, [script], {
        cwd: place,
        timeout: 20_000,
      });
      if (block.prints !== undefined) assert.equal(trimmed(stdout), trimmed(block.prints));
    });
  }

  /** The compiler's messages on a block, by the lines of the page. */
  function problems({ file, path, line }: PageBlock & { file: string }): string[] {
    const source = program.getSourceFile(file);
    return ts.getPreEmitDiagnostics(program, source).map(({ start = 0, messageText }) => {
      const at = source?.getLineAndCharacterOfPosition(start).line ?? 0;
      return `${path}:${line + at}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
    });
  }
});

describe("JSON blocks", () => {
  for (const block of blocks.filter(({ language }) => language === "json")) {
    it(`${where(block)} is what its reader accepts`, async () => {
      const content: object = JSON.parse(block.code);
      const folder = mkdtempSync(join(place, "json-"));
      writeFileSync(join(folder, "manifest.json"), block.code);
      if ("space" in content) await readContinuousManifest(folder);
      else if ("continuous" in content) await readContinuousPlan(join(folder, "manifest.json"));
      else if ("format" in content) await readManifest(folder);
      else if ("initial" in content) await readChainFile(join(folder, "manifest.json"));
    });
  }
});

describe("links", () => {
  for (const { path, text } of pages) {
    it(`those of ${path} lead somewhere`, () => {
      const broken = linksOf(text)
        .filter(({ target }) => !/^[a-z]+:/.test(target))
        .filter(({ target }) => !leadsSomewhere(path, target))
        .map(({ target, line }) => `${path}:${line}: ${target}`);
      const missing = namedFiles(text)
        .filter(({ target }) => !existsSync(join(root, target)))
        .map(({ target, line }) => `${path}:${line}: ${target}`);
      assert.deepEqual([...broken, ...missing], []);
    });
  }

  function leadsSomewhere(from: string, target: string): boolean {
    const [file = "", anchor] = target.split("#");
    const path = file === "" ? from : relative(root, join(root, dirname(from), file));
    if (!existsSync(join(root, path))) return false;
    return anchor === undefined || anchorsOf(readFileSync(join(root, path), "utf8")).has(anchor);
  }
});

describe("command lines", () => {
  let factories: Map<string, () => Command>;
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };

  before(async () => {
    factories = await commandFactories();
  });

  for (const block of blocks.filter(({ language }) => language === "sh")) {
    it(`${where(block)} parse`, () => {
      for (const words of commandsOf(block.code)) checkCommand(words);
    });
  }

  it("those in the help of every command parse", () => {
    for (const make of factories.values()) {
      let help = "";
      make()
        .configureOutput({ writeOut: (text) => (help += text) })
        .outputHelp();
      const shown = commandsOf(help.slice(help.indexOf("Examples:"))).filter(([name]) => name === "fewstep");
      assert.notEqual(shown.length, 0, `the help of ${make().name()} shows no example`);
      for (const words of shown) checkCommand(words);
    }
  });

  function checkCommand(words: readonly string[]): void {
    const line = words.join(" ");
    const [first, second = "", ...rest] = words[0] === "npx" ? words.slice(1) : words;
    if (first === "fewstep") parse(second, rest, line);
    if (first === "npm" && second === "run") assert.ok(rest[0]! in scripts, `${line}: no such script`);
    const script = words.find((word) => /^(src|bench|scripts)\/.*\.[cm]?[jt]s$/.test(word));
    if (script) assert.ok(existsSync(join(root, script)), `${line}: there is no ${script}`);
  }

  /** Parses a command line without running it. */
  function parse(name: string, words: readonly string[], line: string): void {
    if (name.startsWith("-")) return;
    const make = factories.get(name);
    assert.ok(make, `${line}: there is no command ${name}`);
    const command = make()
      .exitOverride()
      .configureOutput({ writeErr: () => {}, writeOut: () => {} })
      .action(() => {});
    try {
      command.parse(words, { from: "user" });
    } catch (error) {
      if (error instanceof CommanderError && error.exitCode === 0) return;
      throw new Error(`${line}: ${(error as Error).message}`, { cause: error });
    }
  }
});

describe("public names", () => {
  for (const entry of entryPoints) {
    it(`every export of ${entry} says what it is`, () => {
      const checker = program.getTypeChecker();
      const source = program.getSourceFile(join(root, entry))!;
      const silent = checker
        .getExportsOfModule(checker.getSymbolAtLocation(source)!)
        .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
        .filter((symbol) => symbol.getDocumentationComment(checker).length === 0)
        .map((symbol) => {
          const file = symbol.declarations?.[0]?.getSourceFile().fileName ?? "";
          return `${symbol.name} in ${relative(root, file)}`;
        });
      assert.deepEqual(silent, []);
    });
  }
});

/** Every command's factory, by the name it is called with. */
async function commandFactories(): Promise<Map<string, () => Command>> {
  const made = new Map<string, () => Command>();
  const folder = join(root, "dist/cli");
  for (const name of readdirSync(folder).filter((name) => name.endsWith("-command.js"))) {
    const exported: Record<string, unknown> = await import(pathToFileURL(join(folder, name)).href);
    const [, make] = Object.entries(exported).find(([key]) => key.endsWith("Command"))!;
    made.set((make as () => Command)().name(), make as () => Command);
  }
  return made;
}

/** Without spaces at the ends of lines, which editors remove. */
function trimmed(text: string): string {
  return text.replace(/[ \t]+$/gm, "").trimEnd();
}

function where({ path, line }: PageBlock): string {
  return `${path}:${line}`;
}
