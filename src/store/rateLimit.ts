import { CompiledQuery } from 'kysely';
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Store } from './database.js';

export type RateLimit = {
  /**
   * Takes `points` of a key's allowance. Rejects when the store does not answer: a limit that cannot be kept lets nobody pass.
   *
   * @returns how many milliseconds the period goes on, and whether they were taken
   */
  take(key: string, points?: number): Promise<{ taken: boolean; msLeft: number }>;
};

/**
 * Allows `points` a key in `seconds`, which begin with the first. Counts in the store, and so together for all instances; in
 * memory where one process has the store to itself.
 */
export function openRateLimit(
  { db, exclusive }: Pick<Store, 'db' | 'exclusive'>,
  { name, points, seconds }: { name: string; points: number; seconds: number },
): RateLimit {
  const limit = { keyPrefix: name, points, duration: seconds };
  const limiter = exclusive
    ? new RateLimiterMemory(limit)
    : new RateLimiterPostgres({
        ...limit,
        storeClient: {
          query: ({ text, values }: { text: string; values: unknown[] }) =>
            db.executeQuery(CompiledQuery.raw(text, values)),
        },
        storeType: 'client',
        tableName: 'rate_limit',
        tableCreated: true,
        // A key whose allowance is used up costs no further writes.
        inMemoryBlockOnConsumed: points,
        // Rows that limit nothing any more are removed every five minutes.
        clearExpiredByTimeout: true,
      });
  return {
    async take(key, take = 1) {
      try {
        const { msBeforeNext } = await limiter.consume(key, take);
        return { taken: true, msLeft: msBeforeNext };
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return { taken: false, msLeft: refusal.msBeforeNext };
        throw refusal;
      }
    },
  };
}
