import { type Fields, fields, namedToken } from "../../model/tokenizer-file.ts";

/** The files that tokenizers were published with before there was a tokenizer.json. */
export interface OlderFiles {
  /** vocab.txt: a token a line, its id the line. */
  readonly lines?: readonly string[];
  /** vocab.json: ids by token; and merges.txt: pairs that a byte-level BPE joins, first ones first. */
  readonly ids?: Readonly<Record<string, number>>;
  readonly merges?: readonly string[];
  /** special_tokens_map.json and tokenizer_config.json, the latter's fields winning. */
  readonly config: Fields;
  /** The architecture of the checkpoint that the tokenizer goes with. */
  readonly architecture: string;
}

type Vocabulary = Readonly<Record<string, number>>;

/** Fields of configs that name special tokens. */
const roles = ["pad_token", "unk_token", "cls_token", "sep_token", "bos_token", "eos_token", "mask_token"];

/**
 * How Qwen2, and Dream after it, cut a text before its bytes are joined: contractions, words with the sign before
 * them, single digits, runs of signs, line ends, spaces.
 */
const QWEN_WORDS =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/**
 * The tokenizer.json of a tokenizer that is published in older files: BERT's WordPiece and ESM-2's residues
 * (vocab.txt), the byte-level BPE of GPT-2, RoBERTa and Qwen2 (vocab.json and merges.txt).
 *
 * @returns undefined if the files are not enough
 */
export function buildTokenizer({ lines, ids, merges, config, architecture }: OlderFiles): Fields | undefined {
  if (lines) {
    const vocabulary = Object.fromEntries(lines.map((token, id) => [token, id]));
    return architecture === "esm2" ? residues(vocabulary, config) : wordPiece(vocabulary, config);
  }
  return ids && merges ? byteLevel(ids, merges, { config, architecture }) : undefined;
}

/** Every residue a token, spaces left out; <cls> before and <eos> behind. */
function residues(vocab: Vocabulary, given: Fields): Fields {
  const config = {
    cls_token: "<cls>",
    eos_token: "<eos>",
    pad_token: "<pad>",
    unk_token: "<unk>",
    mask_token: "<mask>",
    ...given,
  };
  const named = Object.keys(vocab).filter((token) => /^<.+>$/.test(token));
  return tokenizer({
    added: specialTokens(vocab, { config, also: named }),
    pre_tokenizer: { type: "WhitespaceSplit" },
    post_processor: around([namedToken(config.cls_token), namedToken(config.eos_token)], vocab),
    decoder: { type: "Fuse" },
    model: bpe(vocab, [], { unk_token: namedToken(config.unk_token) ?? null }),
  });
}

function wordPiece(vocab: Vocabulary, given: Fields): Fields {
  const config: Fields = {
    cls_token: "[CLS]",
    sep_token: "[SEP]",
    pad_token: "[PAD]",
    unk_token: "[UNK]",
    mask_token: "[MASK]",
    ...given,
  };
  return tokenizer({
    added: specialTokens(vocab, { config }),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: config["tokenize_chinese_chars"] !== false,
      strip_accents: config["strip_accents"] ?? null,
      lowercase: config["do_lower_case"] !== false,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: around([namedToken(config["cls_token"]), namedToken(config["sep_token"])], vocab),
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      vocab,
      unk_token: namedToken(config["unk_token"]),
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
    },
  });
}

function byteLevel(
  vocab: Vocabulary,
  merges: readonly string[],
  { config: given, architecture }: Pick<OlderFiles, "config" | "architecture">,
): Fields {
  const kind = String(given["tokenizer_class"] ?? "");
  const isQwen = architecture === "dream" || /^(Qwen2|Dream)/.test(kind);
  const isRoberta = architecture === "roberta" || /^Roberta/.test(kind);
  const usual = isRoberta
    ? { cls_token: "<s>", sep_token: "</s>", pad_token: "<pad>", unk_token: "<unk>", mask_token: "<mask>" }
    : isQwen
      ? {}
      : { eos_token: "<|endoftext|>" };
  const config: Fields = { ...usual, ...given };
  const prefixed = config["add_prefix_space"] === true;
  const bytes = { type: "ByteLevel", add_prefix_space: prefixed, trim_offsets: true, use_regex: !isQwen };
  const words = { type: "Split", pattern: { Regex: QWEN_WORDS }, behavior: "Isolated", invert: false };
  const begin = namedToken(config["cls_token"]);
  const end = namedToken(config["sep_token"]);
  return tokenizer({
    // A space before RoBERTa's mask belongs to the mask.
    added: specialTokens(vocab, { config, lstrip: isRoberta ? namedToken(config["mask_token"]) : undefined }),
    normalizer: isQwen ? { type: "NFC" } : null,
    pre_tokenizer: isQwen ? { type: "Sequence", pretokenizers: [words, bytes] } : bytes,
    post_processor: isRoberta ? around([begin, end], vocab) : null,
    decoder: { ...bytes, use_regex: true },
    model: bpe(vocab, merges.map(pair), { unk_token: null }),
  });
}

/** A line of merges.txt: two pieces with a space between them. */
function pair(line: string): [string, string] {
  const at = line.indexOf(" ");
  return [line.slice(0, at), line.slice(at + 1)];
}

function bpe(
  vocab: Vocabulary,
  merges: readonly (readonly [string, string])[],
  { unk_token }: { unk_token: string | null },
): Fields {
  return {
    type: "BPE",
    dropout: null,
    unk_token,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab,
    merges,
  };
}

function tokenizer({ added, ...parts }: Fields & { readonly added: readonly Fields[] }): Fields {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    ...parts,
  };
}

/** Puts one token before a text and one behind it, where the vocabulary has both. */
function around([begin, end]: readonly (string | undefined)[], vocab: Vocabulary): Fields | null {
  if (begin === undefined || end === undefined || !(begin in vocab) || !(end in vocab)) return null;
  const token = (id: string): Fields => ({ SpecialToken: { id, type_id: 0 } });
  const text = { Sequence: { id: "A", type_id: 0 } };
  const second = { Sequence: { id: "B", type_id: 1 } };
  const described = (id: string): Fields => ({ id, ids: [vocab[id]], tokens: [id] });
  return {
    type: "TemplateProcessing",
    single: [token(begin), text, token(end)],
    pair: [token(begin), text, token(end), second, token(end)],
    special_tokens: { [begin]: described(begin), [end]: described(end) },
  };
}

/** The tokens that are not cut: those that the configs name, and `added_tokens_decoder` with ids of its own. */
function specialTokens(
  vocab: Vocabulary,
  { config, also = [], lstrip }: { config: Fields; also?: readonly string[]; lstrip?: string | undefined },
): Fields[] {
  const more = Array.isArray(config["additional_special_tokens"]) ? config["additional_special_tokens"] : [];
  const named = [...roles.map((role) => config[role]), ...more].map(namedToken);
  const found = new Map<number, Fields>();
  for (const content of [...named, ...also]) {
    const id = content === undefined || !Object.hasOwn(vocab, content) ? undefined : vocab[content];
    if (id !== undefined) found.set(id, added(id, { content, special: true, lstrip: content === lstrip }));
  }
  for (const [id, token] of Object.entries(fields(config["added_tokens_decoder"]))) {
    if (/^\d+$/.test(id)) found.set(Number(id), added(Number(id), fields(token)));
  }
  return [...found.values()].sort((a, b) => Number(a["id"]) - Number(b["id"]));
}

function added(id: number, token: Fields): Fields {
  const { content, single_word = false, lstrip = false, rstrip = false, special = false } = token;
  return { id, content, single_word, lstrip, rstrip, normalized: token["normalized"] === true, special };
}
