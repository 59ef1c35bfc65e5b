import { createHash } from "node:crypto";
import type { Model } from "../../model/model.ts";
import { version } from "../version.ts";
import { resolvedMethod, type SampleJob } from "./job.ts";
import type { JournalHead } from "./journal-head.ts";

/**
 * Everything that the samples of a job depend on, as its journal names it: two jobs with equal heads make the same
 * sequences. Batches, threads and workers are not in it.
 *
 * @param asked what the schedule was found with, where one was searched for
 */
export function jobHead(
  model: Model,
  job: SampleJob,
  { asked }: { asked?: JournalHead | undefined } = {},
): JournalHead {
  const { length, vocabulary } = model.denoiser;
  const { inputs, output, maskColumn, mask, padding, returns } = model.manifest ?? {};
  const { topP, given, count = 1, firstRow = 0, seed = 0 } = job;
  return {
    fewstep: version,
    model: { fingerprint: model.fingerprint, length, vocabulary },
    reading: {
      ...{ inputs, output, maskColumn, mask, padding, returns },
      process: model.processDescription,
      noise: model.noiseDescription,
    },
    method: resolvedMethod(model, job),
    ...(asked ? { asked } : {}),
    seed,
    firstRow,
    count,
    ...(topP === undefined ? {} : { topP }),
    ...(given ? { given: createHash("sha256").update(bytesOf(given)).digest("hex") } : {}),
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
