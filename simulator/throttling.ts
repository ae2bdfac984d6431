// Microsoft's limits for identity and access, per app and tenant: a bucket of resource units and one of writes.
// Source: learn.microsoft.com/graph/throttling-limits and its identity and access page.

export type Bucket = { level: number; filledAt: number };
export type Throttle = { units: Bucket; writes: Bucket };
export type Limits = { resourceUnitsPer10s: number; writesPer150s: number };

export type Spent =
  | { allowed: true; usedShare: number }
  | { allowed: false; retryAfterSeconds: number; reason: 'ResourceUnitLimitExceeded' | 'WriteLimitExceeded' };

const UNITS_WINDOW = 10;
const WRITES_WINDOW = 150;

/** Full buckets; `Infinity` becomes the limit when the bucket is first used. */
export function createThrottle(): Throttle {
  return {
    units: { level: Infinity, filledAt: Date.now() },
    writes: { level: Infinity, filledAt: Date.now() },
  };
}

/** Takes a call's cost out of the buckets, or says how long to wait; a refused call costs nothing. */
export function spend(throttle: Throttle, limits: Limits, cost: { units: number; write: boolean }): Spent {
  const now = Date.now();
  const unitsWait = refill(throttle.units, limits.resourceUnitsPer10s, UNITS_WINDOW, cost.units, now);
  const writesWait = refill(throttle.writes, limits.writesPer150s, WRITES_WINDOW, cost.write ? 1 : 0, now);
  if (unitsWait > 0 || writesWait > 0) {
    const reason = unitsWait >= writesWait ? 'ResourceUnitLimitExceeded' : 'WriteLimitExceeded';
    return { allowed: false, retryAfterSeconds: Math.max(unitsWait, writesWait), reason };
  }
  throttle.units.level -= cost.units;
  if (cost.write) throttle.writes.level -= 1;
  return { allowed: true, usedShare: 1 - throttle.units.level / limits.resourceUnitsPer10s };
}

/** Resource units of one call: the resource's own cost, less for `$select` and a small `$top`, never under 1. */
export function resourceUnits(base: number, query: URLSearchParams): number {
  const fewer = (query.has('$select') ? 1 : 0) + (Number(query.get('$top') ?? Infinity) < 20 ? 1 : 0);
  return Math.max(1, base - fewer + (query.has('$expand') ? 1 : 0));
}

/** Lets the bucket fill up to now; returns the seconds until it holds `cost`, 0 when it does. */
function refill(bucket: Bucket, limit: number, windowSeconds: number, cost: number, now: number): number {
  const gained = ((now - bucket.filledAt) / 1000) * (limit / windowSeconds);
  bucket.level = Math.min(Math.max(limit, cost), bucket.level + gained);
  bucket.filledAt = now;
  return bucket.level >= cost ? 0 : ((cost - bucket.level) * windowSeconds) / limit;
}
