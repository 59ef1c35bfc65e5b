/** Fields that manifests of both spaces have. */
import * as z from "zod/mini";
import { staysInside } from "./stays-inside.ts";

export const text: z.ZodMiniString = z.string("text").check(z.minLength(1, "text that is not empty"));

export const whole: z.ZodMiniNumber = z.int("a whole number >= 1").check(z.minimum(1, "a whole number >= 1"));

const insideFolder = "the name of a file inside the folder, without .. and not absolute";
export const fileName: z.ZodMiniString = z.string(insideFolder).check(z.refine(staysInside, insideFolder));

const insideNpy = "the name of a .npy file inside the folder";
export const npyName: z.ZodMiniString = fileName.check(z.refine((name) => name.endsWith(".npy"), insideNpy));

const digits = "64 hexadecimal digits";
export const sha256: z.ZodMiniString = z.string(digits).check(z.regex(/^[0-9a-f]{64}$/i, digits));
