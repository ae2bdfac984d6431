import { sql } from 'kysely';
import type { Store } from './database.js';
import type { Db } from './schema.js';

export type RateLimit = {
  /**
   * Takes `points` of a key's allowance. Rejects when the store does not answer: a limit that cannot be kept lets nothing pass.
   *
   * @returns whether the points were taken, and how many milliseconds the period goes on
   */
  take(key: string, points?: number): Promise<{ taken: boolean; msLeft: number }>;
};

type Limit = { name: string; most: number; seconds: number };

/**
 * Allows a key `most` points in `seconds`, from the first point on. It counts in the store for all instances together, and in
 * memory where one process has the store to itself.
 */
export function openRateLimit({ db, exclusive }: Pick<Store, 'db' | 'exclusive'>, limit: Limit): RateLimit {
  return exclusive ? countInMemory(limit) : countInStore(db, limit);
}

function countInMemory({ most, seconds }: Limit): RateLimit {
  const counts = createExpiringMap<number>();
  return {
    take(key, points = 1) {
      const { value: before, msLeft } = counts.get(key) ?? { value: 0, msLeft: seconds * 1000 };
      counts.set(key, before + points, msLeft);
      return Promise.resolve({ taken: before + points <= most, msLeft });
    },
  };
}

function countInStore(db: Db, { name, most, seconds }: Limit): RateLimit {
  // A key whose allowance is used up costs no further writes.
  const usedUp = createExpiringMap<true>();
  return {
    async take(key, points = 1) {
      const over = usedUp.get(key);
      if (over) return { taken: false, msLeft: over.msLeft };
      const { used, msLeft } = await addPoints(db, `${name}:${key}`, { points, most, ms: seconds * 1000 });
      const taken = used <= most;
      if (!taken) usedUp.set(key, true, msLeft);
      return { taken, msLeft };
    },
  };
}

/** Milliseconds since 1970 by the database's clock, which all instances share. */
const NOW = sql<number>`(extract(epoch from statement_timestamp()) * 1000)::bigint`;

/** Adds points to a key. Returns the points used, at most one more than `most`, and how many milliseconds they count. */
async function addPoints(
  db: Db,
  key: string,
  { points, most, ms }: { points: number; most: number; ms: number },
) {
  const { rows } = await sql<{ used: number; msLeft: number }>`
    insert into rate_limit as held (key, points, expire) values (${key}, ${Math.min(points, most + 1)}::integer, ${NOW} + ${ms}::bigint)
    on conflict (key) do update set
      points = case
        when held.expire <= ${NOW} then excluded.points
        else least(held.points + excluded.points, ${most + 1}::integer)
      end,
      -- A row never counts for longer than a period, whichever clock wrote it.
      expire = case when held.expire <= ${NOW} then excluded.expire else least(held.expire, excluded.expire) end
    returning points as used, (expire - ${NOW})::float8 as "msLeft"`.execute(db);
  const [row] = rows;
  if (!row) throw new Error('A limit was not counted');
  return row;
}

/** Removes the rows whose period is over. */
export async function deleteSpentLimits(db: Db): Promise<void> {
  await sql`delete from rate_limit where expire <= ${NOW}`.execute(db);
}

export type ExpiringMap<Value> = {
  get(key: string): { value: Value; msLeft: number } | undefined;
  /** Keeps a value for `ms` milliseconds, in the place of the one before. */
  set(key: string, value: Value, ms: number): void;
  /** How many entries take up room, expired ones included. */
  size(): number;
};

/** With so few entries, expired ones are not looked for. */
const FEW = 1_000;

/**
 * A map whose entries expire by a monotonic clock. Expired ones are removed when there are twice as many entries as after the
 * last removal.
 */
export function createExpiringMap<Value>(): ExpiringMap<Value> {
  const entries = new Map<string, { value: Value; until: number }>();
  let roomFor = FEW;

  function removeExpired(): void {
    const now = performance.now();
    for (const [key, { until }] of entries) if (until <= now) entries.delete(key);
    roomFor = Math.max(FEW, 2 * entries.size);
  }

  return {
    get(key) {
      const entry = entries.get(key);
      const msLeft = entry ? entry.until - performance.now() : 0;
      return entry && msLeft > 0 ? { value: entry.value, msLeft } : undefined;
    },
    set(key, value, ms) {
      entries.set(key, { value, until: performance.now() + ms });
      if (entries.size > roomFor) removeExpired();
    },
    size: () => entries.size,
  };
}
