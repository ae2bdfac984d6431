import { setMaxListeners } from 'node:events';

/** How a loop is told to end. */
export type Stop = {
  /** Aborted at once: begin nothing more. */
  requested: AbortSignal;
  /** Aborted a while later: give up what still hangs. */
  overdue: AbortSignal;
  request(): void;
};

/** A process has 25 s to end, and a step that hangs would take up to 30. */
const GRACE_MS = 12_000;

export function createStop(graceMs = GRACE_MS): Stop {
  const requested = new AbortController();
  const overdue = new AbortController();
  // Each step under way listens, and there are more of them than Node expects.
  setMaxListeners(0, overdue.signal);
  return {
    requested: requested.signal,
    overdue: overdue.signal,
    request() {
      requested.abort();
      setTimeout(() => {
        overdue.abort();
      }, graceMs).unref();
    },
  };
}
