import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Deps } from '../deps.js';

/** The text format (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format). */
const TEXT = 'text/plain; version=0.0.4; charset=utf-8';

/** GET /metrics: figures, for clients with the token. Without a token in the settings there is no such page. */
export function metrics({ config, telemetry }: Pick<Deps, 'config' | 'telemetry'>): RequestHandler {
  const { metricsToken } = config;
  const { prometheus } = telemetry;
  return async (req, res, next) => {
    if (metricsToken === null || prometheus === null) {
      next('route');
      return;
    }
    if (!isSame(bearerOf(req.get('Authorization')), metricsToken)) {
      res
        .status(401)
        .set('WWW-Authenticate', 'Bearer realm="metrics"')
        .type('text/plain')
        .send('Not for you\n');
      return;
    }
    res.set('Content-Type', TEXT).send(await prometheus());
  };
}

function bearerOf(header = ''): string {
  return /^Bearer +(\S+) *$/i.exec(header)?.[1] ?? '';
}

/** In a time that says nothing about how much of it was right, nor how long it is. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
