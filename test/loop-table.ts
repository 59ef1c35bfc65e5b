/** The selectors and models that the sampling loop is held to its contract with. */
import {
  confidence,
  type Denoiser,
  entropyOrder,
  independent,
  margin,
  markovChain,
  random,
  type Selector,
  stratified,
} from "../src/index.ts";
import { hashed } from "./hashed.ts";
import { chain } from "./small-laws.ts";

/** Selectors that follow the schedule. */
export const selectors: readonly Selector[] = [
  independent(),
  random(),
  stratified(),
  stratified({ jitter: true }),
  confidence(),
  margin(),
  entropyOrder(),
];

/** Models by name, made anew for every test: they own buffers. */
export const models: Readonly<Record<string, () => Denoiser>> = {
  "a chain": () => markovChain({ ...chain, length: 7 }),
  "a time-free network": () => hashed({ vocabulary: 4, length: 9, width: 6 }),
  "a network with time": () => hashed({ vocabulary: 3, length: 6, timeFree: false, single: false }),
};
