import { setMaxListeners } from 'node:events';

/** How a loop is asked to end. */
export type Stop = {
  /** Aborted at once: nothing more is begun. */
  asked: AbortSignal;
  /** Aborted a while later: what still hangs is given up. */
  overdue: AbortSignal;
  ask(): void;
};

/** A process has 25 s to end, and a step that hangs would take up to 30. */
const GRACE_MS = 12_000;

export function createStop(graceMs = GRACE_MS): Stop {
  const asked = new AbortController();
  const overdue = new AbortController();
  // Each step under way listens, and there are more of them than Node expects.
  setMaxListeners(0, overdue.signal);
  return {
    asked: asked.signal,
    overdue: overdue.signal,
    ask() {
      asked.abort();
      setTimeout(() => {
        overdue.abort();
      }, graceMs).unref();
    },
  };
}
