import type { Log } from '../log.js';
import { insertPause } from '../store/pauses.js';
import type { Db } from '../store/schema.js';

/**
 * What steps depend on, besides the directory: `mail`, `group:crm`, `app:wiki`. A target that hangs takes up a worker's place for
 * the whole deadline, so it gets half of the places at most, and a rest after several time-outs.
 *
 * `graph` stands for the directory itself: every request needs it, so it has no such limit and gets no rest.
 */
export type Targets = {
  /** Takes a place. Returns what gives it back; null when the target has all that it may have. */
  enter: (target: string) => (() => void) | null;
  answered: (target: string) => void;
  /** Lets a target rest, for all instances, when it has timed out several times in a row. */
  timedOut: (target: string) => Promise<void>;
};

const DIRECTORY = 'graph';
const IN_A_ROW = 3;
const FIRST_REST_SECONDS = 30;
const LONGEST_REST_SECONDS = 300;

/** @param places of the worker */
export function createTargets({ db, log, places }: { db: Db; log: Log; places: number }): Targets {
  const taken = new Map<string, number>();
  const streaks = new Map<string, number>();
  const takenBy = (target: string) => taken.get(target) ?? 0;
  return {
    enter(target) {
      if (target === DIRECTORY) return () => undefined;
      if (takenBy(target) >= places / 2) return null;
      taken.set(target, takenBy(target) + 1);
      return () => void taken.set(target, takenBy(target) - 1);
    },
    answered: (target) => void streaks.delete(target),
    async timedOut(target) {
      if (target === DIRECTORY) return;
      const streak = (streaks.get(target) ?? 0) + 1;
      streaks.set(target, streak);
      if (streak < IN_A_ROW) return;
      const seconds = Math.min(LONGEST_REST_SECONDS, FIRST_REST_SECONDS * 2 ** (streak - IN_A_ROW));
      log.warn(
        { target, timeouts: streak, seconds },
        'a target keeps timing out and is left alone for a while',
      );
      await insertPause(db, target, seconds);
    },
  };
}
