import type { NamedPart } from "../make-part.ts";
import type { Manifest } from "../model/manifest.ts";
import type { State } from "../sample.ts";
import type { Job } from "./job.ts";

/** What a network runs on; "exact" is a chain, which needs no runtime. */
export type Provider = "webgpu" | "wasm";

/** How far the files of a model have come. */
export interface LoadProgress {
  /** Bytes of this file so far. */
  readonly loaded: number;
  /** Bytes it has, where the server says. */
  readonly total: number | undefined;
  /** Its name in the manifest. */
  readonly file: string;
}

/** What crosses to the worker about how a model is loaded. */
export interface LoadRequest {
  /** Absolute address of the folder. */
  readonly url: string;
  readonly provider?: Provider;
  readonly threads?: number;
  readonly small?: boolean;
}

/** What is known of a model that the worker holds. */
export interface Loaded {
  readonly model: number;
  readonly manifest: Manifest;
  readonly fingerprint: string;
  readonly provider: Provider | "exact";
}

/** What crosses to the worker about a curve. */
export interface CurveRequest {
  readonly selector?: NamedPart;
  readonly sequences?: number;
  readonly levels?: number;
  readonly seed?: number;
}

/** What crosses to the worker about a schedule's predicted loss. */
export interface NatsRequest {
  /** [steps + 1] reveal counts from 0 to the length. */
  readonly counts: readonly number[];
  readonly selector: NamedPart;
  readonly sequences?: number;
  readonly seed?: number;
}

/** A measure's value on samples. */
export interface MeasuredValue {
  readonly name: string;
  readonly label: string;
  readonly better: string;
  readonly value: number;
  /** Of the value, over sequences; absent for a single sequence. */
  readonly standardError?: number;
  /** What perfect samples of this number would get, where it is known. */
  readonly floor?: number;
}

/** What is asked of the worker. */
export type Task =
  | ({ readonly kind: "load" } & LoadRequest)
  | { readonly kind: "sample"; readonly model: number; readonly job: Job }
  | ({ readonly kind: "curve"; readonly model: number } & CurveRequest)
  | {
      readonly kind: "measure";
      readonly model: number;
      readonly tokens: Int32Array;
      readonly names?: readonly string[];
    }
  | ({ readonly kind: "nats"; readonly model: number } & NatsRequest)
  | { readonly kind: "plan"; readonly model: number; readonly text: string; readonly where: string }
  | { readonly kind: "decode"; readonly model: number; readonly tokens: Int32Array }
  | { readonly kind: "template"; readonly model: number; readonly text: string }
  | { readonly kind: "dispose"; readonly model: number };

/** Page to worker. "more": the reader took a state. "stop": nobody waits for the answer. */
export type Request = { readonly id: number } & (
  | Task
  | { readonly kind: "more" }
  | { readonly kind: "stop" }
);

/** What is told while a task goes on. */
export type Update =
  | { readonly kind: "progress"; readonly value: LoadProgress | number }
  | { readonly kind: "state"; readonly state: State };

/** How a task ends. */
export type End =
  | { readonly kind: "done"; readonly result: unknown }
  | { readonly kind: "failed"; readonly name: string; readonly message: string };

/** Worker to page, under the id of what it answers. */
export type Answer = { readonly id: number } & (Update | End);

/** States of a run that the worker may be ahead of the reader. */
export const AHEAD = 2;
