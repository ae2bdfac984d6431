import { AsyncResource } from 'node:async_hooks';
import type { RequestHandler } from 'express';
import { clientOf } from './clientLimit.js';

/** More than a whole office has under way; each one that waits takes memory. */
const MOST_WAITING = 200;

const PROBES = new Set(['/healthz', '/readyz']);

type Waiting = { isOver: () => boolean; begin: () => void };

/**
 * Begins at most one request of a client in each turn of the event loop. Pages are rendered in one go, so a client with
 * twenty connections would otherwise have twenty pages made before anybody else's request is looked at. Balancers do not wait: where
 * the proxy is not known, they and everybody behind it are one client.
 */
export function turns(): RequestHandler {
  const waiting = new Map<string, Waiting[]>();

  function beginNext(client: string): void {
    const queue = waiting.get(client) ?? [];
    let next = queue.shift();
    // Nobody reads an answer on a closed connection.
    while (next?.isOver()) next = queue.shift();
    if (!next) {
      waiting.delete(client);
      return;
    }
    setImmediate(beginNext, client);
    next.begin();
  }

  return function takeTurns(req, res, next) {
    if (PROBES.has(req.path)) {
      next();
      return;
    }
    const client = clientOf(req);
    const before = waiting.get(client);
    if (!before) {
      waiting.set(client, []);
      setImmediate(beginNext, client);
      next();
    } else if (before.length < MOST_WAITING) {
      // Bound, since it begins in the turn of another request: the trace is its own.
      const begin = AsyncResource.bind(() => {
        next();
      });
      before.push({ isOver: () => req.socket.destroyed, begin });
    } else {
      // Without a page: to render one is what there are too many of.
      res.status(429).set('Retry-After', '1').type('text').send('Too many requests at once.\n');
    }
  };
}
