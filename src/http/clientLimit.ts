import type { RequestHandler } from 'express';
import { tooManyRequests } from '../errors.js';
import type { Store } from '../store/database.js';
import { openRateLimit } from '../store/rateLimit.js';
import { clientOf } from './client.js';

/** Generous: a whole office signs up from behind one address. */
const POSTS = 120;
const PER_SECONDS = 10 * 60;

/** Limits what one client may post, over all pages for which it stands and all instances. */
export function clientLimit(store: Store): RequestHandler {
  const limit = openRateLimit(store, { name: 'client', points: POSTS, seconds: PER_SECONDS });
  return async function limitClient(req, _res, next) {
    const { taken, msLeft } = await limit.take(clientOf(req));
    if (!taken) throw tooManyRequests(Math.ceil(msLeft / 1000));
    next();
  };
}
