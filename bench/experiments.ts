/**
 * Makes the tables of docs/results again: `npm run experiments` runs all, `npm run experiments -- countdown`
 * one. Each file names its command, seeds, sizes and the class of machine.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { progressLine } from "../src/cli/progress.ts";
import { machineClass, runStudy, type StudyOptions } from "../src/cli/study.ts";
import { studyMarkdown } from "../src/cli/study-text.ts";
import { type NamedPart, parsePart } from "../src/make-part.ts";
import { corrupted, loadModel } from "../src/node/index.ts";
import { qualitySvg } from "../src/report/quality-picture.ts";
import { continuousStudies, continuousStudy } from "./continuous/studies.ts";
import { type RankStudy, rankCorrelation } from "./rank-correlation.ts";

const folder = new URL("../docs/results/", import.meta.url);
const progress = progressLine(process.stderr);
const pair = (schedule: string, selector: string) => ({ schedule, selector });
/** A method by its parts, as on the command line: "theta-trapezoidal:theta=0.5". */
const method = (schedule: string, selector: string, sampler: string, corrector?: string) => ({
  ...pair(schedule, selector),
  sampler: parsePart(sampler),
  ...(corrector ? { corrector: parsePart(corrector) } : {}),
});
/** What the tables of docs/choosing-a-sampler.md have in common. */
const samplerStudy = {
  steps: [4, 8, 16, 32],
  perMethod: 256,
  seeds: [0],
  seed: 0,
  sequences: 64,
  levels: 40,
};

/** The plan that `fewstep optimize --calls` chooses, and the published and plain methods at equal calls. */
const chosen = pair("plan", "");
const masked = [
  pair("uniform", "random"),
  pair("cosine", "random"),
  pair("jys", "random"),
  pair("optimal", "random"),
  chosen,
];
const unmasked = [
  pair("uniform", ""),
  pair("cosine", ""),
  pair("jys", ""),
  pair("optimal", ""),
  method("uniform", "", "systematic-ancestral"),
  chosen,
];
const planStudy = {
  steps: [4, 8, 16, 32],
  perMethod: 128,
  seeds: [0],
  seed: 0,
  sequences: 16,
  levels: 32,
  budget: 8000,
  check: 32,
};

type Settings = Omit<StudyOptions, "command" | "progress" | "batch"> & {
  readonly model: string;
  readonly process?: NamedPart;
  readonly noise?: NamedPart;
  /** Whether the measures are drawn as well. */
  readonly picture?: boolean;
};

const studies: Record<string, Settings> = {
  countdown: {
    model: "countdown",
    title: "CountDown, exact posteriors: the sampler's error alone",
    steps: [4, 8, 16],
    methods: [
      pair("uniform", "independent"),
      pair("uniform", "random"),
      pair("cosine", "random"),
      pair("uniform", "confidence"),
      pair("jys", "independent"),
      pair("jys", "random"),
      pair("bisect", "random"),
      pair("optimal", "random"),
      pair("uniform", "stratified"),
      pair("optimal", "stratified"),
      pair("optimal", "stratified-jitter"),
      pair("optimal", "dilated:length=256"),
    ],
    perMethod: 512,
    seeds: [0],
    seed: 0,
    sequences: 64,
    levels: 40,
  },
  letters: {
    model: "letters",
    title: "English letters, first-order chain, exact posteriors",
    steps: [4, 8, 16],
    methods: [
      pair("uniform", "random"),
      pair("optimal", "random"),
      pair("uniform", "stratified"),
      pair("optimal", "stratified"),
      pair("uniform", "stratified-jitter"),
    ],
    perMethod: 512,
    seeds: [0],
    seed: 0,
    sequences: 64,
    levels: 40,
  },
  "samplers-absorbing": {
    ...samplerStudy,
    model: "countdown",
    title: "Samplers under absorbing noise, CountDown, exact posteriors",
    methods: [
      pair("uniform", "independent"),
      method("uniform", "", "euler"),
      method("uniform", "", "exponential-euler"),
      method("uniform", "", "tau-leaping"),
      method("uniform", "", "theta-trapezoidal"),
      method("uniform", "", "theta-rk2"),
      method("uniform", "", "k-gillespie"),
      method("uniform", "independent", "remdm-rescale:eta=0.05"),
      method("uniform", "independent", "psi:kappa=0.95"),
      method("uniform", "", "mask-git"),
      method("uniform", "", "path-planning"),
      pair("uniform", "stratified"),
      pair("optimal", "stratified"),
      method("uniform", "random", "ancestral", "informed:count=8:pool=8"),
      method("optimal", "stratified", "ancestral", "informed:count=8:pool=8"),
    ],
  },
  "selectors-absorbing": {
    ...samplerStudy,
    model: "countdown",
    title: "Selectors under absorbing noise, CountDown, exact posteriors",
    methods: [
      ...["random", "stratified", "stratified-jitter", "dilated:length=256"].map((name) =>
        pair("uniform", name),
      ),
      ...["confidence", "margin", "entropy", "left-to-right"].map((name) => pair("uniform", name)),
      ...["threshold", "factor", "entropy-bound", "klass"].map((name) => pair("uniform", name)),
    ],
  },
  "samplers-uniform": {
    ...samplerStudy,
    model: "countdown",
    process: { name: "uniform" },
    title: "Samplers under uniform noise, CountDown, exact posteriors",
    methods: [
      pair("uniform", ""),
      pair("cosine", ""),
      method("uniform", "", "systematic-ancestral"),
      method("uniform", "", "plug-in-ancestral"),
      method("uniform", "", "euler"),
      method("uniform", "", "exponential-euler"),
      method("uniform", "", "tau-leaping"),
      method("uniform", "", "theta-trapezoidal"),
      method("uniform", "", "theta-rk2"),
      method("uniform", "", "psi:kappa=0.9"),
      method("uniform", "", "ancestral", "loo-gibbs:count=32"),
      method("uniform", "", "ancestral", "loo-gibbs-margin:count=32"),
      method("uniform", "", "ancestral", "forward-backward:size=0.5"),
    ],
  },
  "samplers-ordinal": {
    ...samplerStudy,
    model: "countdown",
    process: { name: "ordinal", rateSigma: 4, qSigma: 16 },
    noise: { name: "exponential", base: 0.158, exponential: 20 },
    title: "Samplers under ordinal noise, CountDown, exact posteriors",
    methods: [
      pair("uniform", ""),
      pair("cosine", ""),
      method("uniform", "", "systematic-ancestral"),
      method("uniform", "", "euler"),
      method("uniform", "", "tau-leaping"),
      method("uniform", "", "theta-trapezoidal"),
      method("uniform", "", "ancestral", "loo-gibbs:count=32"),
    ],
  },
  "plans-countdown-net": {
    ...planStudy,
    perMethod: 96,
    budget: 4000,
    model: "countdown-net",
    title: "CountDown, trained network: chosen plans against fixed methods",
    methods: masked,
  },
  "plans-text": {
    ...planStudy,
    model: "text",
    title: "Text: chosen plans against fixed methods",
    steps: [4, 6, 8, 16, 32],
    methods: [...masked, pair("uniform", "stratified")],
    extra: [{ ...pair("uniform", "random"), steps: 128 }],
    picture: true,
  },
  "plans-bach": {
    ...planStudy,
    budget: 16000,
    model: "bach",
    title: "Chorale melodies, uniform noise: chosen plans against fixed methods",
    methods: unmasked,
  },
  "plans-bach-prefix": {
    ...planStudy,
    budget: 16000,
    model: "bach",
    prefix: 32,
    title: "Chorale melodies that go on from two given bars, uniform noise",
    steps: [16],
    methods: [pair("uniform", ""), chosen],
    extra: [{ ...pair("uniform", ""), steps: 32 }],
  },
  "plans-digits": {
    ...planStudy,
    model: "digits",
    title: "Digits, ordinal noise: chosen plans against fixed methods",
    perMethod: 256,
    methods: unmasked,
  },
};

/** Rank correlations of what a search could go by with the quality of many samples. */
const rankStudies: readonly RankStudy[] = [
  { model: "countdown", process: { name: "uniform" }, steps: 4, many: 256, few: 128 },
  { model: "countdown", process: { name: "uniform" }, steps: 8, many: 256, few: 128 },
  { model: "bach", steps: 4, many: 256, few: 256 },
  { model: "digits", steps: 4, many: 512, few: 256 },
];

/** Scripts of bench/continuous that print a page each, by the name of their results. */
const scripts: Readonly<Record<string, string>> = {
  "continuous-dc-solver": "dc-solver",
  "continuous-digits-quality": "digits",
  "continuous-exposure": "exposure",
  "continuous-langevin": "langevin",
  "continuous-momentum": "ams",
  "continuous-parallel": "parataa",
  "continuous-preconditioned": "pds",
  "continuous-schedules": "schedules",
  "continuous-solver-search": "s3",
  "continuous-steering": "fkc",
};

mkdirSync(folder, { recursive: true });
const wanted = process.argv.slice(2);
const names = [
  ...Object.keys(studies),
  "rank-correlation",
  ...Object.keys(continuousStudies),
  ...Object.keys(scripts),
];
const unknown = wanted.find((name) => !names.includes(name));
if (unknown) throw new RangeError(`experiments: "${unknown}"; expected ${names.join(", ")}`);

for (const [name, study] of Object.entries(studies)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const { model: reference, process: corruption, noise, picture, ...settings } = study;
  const model = corrupted(await loadModel(reference), {
    ...(corruption ? { process: corruption } : {}),
    ...(noise ? { noise } : {}),
  });
  const comparison = await runStudy(model, {
    ...settings,
    command: `npm run experiments -- ${name}`,
    batch: 8,
    progress,
  });
  await model.dispose();
  const text = studyMarkdown(comparison);
  writeFileSync(new URL(`${name}.md`, folder), text);
  if (picture) {
    const measures = comparison.measures.filter(({ better }) => better !== "neither");
    writeFileSync(new URL(`${name}-quality.svg`, folder), qualitySvg(comparison, { measures, columns: 3 }));
  }
  process.stdout.write(`${text}\n`);
}
if (wanted.length === 0 || wanted.includes("rank-correlation")) {
  const tables: string[] = [];
  for (const study of rankStudies) {
    tables.push(
      await rankCorrelation(study, (share) =>
        progress.update(`rank correlation: ${study.model}, ${study.steps} steps`, share),
      ),
    );
  }
  progress.done();
  const head = [
    "# What ranks schedules as their samples' quality does",
    "",
    `Command: \`npm run experiments -- rank-correlation\`. Spearman's rank correlation over 24 random grids (seed 7), systematic ancestral steps; quality with seed 100, what a search sees with seed 200. Machine: ${machineClass()}.`,
    "",
  ];
  const text = [...head, ...tables].join("\n");
  writeFileSync(new URL("rank-correlation.md", folder), text);
  process.stdout.write(`${text}\n`);
}

for (const name of Object.keys(continuousStudies)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const text = await continuousStudy(name, progress.update);
  progress.done();
  writeFileSync(new URL(`${name}.md`, folder), text);
  process.stdout.write(`${text}\n`);
}
for (const [name, script] of Object.entries(scripts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  progress.update(name, 0);
  const file = fileURLToPath(new URL(`continuous/${script}.ts`, import.meta.url));
  const printed = execFileSync(process.execPath, ["--import", "tsx", file], { encoding: "utf8" });
  progress.done();
  const made = `Made by \`npm run experiments -- ${name}\` on ${machineClass()}.`;
  const text = `# ${name}\n\n${made}\n\n${printed.trim()}\n`;
  writeFileSync(new URL(`${name}.md`, folder), text);
  process.stdout.write(`${text}\n`);
}

/** Every table in one page, in this order. */
const chapters: readonly (readonly [heading: string, text: string, names: readonly string[]])[] = [
  [
    "Chosen plans on trained networks",
    "What `fewstep optimize MODEL --calls N` chooses, with seeds of its own, against the plain grids, Jump Your Steps as published and the ELBO-optimal grid, each with ancestral steps (in random order where there is a mask), at equal model calls.",
    ["plans-text", "plans-countdown-net", "plans-bach", "plans-bach-prefix", "plans-digits"],
  ],
  ["Schedules and orders", "", ["countdown", "letters"]],
  ["What ranks schedules", "", ["rank-correlation"]],
  [
    "Samplers and selectors on exact posteriors",
    "",
    ["samplers-absorbing", "selectors-absorbing", "samplers-uniform", "samplers-ordinal"],
  ],
  [
    "Continuous diffusion",
    "What [continuous.md](continuous.md) goes by.",
    [...Object.keys(continuousStudies), ...Object.keys(scripts)],
  ],
];
const page = [
  "# Experiments",
  "",
  "All tables, with the commands, seeds, sizes and the class of machine that made them. `npm run experiments` makes them again, `npm run experiments -- NAME` one of them; this page is put together from [results](results).",
  "",
  ...chapters.flatMap(([heading, text, files]) => [
    `## ${heading}`,
    "",
    ...(text ? [text, ""] : []),
    ...files.flatMap((name) => {
      const file = new URL(`${name}.md`, folder);
      const demoted = existsSync(file) ? readFileSync(file, "utf8").replace(/^#(?=#* )/gm, "###") : "";
      return demoted ? [demoted.trimEnd(), ""] : [];
    }),
  ]),
].join("\n");
writeFileSync(new URL("../docs/experiments.md", import.meta.url), `${page.trimEnd()}\n`);
