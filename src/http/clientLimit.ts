import type { RequestHandler } from 'express';
import { tooManyRequests } from '../errors.js';
import type { Store } from '../store/database.js';
import { openRateLimit } from '../store/rateLimit.js';
import { clientOf, siteOf } from './client.js';

/** Generous: a whole office signs up from behind one address. */
const MOST = 120;
/** One site of IPv6, whatever its size, must not use up what is allowed to all (`brake.ts`). */
const MOST_OF_A_SITE = 4 * MOST;
const PER_SECONDS = 10 * 60;

/**
 * Limits how often one client may ask for what costs something, over all pages for which it stands and all instances.
 *
 * @throws {PublicError} `tooManyRequests`, from the middleware
 */
export function clientLimit(store: Store): RequestHandler {
  const limit = openRateLimit(store, { name: 'client', most: MOST, seconds: PER_SECONDS });
  const siteLimit = openRateLimit(store, { name: 'site', most: MOST_OF_A_SITE, seconds: PER_SECONDS });
  return async function limitClient(req, _res, next) {
    const client = clientOf(req);
    refuseUnless(await limit.take(client));
    const site = siteOf(client);
    if (site !== null) refuseUnless(await siteLimit.take(site));
    next();
  };
}

function refuseUnless({ taken, msLeft }: { taken: boolean; msLeft: number }): void {
  if (!taken) throw tooManyRequests(Math.ceil(msLeft / 1000));
}
