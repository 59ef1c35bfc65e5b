export type { ChainFile } from "../model/chain-file.ts";
export type {
  ClassesDescription,
  ContinuousManifest,
  PixelsDescription,
} from "../model/continuous-manifest.ts";
export { type ContinuousModel, guidedTowards, underNoise } from "../model/continuous-model.ts";
export type { NoiseDescription, ProcessDescription } from "../model/corruption.ts";
export { noiseFrom, processFrom } from "../model/corruption.ts";
export type { Manifest, MeasureDescription } from "../model/manifest.ts";
export { corrupted, type Model } from "../model/model.ts";
export { freshData, type ModelData, modelMeasures, searchData } from "../model/model-measures.ts";
export type { ModelSpace } from "../model/model-space.ts";
export { decode, encode, parseTemplate } from "../model/text.ts";
export type { TextCodec } from "../model/text-codec.ts";
export { readChainFile } from "./chain-file.ts";
export {
  loadContinuousModel,
  readContinuousManifest,
  shippedContinuousModels,
} from "./continuous-model.ts";
export type { Pace } from "./jobs/choose-team.ts";
export type { JobMethod, JobModel, SampleJob } from "./jobs/job.ts";
export type { JobSettings } from "./jobs/job-rows.ts";
export { type Layout, sampleInWorkers, type WorkerOptions } from "./jobs/sample-in-workers.ts";
export type { JobRows } from "./jobs/sample-range.ts";
export type { FileSettings, FinishedJob } from "./jobs/sample-to-file.ts";
export { sampleToFile } from "./jobs/sample-to-file.ts";
export { readManifest } from "./manifest.ts";
export { loadModel, shippedModels } from "./model.ts";
export { modelSpace } from "./model-folder.ts";
export { readContinuousPlan, readPlan, writePlan } from "./plan-file.ts";
export { checkPlace, removeUnfinished, writeFinished } from "./write-file.ts";
export { type PointsFormat, pointsFormat, type WrittenPoints, writePoints } from "./write-points.ts";
export { type SamplesFormat, samplesFormat, type WrittenSamples, writeSamples } from "./write-samples.ts";
