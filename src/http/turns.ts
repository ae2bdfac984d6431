import type { NextFunction, RequestHandler } from 'express';
import { clientOf } from './clientLimit.js';

/**
 * Begins at most one request of a client in each turn of the event loop. Pages are rendered in one go, so whoever asks over twenty
 * connections would otherwise have twenty pages made before anybody else's request is looked at.
 */
export function turns(): RequestHandler {
  const waiting = new Map<string, NextFunction[]>();

  function begin(client: string, next: NextFunction): void {
    next();
    setImmediate(beginNext, client);
  }

  function beginNext(client: string): void {
    const next = waiting.get(client)?.shift();
    if (next) begin(client, next);
    else waiting.delete(client);
  }

  return function takeTurns(req, _res, next) {
    const client = clientOf(req);
    const before = waiting.get(client);
    if (before) before.push(next);
    else {
      waiting.set(client, []);
      begin(client, next);
    }
  };
}
