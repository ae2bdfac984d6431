import type { Log } from '../log.js';
import { isStoreDown } from '../store/database.js';
import { createBell, type Bell } from './bell.js';

export type Periodic = {
  /** Starts no further run, and waits for the one in hand. */
  stop(): Promise<void>;
};

/**
 * Runs a piece of work in this process, at once and then `everyMs` after its last end, so that it never overlaps itself
 * unless it may. A run that fails is logged, when it is the first of a row that do, and the next one is tried all the same.
 *
 * @param options.abreast how many runs may go on at once, of a work that several can share
 * @param options.bell brings the next run forward when it rings
 * @param work gets a signal that is aborted by `stop`, for work that would take long
 */
export function startPeriodic(
  {
    name,
    everyMs,
    log,
    bell = createBell(),
    abreast = 1,
  }: { name: string; everyMs: number; log: Log; bell?: Bell; abreast?: number },
  work: (stopping: AbortSignal) => Promise<void>,
): Periodic {
  const stopping = new AbortController();
  let failing = false;

  async function runOnce(): Promise<void> {
    try {
      await work(stopping.signal);
      if (failing) log.info({ work: name }, 'periodic work succeeds again');
      failing = false;
    } catch (error) {
      if (stopping.signal.aborted && isAbort(error)) return;
      // A store that is down comes back; anything else wants somebody.
      if (!failing)
        log[isStoreDown(error) ? 'warn' : 'error']({ err: error, work: name }, 'periodic work failed');
      failing = true;
    }
  }

  const goesOn = () => !stopping.signal.aborted;
  async function loop(): Promise<void> {
    while (goesOn()) {
      await runOnce();
      // The bell that a stop rings has woken only those who were resting.
      if (goesOn()) await bell.rest(everyMs);
    }
  }

  const running = Promise.all(Array.from({ length: abreast }, loop));
  return {
    async stop() {
      stopping.abort();
      bell.announce();
      await running;
    },
  };
}

function isAbort(error: unknown): boolean {
  return (error as Error | undefined)?.name === 'AbortError';
}
