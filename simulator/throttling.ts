// Microsoft's limits for identity and access, per app and tenant: a bucket of resource units and one of writes.
// Source: learn.microsoft.com/graph/throttling-limits and its identity and access page.

type Bucket = { level: number; filledAt: number };
export type Throttle = {
  units: Bucket;
  writes: Bucket;
  /** How many calls were answered with 429. */
  refused: number;
};
export type Limits = { resourceUnitsPer10s: number; writesPer150s: number };

export type Spent =
  | { allowed: true; usedShare: number }
  | { allowed: false; retryAfterSeconds: number; reason: 'ResourceUnitLimitExceeded' | 'WriteLimitExceeded' };

/** Full buckets; `Infinity` becomes the limit when the bucket is first used. */
export function createThrottle(): Throttle {
  return {
    units: { level: Infinity, filledAt: Date.now() },
    writes: { level: Infinity, filledAt: Date.now() },
    refused: 0,
  };
}

/** Takes a call's cost out of the buckets, or says how long to wait; a refused call costs nothing. */
export function spend(throttle: Throttle, limits: Limits, cost: { units: number; write: boolean }): Spent {
  const now = Date.now();
  const perUnit = { most: limits.resourceUnitsPer10s, inSeconds: 10 };
  const perWrite = { most: limits.writesPer150s, inSeconds: 150 };
  const unitsWait = refill(throttle.units, perUnit, cost.units, now);
  const writesWait = refill(throttle.writes, perWrite, cost.write ? 1 : 0, now);
  if (unitsWait > 0 || writesWait > 0) {
    throttle.refused += 1;
    const reason = unitsWait >= writesWait ? 'ResourceUnitLimitExceeded' : 'WriteLimitExceeded';
    return { allowed: false, retryAfterSeconds: Math.max(unitsWait, writesWait), reason };
  }
  throttle.units.level -= cost.units;
  if (cost.write) throttle.writes.level -= 1;
  return { allowed: true, usedShare: 1 - throttle.units.level / limits.resourceUnitsPer10s };
}

/** How much is left in the buckets, and how many calls were refused. */
export function describeThrottle(throttle: Throttle, limits: Limits) {
  const { refused, units, writes } = throttle;
  const now = Date.now();
  refill(units, { most: limits.resourceUnitsPer10s, inSeconds: 10 }, 0, now);
  refill(writes, { most: limits.writesPer150s, inSeconds: 150 }, 0, now);
  return { refused, unitsLeft: units.level, writesLeft: writes.level };
}

/** Resource units of one call: the resource's own cost, less for `$select` and a small `$top`, never under 1. */
export function resourceUnits(base: number, query: URLSearchParams): number {
  const fewer = (query.has('$select') ? 1 : 0) + (Number(query.get('$top') ?? Infinity) < 20 ? 1 : 0);
  return Math.max(1, base - fewer + (query.has('$expand') ? 1 : 0));
}

/** Lets the bucket fill up to now; returns the seconds until it holds `cost`, 0 when it does. */
function refill(
  bucket: Bucket,
  { most, inSeconds }: { most: number; inSeconds: number },
  cost: number,
  now: number,
): number {
  const gained = ((now - bucket.filledAt) / 1000) * (most / inSeconds);
  bucket.level = Math.min(Math.max(most, cost), bucket.level + gained);
  bucket.filledAt = now;
  return bucket.level >= cost ? 0 : ((cost - bucket.level) * inSeconds) / most;
}
