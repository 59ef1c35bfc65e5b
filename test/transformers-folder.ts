/** Folders as @huggingface/transformers loads them, made of the checkpoints and hand-made tokenizers; offline. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  AutoModelForMaskedLM,
  AutoTokenizer,
  env,
  LogLevel,
  type PreTrainedModel,
  type PreTrainedTokenizer,
} from "@huggingface/transformers";
import { architectures } from "../src/import/architectures/index.ts";
import { net } from "../src/import/net.ts";
import { type Graph, graph, type Value } from "../src/import/onnx-file/graph.ts";
import type { ValueMessage } from "../src/import/onnx-file/onnx-schema.ts";
import { writeOnnx } from "../src/import/onnx-file/write-onnx.ts";
import { openCheckpoint } from "../src/import/safetensors/checkpoint.ts";
import { weights } from "../src/import/weights.ts";
import { fixtures, scratch } from "./checkpoints.ts";

env.allowRemoteModels = false;
env.logLevel = LogLevel.NONE; // Failures of a model are thrown; the library would also log them.

const place = scratch();

/** A text with three blanks, of words that the tokenizers know. */
export const TEXT = "the [MASK] sat on the [MASK] [MASK] .";

/** Ids of the special tokens in a hand-made tokenizer. */
interface Special {
  readonly pad: number;
  readonly unk: number;
  readonly cls: number;
  readonly sep: number;
  readonly mask: number;
}

/** Where the golden outputs have the padding and the mask; the other ids are free. */
export const specialTokens: Readonly<Record<string, Special>> = {
  bert: { pad: 0, unk: 1, cls: 2, sep: 3, mask: 7 },
  "bert-new": { pad: 0, unk: 1, cls: 2, sep: 3, mask: 7 },
  roberta: { cls: 0, pad: 1, sep: 2, unk: 3, mask: 101 },
  modernbert: { unk: 92, cls: 93, sep: 94, pad: 95, mask: 96 },
  esm2: { cls: 0, pad: 1, sep: 2, unk: 3, mask: 32 },
};

const WORDS = "the cat sat on mat dog ran in sun a small red bird sang . , to sea went old".split(" ");

export interface FolderOptions {
  /** Tokens of the tokenizer; default as many as the logits have columns. */
  readonly tokens?: number;
  /** Ids that stand for no text. */
  readonly gaps?: readonly number[];
  /** Changes of tokenizer_config.json; undefined removes a field. */
  readonly tokenizer?: Readonly<Record<string, unknown>>;
  /** Element type of the logits as ONNX numbers them: 1 float32, 6 int32, 10 float16, 11 float64. */
  readonly type?: number;
  /** Name of the output. */
  readonly output?: string;
}

/** A model and its tokenizer, as the library loads them. */
export interface Loaded {
  readonly folder: string;
  readonly tokenizer: PreTrainedTokenizer;
  readonly model: PreTrainedModel;
}

/** Makes a folder and loads it. */
export async function load(checkpoint: string, options: FolderOptions = {}): Promise<Loaded> {
  const folder = await transformersFolder(checkpoint, options);
  const tokenizer = await AutoTokenizer.from_pretrained(folder);
  const model = await AutoModelForMaskedLM.from_pretrained(folder, { dtype: "fp32", device: "cpu" });
  return { folder, tokenizer, model };
}

/**
 * A folder with a checkpoint's config.json, tokenizer files, and its network as onnx/model.onnx, with the inputs of
 * published exports, of which each is made use of: attention is what attention_mask says, and not where the tokens
 * are padding, and the tokens are input_ids + token_type_ids, so that types other than 0 would be seen.
 */
async function transformersFolder(checkpoint: string, options: FolderOptions = {}): Promise<string> {
  const folder = mkdtempSync(join(place, `${checkpoint}-`));
  const source = join(fixtures, checkpoint);
  cpSync(join(source, "config.json"), join(folder, "config.json"));
  const config = JSON.parse(readFileSync(join(source, "config.json"), "utf8")) as { vocab_size: number };
  writeTokenizer(folder, specialTokens[checkpoint]!, { tokens: config.vocab_size, ...options });
  mkdirSync(join(folder, "onnx"));
  await writeNetwork(join(folder, "onnx"), { source, config, ...options });
  return folder;
}

async function writeNetwork(
  folder: string,
  {
    source,
    config,
    type = 1,
    output = "logits",
  }: { source: string; config: Readonly<Record<string, unknown>> } & FolderOptions,
): Promise<void> {
  const opened = await openCheckpoint(source);
  const network = publishedGraph(type);
  const layers = net(network, weights(opened, { where: source }));
  const architecture = architectures.find(({ recognises }) => recognises(config))!;
  const { logits, width } = architecture.build(layers, { config, where: source });
  const dense = network.node("Reshape", [logits, layers.shape(width)]);
  const cast = network.node("Cast", [dense], { attributes: { to: { int: type } } });
  network.output(output, cast, ["batch", "length", width]);
  await writeOnnx(network, { folder });
  await opened.close();
}

/** A graph whose inputs are those of published exports, where the importer asks for "x" and "rows". */
function publishedGraph(type: number): Graph {
  const own = graph("masked language model");
  const integer = (number: number): Value => own.constant("int64", number);
  const given = (name: string): Value => own.input(name, "int64", ["batch", "length"]);
  const tokens = own.node("Add", [given("input_ids"), given("token_type_ids")]);
  const seen = own.node("Cast", [given("attention_mask")], { attributes: { to: { int: 6 } } });
  const everyRow = own.node("Range", [integer(0), own.node("Size", [tokens]), integer(1)]);
  return {
    ...own,
    input(name) {
      if (name === "x") return tokens;
      if (name === "rows") return everyRow;
      throw new Error(`a masked language model has no input ${name}`);
    },
    node: (operator, inputs, options) =>
      operator === "MultiHeadAttention"
        ? own.node(operator, [...inputs.slice(0, 4), seen, ...inputs.slice(5)], options)
        : own.node(operator, inputs, options),
    finished() {
      const { message, initializers } = own.finished();
      return {
        message: { ...message, output: message.output.map((output) => withType(output, type)) },
        initializers,
      };
    },
  };
}

function withType({ name, type }: ValueMessage, elemType: number): ValueMessage {
  return { name, type: { value: { case: "tensorType", value: { ...type.value.value, elemType } } } };
}

/** tokenizer.json and tokenizer_config.json of a tokenizer that splits words at spaces. */
function writeTokenizer(
  folder: string,
  special: Special,
  { tokens, gaps = [], tokenizer = {} }: FolderOptions & { tokens: number },
): void {
  const names = Object.entries(special).map(([name, id]) => ({ id, content: `[${name.toUpperCase()}]` }));
  const words = [...WORDS];
  const vocab: Record<string, number> = {};
  for (let id = 0; id < tokens; id++) {
    const named = names.find((token) => token.id === id);
    if (named) vocab[named.content] = id;
    else if (!gaps.includes(id)) vocab[words.shift() ?? `w${id}`] = id;
  }
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const place = (id: string): object => ({ SpecialToken: { id, type_id: 0 } });
  writeJson(join(folder, "tokenizer.json"), {
    version: "1.0",
    added_tokens: names.map((token) => ({ ...token, ...flags })),
    normalizer: null,
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [place("[CLS]"), { Sequence: { id: "A", type_id: 0 } }, place("[SEP]")],
      pair: [],
      special_tokens: {},
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: { type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", vocab },
  });
  writeJson(join(folder, "tokenizer_config.json"), {
    tokenizer_class: "BertTokenizer",
    model_max_length: 48,
    pad_token: "[PAD]",
    unk_token: "[UNK]",
    cls_token: "[CLS]",
    sep_token: "[SEP]",
    mask_token: "[MASK]",
    ...tokenizer,
  });
}

function writeJson(path: string, content: object): void {
  writeFileSync(path, JSON.stringify(content));
}
