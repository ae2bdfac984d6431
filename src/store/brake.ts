import { tooManySignUps } from '../errors.js';
import type { Log } from '../log.js';
import type { Store } from './database.js';
import { createExpiringMap } from './expiringMap.js';
import { openRateLimit } from './rateLimit.js';

/**
 * An instance takes points from the common allowance ten at a time, so that nine sign-ups of ten need no round trip and do not
 * queue for the same row. The rest of a slice is lost when its minute ends, at most nine points an instance.
 */
const SLICE = 10;
const SECONDS = 60;

export type Brake = {
  /**
   * Counts a sign-up of a registrable domain.
   *
   * @throws {PublicError} `tooManySignUps` when this minute's allowance, or the domain's half of it, is used up
   */
  take(domain: string): Promise<void>;
};

/**
 * Limits the sign-ups a minute over all instances and all clients. Everything else that a stranger can cause begins with one.
 * One domain has half of them, so that its flood leaves the rest to others.
 */
export function createBrake(store: Store, perMinute: number, log: Log): Brake {
  let warnedUntil = 0;
  function turnAway(msLeft: number): never {
    if (Date.now() > warnedUntil) log.warn({ perMinute }, 'too many sign-ups: they are turned away');
    warnedUntil = Date.now() + msLeft;
    throw tooManySignUps(Math.ceil(msLeft / 1000));
  }
  const all = inSlices(store, { name: 'brake', most: perMinute }, turnAway);
  const half = inSlices(store, { name: 'brakeOf', most: Math.ceil(perMinute / 2) }, turnAway);
  return {
    async take(domain) {
      await half(domain);
      await all('sign-ups');
    },
  };
}

type Slice = { left: number };

/** Takes one point of a key's allowance, drawn from the store a slice at a time. */
function inSlices(
  store: Store,
  { name, most }: { name: string; most: number },
  turnAway: (msLeft: number) => never,
): (key: string) => Promise<void> {
  const limit = openRateLimit(store, { name, most, seconds: SECONDS });
  const size = Math.min(SLICE, most);
  const slices = createExpiringMap<Slice>();
  const drawing = new Map<string, Promise<void>>();

  async function draw(key: string): Promise<void> {
    const { taken, msLeft } = await limit.take(key, size);
    if (!taken) turnAway(msLeft);
    slices.set(key, { left: size }, msLeft);
  }

  return async function take(key) {
    for (;;) {
      const slice = slices.get(key)?.value;
      if (slice && slice.left > 0) {
        slice.left--;
        return;
      }
      const underWay = drawing.get(key) ?? draw(key).finally(() => drawing.delete(key));
      drawing.set(key, underWay);
      await underWay;
    }
  };
}
