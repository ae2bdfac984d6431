import type { Log } from '../log.js';
import { isStoreDown } from '../store/database.js';
import { createBell, type Bell } from './bell.js';
import type { Pulses } from './pulses.js';
import { createStop, type Stop } from './stop.js';

export type Periodic = {
  /** Starts no further run, and waits for the one in hand. */
  stop(): Promise<void>;
};

export type PeriodicOptions = {
  name: string;
  everyMs: number;
  log: Log;
  bell?: Bell;
  abreast?: number;
  pulses?: Pulses;
};

export type PeriodicWork = (stop: Stop, beat: () => void) => Promise<void>;

/**
 * Runs a piece of work in this process, at once and then `everyMs` after its last end, so that it never overlaps itself
 * unless it may. A run that fails is logged when the one before did not fail, and the next one is tried all the same.
 *
 * @param options.abreast how many runs may go on at once, of a work that several can share
 * @param options.bell brings the next run forward when it rings
 * @param options.pulses where the loop shows that it goes round; its work calls `beat` when a run takes long
 */
export function startPeriodic(
  { name, everyMs, log, bell = createBell(), abreast = 1, pulses }: PeriodicOptions,
  work: PeriodicWork,
): Periodic {
  const stop = createStop();
  let failing = false;

  async function runOnce(beat: () => void): Promise<void> {
    try {
      await work(stop, beat);
      if (failing) log.info({ work: name }, 'periodic work succeeds again');
      failing = false;
    } catch (error) {
      if (stop.requested.aborted && isAbort(error)) return;
      // A store that is down comes back; anything else wants somebody.
      if (!failing)
        log[isStoreDown(error) ? 'warn' : 'error']({ err: error, work: name }, 'periodic work failed');
      failing = true;
    }
  }

  const goesOn = () => !stop.requested.aborted;
  async function loop(): Promise<void> {
    const pulse = pulses?.begin(name);
    while (goesOn()) {
      pulse?.beat();
      await runOnce(() => pulse?.beat());
      // The bell that a stop rings wakes only those that rest.
      if (goesOn()) await bell.rest(everyMs);
    }
    pulse?.end();
  }

  const running = Promise.all(Array.from({ length: abreast }, loop));
  return {
    async stop() {
      stop.request();
      bell.announce();
      await running;
    },
  };
}

function isAbort(error: unknown): boolean {
  return (error as Error | undefined)?.name === 'AbortError';
}
