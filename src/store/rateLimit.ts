import { sql } from 'kysely';
import type { Store } from './database.js';
import { createExpiringMap } from './expiringMap.js';
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
