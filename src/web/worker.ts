export type { CacheLike, CachesLike } from "./kept-files.ts";
export { hasGraphicsCard, type Machine, type Ort } from "./open-session.ts";
export { type ScopeLike, type ServeOptions, serve } from "./serve.ts";
