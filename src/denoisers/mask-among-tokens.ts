import type { Denoiser } from "./denoiser.ts";
import { forEachWanted } from "./logit-rows.ts";

/**
 * Makes a denoiser of a network whose mask is one of its V tokens, as LLaDA's and BERT's is: it is fed `mask` where
 * others are fed V, and never predicts it.
 *
 * @param options.mask the network's mask, below its vocabulary
 * @throws RangeError if it is not
 */
export function maskAmongTokens(network: Denoiser, { mask }: { mask: number }): Denoiser {
  const { vocabulary, length } = network;
  if (!(Number.isInteger(mask) && mask >= 0 && mask < vocabulary)) {
    throw new RangeError(
      `maskAmongTokens: mask = ${mask}; expected one of the ${vocabulary} tokens, 0 to ${vocabulary - 1}`,
    );
  }
  return {
    ...network,
    async predict(input) {
      const tokens = input.tokens.map((token) => (token === vocabulary ? mask : token));
      const logits = await network.predict({ ...input, tokens });
      forEachWanted(logits, input, length, (_, offset) => {
        logits.data[offset + mask] = Number.NEGATIVE_INFINITY;
      });
      return logits;
    },
  };
}
