import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { pinoHttp } from 'pino-http';
import type { Log } from '../log.js';

/**
 * One line a request, with an id that the answer carries too. It names the route's pattern, never the address:
 * status pages are secret.
 */
export function requestLog(log: Log): RequestHandler {
  return pinoHttp({
    logger: log,
    genReqId(_req, res) {
      const id = randomUUID();
      res.setHeader('X-Request-Id', id);
      return id;
    },
    quietReqLogger: true,
    customAttributeKeys: { reqId: 'httpRequestId' },
    serializers: { req: () => undefined, res: () => undefined, err: () => undefined },
    customLogLevel: (_req, res) => (res.statusCode >= 500 ? 'warn' : 'info'),
    customProps: (req, res) => ({
      method: req.method,
      route: ((req as Request).route as { path?: string } | undefined)?.path ?? null,
      status: res.statusCode,
    }),
  });
}
