import type { Denoiser } from "../denoisers/denoiser.ts";
import { makePart } from "../make-part.ts";
import { type Measured, meanOf } from "../measures/measured.ts";
import type { Model } from "../model/model.ts";
import { searchData } from "../model/model-measures.ts";
import { ownPathNats } from "../optimize/predicted-nats.ts";
import { selectors } from "../parts.ts";
import type { NatsRequest } from "./messages.ts";

/**
 * Predicted KL(data || samples) of reveal counts, in nats per sequence, along the path that the selector's own steps
 * take.
 *
 * @throws RangeError if the selector reads predictions: there the chain rule behind the figure does not hold
 */
export async function pathNats(
  model: Model,
  { counts, selector, sequences = 16, seed = 0 }: NatsRequest,
  denoiser: Denoiser,
): Promise<Measured> {
  const chosen = makePart("selector", selectors, selector);
  if (chosen.reads === "predictions" || model.process.mask === undefined) {
    throw new RangeError(
      `nats: the selector ${selector.name} under ${model.process.name} noise; expected one that looks at positions only, and a process with a mask`,
    );
  }
  const { tokens: data } = await searchData({ ...model, denoiser }, { count: sequences, seed });
  return meanOf(await ownPathNats(denoiser, { selector: chosen, data, noise: model.noise, seed })(counts));
}
