import { part } from "./element.ts";

/** The lines above the samples: what goes on, and what went wrong. */
export interface Notices {
  /** Said to screen readers too, so not more often than worth hearing. */
  status(text: string): void;
  /** How far loading is, 0 .. 1; undefined: it is over. */
  loading(share: number | undefined): void;
  /** One sentence, or nothing where all is well. */
  problem(cause?: unknown): void;
}

export function notices(): Notices {
  const status = part("status", HTMLElement);
  const problem = part("problem", HTMLElement);
  const loading = part("loading", HTMLProgressElement);
  return {
    status(text) {
      if (status.textContent !== text) status.textContent = text;
    },
    loading(share) {
      loading.hidden = share === undefined;
      if (share !== undefined) loading.value = share;
    },
    problem(cause) {
      problem.textContent = cause === undefined ? "" : sentence(cause);
    },
  };
}

function sentence(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
