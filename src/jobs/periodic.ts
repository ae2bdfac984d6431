import type { Log } from '../log.js';
import { isStoreDown } from '../store/database.js';
import { createBell, type Bell } from './bell.js';
import type { Pulses } from './pulses.js';
import { createStop, type Stop } from './stop.js';

export type Periodic = {
  /** Starts no further run, and waits for the present one. */
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
 * Runs work in this process, at once and then `everyMs` after the end of the last run. A failed run is logged unless the one
 * before failed too, and the next run is tried all the same.
 *
 * @param options.abreast how many runs may go on at once, for work that several can share
 * @param options.bell starts the next run early when it rings
 * @param options.pulses where the loop shows that it is alive; long work calls `beat`
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
      // A store that is down comes back; anything else needs an operator.
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
      // The bell of a stop wakes only loops that rest already.
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
