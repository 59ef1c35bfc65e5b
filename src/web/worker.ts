export type { CacheLike, CachesLike } from "./kept-files.ts";
export { hasGraphicsCard, type Machine } from "./machine.ts";
export type { Ort } from "./open-session.ts";
export { type ScopeLike, type ServeOptions, serve } from "./serve.ts";
