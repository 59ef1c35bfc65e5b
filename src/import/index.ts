export { type FetchedCheckpoint, type FetchOptions, fetchCheckpoint } from "./hub/fetch-checkpoint.ts";
export { type Hub, hubFrom, type Patience } from "./hub/hub.ts";
export { type Imported, type ImportOptions, importFolder } from "./import-folder.ts";
export { type ImportedOnnx, importOnnx, type OnnxImportOptions } from "./import-onnx.ts";
export type { WeightFormatName } from "./weight-formats/weight-format.ts";
