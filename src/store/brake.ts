import { tooManySignUps } from '../errors.js';
import type { Log } from '../log.js';
import type { Store } from './database.js';
import { openRateLimit } from './rateLimit.js';

/**
 * An instance takes points from the common allowance ten at a time, so that nine sign-ups of ten need no round trip and do not
 * queue for the same row. The rest of a slice is lost when its minute ends, at most nine points an instance.
 */
const SLICE = 10;
const SECONDS = 60;

export type Brake = {
  /** Counts a sign-up. @throws {PublicError} `tooManySignUps` when this minute's allowance is used up */
  take(): Promise<void>;
};

/**
 * Limits the sign-ups a minute over all instances and all clients. Everything else that a stranger can cause begins with one.
 */
export function createBrake(store: Store, perMinute: number, log: Log): Brake {
  const limit = openRateLimit(store, { name: 'brake', most: perMinute, seconds: SECONDS });
  const size = Math.min(SLICE, perMinute);
  let slice = { left: 0, until: 0 };
  let drawing: Promise<void> | null = null;
  let warnedUntil = 0;

  async function draw(): Promise<void> {
    const { taken, msLeft } = await limit.take('sign-ups', size);
    if (taken) {
      slice = { left: size, until: Date.now() + msLeft };
      return;
    }
    if (Date.now() > warnedUntil) log.warn({ perMinute }, 'too many sign-ups: they are turned away');
    warnedUntil = Date.now() + msLeft;
    throw tooManySignUps(Math.ceil(msLeft / 1000));
  }

  return {
    async take() {
      while (slice.left === 0 || slice.until <= Date.now()) {
        drawing ??= draw().finally(() => {
          drawing = null;
        });
        await drawing;
      }
      slice.left--;
    },
  };
}
