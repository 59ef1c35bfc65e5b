/** In place of the library's ways to read a network in the worker's build: those of the page return logits. */
import type { Denoiser } from "../../../src/denoisers/denoiser.ts";

function unread(): Denoiser {
  throw new Error("This page reads networks that return logits of clean tokens; use the library for others.");
}

export const leaveOneOutModel: () => Denoiser = unread;
export const maskAmongTokens: () => Denoiser = unread;
export const nextTokenModel: () => Denoiser = unread;
export const scoreModel: () => Denoiser = unread;
