import type { Architecture } from "../architecture.ts";
import { bert } from "./bert.ts";
import { dream } from "./dream.ts";
import { duo, udlm } from "./duo.ts";
import { esm2 } from "./esm2.ts";
import { llada } from "./llada.ts";
import { mdlm } from "./mdlm.ts";
import { modernbert } from "./modernbert.ts";
import { roberta } from "./roberta.ts";
import { sedd } from "./sedd.ts";

/** All kinds of checkpoints that can be imported. */
export const architectures: readonly Architecture[] = [
  sedd,
  mdlm,
  duo,
  udlm,
  llada,
  dream,
  bert,
  roberta,
  modernbert,
  esm2,
];
