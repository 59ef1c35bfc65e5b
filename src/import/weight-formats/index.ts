import { fp16 } from "./fp16.ts";
import { fp32 } from "./fp32.ts";
import { int4 } from "./int4.ts";
import { int8 } from "./int8.ts";
import type { WeightFormat, WeightFormatName } from "./weight-format.ts";

/** Formats of weights by name. */
export const weightFormats: Readonly<Record<WeightFormatName, WeightFormat>> = { fp32, fp16, int8, int4 };
