import { tooManySignUps } from '../errors.js';
import type { Log } from '../log.js';
import type { Store } from './database.js';
import { openRateLimit } from './rateLimit.js';

/**
 * An instance draws from the common allowance in slices, so that nine sign-ups of ten do not ask the store: a row that each
 * of them changed would be a round trip more, and one for which they all queue up. What is left of a slice when its minute is
 * over is lost, at most nine an instance: the allowance is never exceeded, only not quite used.
 */
const SLICE = 10;
const SECONDS = 60;

export type Brake = {
  /** Counts a sign-up. @throws {PublicError} `tooManySignUps` when this minute's are used up */
  take(): Promise<void>;
};

/**
 * The most sign-ups a minute over all instances, from wherever they come. Everything else that a stranger can bring about
 * hangs on one of them.
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
    if (Date.now() > warnedUntil) log.warn({ perMinute }, 'more sign-ups than may be: they are turned away');
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
