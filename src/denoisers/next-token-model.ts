import type { Denoiser, Logits, Noised } from "./denoiser.ts";
import { rowOffsets } from "./logit-rows.ts";

/**
 * Makes a denoiser of a network whose row d scores token d + 1, as Dream's does, which was made from a causal
 * model: row d of the result is the network's row d - 1, and row 0 its own. The rows are moved in place; only a
 * network that returned no more than it was asked for, asked for positions 0 and 1 of a sequence, has its rows
 * copied, as the two have the same source.
 *
 * Source: Ye et al. 2025, arXiv 2508.15487.
 */
export function nextTokenModel(network: Denoiser): Denoiser {
  const { length, vocabulary } = network;
  const source = (at: number): number => (at % length === 0 ? at : at - 1);

  function moved(logits: Logits, { batch, wanted }: Noised): Logits {
    const { data, width, positions, release } = logits;
    const offsetOf = rowOffsets(logits);
    const count = wanted?.length ?? batch * length;
    if (positions && wanted) {
      const inPlace = positions.length === count && wanted.every((at, i) => positions[i] === source(at));
      if (inPlace) return { ...logits, positions: wanted };
      const copies = data instanceof Float32Array ? Float32Array : Float64Array;
      const rows = new copies(count * width);
      wanted.forEach((at, i) => {
        const from = offsetOf(source(at));
        rows.set(data.subarray(from, from + vocabulary), i * width);
      });
      release?.();
      return { data: rows, width, positions: wanted };
    }
    // From the last to the first: a row is read before it is overwritten.
    for (let i = count - 1; i >= 0; i--) {
      const at = wanted?.[i] ?? i;
      const from = offsetOf(source(at));
      if (source(at) !== at) data.copyWithin(offsetOf(at), from, from + vocabulary);
    }
    return logits;
  }

  return {
    ...network,
    async predict(input) {
      const { wanted } = input;
      const sources = wanted?.map(source).filter((at, i, all) => at !== all[i - 1]);
      return moved(await network.predict(sources ? { ...input, wanted: sources } : input), input);
    },
  };
}
