import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import type { Log } from '../log.js';

declare module 'express-serve-static-core' {
  interface Request {
    /** Given to the answer as X-Request-Id, and to every log line about it. */
    id: string;
  }
}

/**
 * One line a request, with an id that the answer carries too. It names the route's pattern, never the address:
 * status pages are secret.
 *
 * pino-http writes the same line, but its loggers for each request cost a seventh of what a page takes (bench/).
 */
export function requestLog(log: Log): RequestHandler {
  return function logRequest(req, res, next) {
    const began = performance.now();
    req.id = randomUUID();
    res.setHeader('X-Request-Id', req.id);
    res.once('close', () => {
      const line = {
        httpRequestId: req.id,
        method: req.method,
        route: routeOf(req),
        status: res.statusCode,
        ms: Math.round(performance.now() - began),
      };
      if (!res.writableFinished) log.info(line, 'request broken off');
      else if (res.statusCode >= 500) log.warn(line, 'request failed');
      else log.info(line, 'request');
    });
    next();
  };
}

function routeOf({ route }: Request): string | null {
  return (route as { path?: string } | undefined)?.path ?? null;
}
