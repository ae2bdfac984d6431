import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Deps } from '../../deps.js';
import { clientLimit } from '../../http/clientLimit.js';
import { seal, unseal } from '../../sealed.js';
import { openRateLimit } from '../../store/rateLimit.js';

/** As long as a person may take for the second step; after that it counts as one more request. */
const SECONDS = 60 * 60;

type Posted = Record<string, unknown> | undefined;

export type CountedOnce = {
  /** For the hidden field `counted` of the second step. */
  receipt: () => string;
  /** Limits a client like {@link clientLimit}, but lets the second step pass that brings the receipt of the first. */
  limited: RequestHandler;
};

/** A sign-up has two steps, and a client's limit counts it once. A receipt is good for one form. */
export function countedOnce({ config, store }: Pick<Deps, 'config' | 'store'>): CountedOnce {
  const limited = clientLimit(store);
  const receipts = openRateLimit(store, { name: 'receipt', most: 1, seconds: SECONDS });
  return {
    receipt: () => seal(`${Date.now() + SECONDS * 1000} ${randomUUID()}`, 'counted once', config.secrets),
    async limited(req, res, next) {
      const [until = '0', id = ''] = opened((req.body as Posted)?.counted)?.split(' ') ?? [];
      if (Number(until) > Date.now() && (await receipts.take(id)).taken) next();
      else await limited(req, res, next);
    },
  };

  function opened(posted: unknown): string | null {
    return typeof posted === 'string' ? unseal(posted, 'counted once', config.secrets) : null;
  }
}
