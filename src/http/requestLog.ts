import { randomUUID } from 'node:crypto';
import { SpanKind, SpanStatusCode, type Span } from '@opentelemetry/api';
import type { Request, RequestHandler, Response } from 'express';
import type { Log } from '../log.js';
import type { Telemetry } from '../telemetry/telemetry.js';

declare module 'express-serve-static-core' {
  interface Request {
    /** Given to the answer as X-Request-Id, and to every log line about it. */
    id: string;
  }
}

type Observed = { log: Log; telemetry: Pick<Telemetry, 'figures' | 'tracing'> };

/**
 * One line a request, with an id that the answer carries too, one figure, and one span. All of them name the route's pattern,
 * never the address: status pages are secret. A trace begins here: what a stranger's `traceparent` says is not believed.
 *
 * pino-http writes the same line, but its loggers for each request cost a seventh of what a page takes (bench/).
 */
export function requestLog({ log, telemetry: { figures, tracing } }: Observed): RequestHandler {
  return function logRequest(req, res, next) {
    const began = performance.now();
    req.id = randomUUID();
    res.setHeader('X-Request-Id', req.id);
    const method = methodOf(req);
    tracing.begin({ name: method, kind: SpanKind.SERVER }, (span) => {
      res.once('close', () => {
        const ms = performance.now() - began;
        const route = routeOf(req);
        const line = {
          httpRequestId: req.id,
          method: req.method,
          route,
          status: res.statusCode,
          ms: Math.round(ms),
          // The socket's event runs outside the span, so the log cannot add this by itself.
          ...(span.isRecording() && { traceId: span.spanContext().traceId }),
        };
        if (!res.writableFinished) log.info(line, 'request broken off');
        else if (res.statusCode >= 500) log.warn(line, 'request failed');
        else log.info(line, 'request');
        const pattern = route ?? (req.originalUrl.startsWith('/assets/') ? '/assets/*' : 'none');
        const status = res.writableFinished ? res.statusCode : null;
        figures.httpRequest({ method, route: pattern, status }, ms / 1000);
        endSpan(span, method, pattern, res);
      });
      next();
    });
  };
}

/** Named as Application Insights expects it (https://opentelemetry.io/docs/specs/semconv/http/http-spans/). */
function endSpan(span: Span, method: string, route: string, { statusCode }: Response): void {
  if (!span.isRecording()) return;
  span.updateName(`${method} ${route}`);
  span.setAttributes({
    'http.request.method': method,
    'http.route': route,
    'http.response.status_code': statusCode,
  });
  if (statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

const METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE'];

/** Of a short list, whatever is sent. */
function methodOf({ method }: Request): string {
  return METHODS.includes(method) ? method : 'other';
}

function routeOf({ route }: Request): string | null {
  return (route as { path?: string } | undefined)?.path ?? null;
}
