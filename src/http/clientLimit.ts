import type { Request, RequestHandler } from 'express';
import { CompiledQuery } from 'kysely';
import {
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRes,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible';
import { tooManyRequests } from '../errors.js';
import type { Store } from '../store/database.js';

/** Generous: a whole office signs up from behind one address. */
const POSTS = 120;
const PER_SECONDS = 10 * 60;

/** Limits what one client may post. */
export function clientLimit(store: Store): RequestHandler {
  const limiter = createLimiter(store);
  return async function limitClient(req, _res, next) {
    try {
      await limiter.consume(clientAddress(req));
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) throw tooManyRequests(Math.ceil(refusal.msBeforeNext / 1000));
      throw refusal;
    }
    next();
  };
}

/** Counts in the store, and so together for all instances; in memory where one process has the store to itself. */
function createLimiter({ db, exclusive }: Store): RateLimiterAbstract {
  const limit = { keyPrefix: 'client', points: POSTS, duration: PER_SECONDS };
  if (exclusive) return new RateLimiterMemory(limit);
  return new RateLimiterPostgres({
    ...limit,
    storeClient: {
      query: ({ text, values }: { text: string; values: unknown[] }) =>
        db.executeQuery(CompiledQuery.raw(text, values)),
    },
    storeType: 'client',
    tableName: 'rate_limit',
    tableCreated: true,
    // A client that is over its limit costs no further writes.
    inMemoryBlockOnConsumed: POSTS,
    clearExpiredByTimeout: true,
  });
}

/** Azure's front end writes `address:port` into X-Forwarded-For; with the port every connection would be a new client. */
export function clientAddress({ ip = '' }: Pick<Request, 'ip'>): string {
  const bracketed = /^\[([^\]]+)\](:\d+)?$/.exec(ip);
  if (bracketed?.[1]) return bracketed[1];
  return /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(ip)?.[1] ?? ip;
}
