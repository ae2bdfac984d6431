import type { Log } from '../log.js';
import { insertPause } from '../store/pauses.js';
import type { Db } from '../store/schema.js';

/** Counts the time-outs of targets (`mail`, `group:crm`, `app:wiki`), because each takes up a worker's place for the whole deadline. */
export type Rests = {
  answered: (target: string) => void;
  /** Lets a target rest, for all instances, when it has timed out several times in a row. */
  timedOut: (target: string) => Promise<void>;
};

const IN_A_ROW = 3;
const FIRST_REST_SECONDS = 30;
const LONGEST_REST_SECONDS = 300;

export function createRests({ db, log }: { db: Db; log: Log }): Rests {
  const streaks = new Map<string, number>();
  return {
    answered: (target) => void streaks.delete(target),
    async timedOut(target) {
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
