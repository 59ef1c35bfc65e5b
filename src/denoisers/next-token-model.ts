import type { Denoiser } from "./denoiser.ts";

/**
 * Makes a denoiser of a network whose row d scores token d + 1, as Dream's does, which was made from a causal
 * model: row d of the result is the network's row d - 1, and row 0 its own. The rows are moved in place.
 *
 * Source: Ye et al. 2025, arXiv 2508.15487.
 */
export function nextTokenModel(network: Denoiser): Denoiser {
  const { length, vocabulary } = network;
  const source = (at: number): number => (at % length === 0 ? at : at - 1);
  return {
    ...network,
    async predict(input) {
      const { batch, wanted } = input;
      const logits = await network.predict(
        // Positions 0 and 1 of a sequence have the same source.
        wanted ? { ...input, wanted: wanted.map(source).filter((at, i, all) => at !== all[i - 1]) } : input,
      );
      const { data, width } = logits;
      // From the last to the first: a row is read before it is overwritten.
      for (let i = (wanted?.length ?? batch * length) - 1; i >= 0; i--) {
        const at = wanted?.[i] ?? i;
        const from = source(at) * width;
        if (source(at) !== at) data.copyWithin(at * width, from, from + vocabulary);
      }
      return logits;
    },
  };
}
