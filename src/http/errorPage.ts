import type { ErrorRequestHandler, RequestHandler } from 'express';
import { malformed, notFound, PublicError, unavailable } from '../errors.js';
import type { Translate } from '../language.js';
import type { Log } from '../log.js';
import { isStoreDown } from '../store/database.js';

export const noSuchPage: RequestHandler = function noSuchPage() {
  throw notFound();
};

/** The only place where an error becomes an answer. Unknown ones show a fixed sentence and the request's id. */
export function errorPage(log: Log): ErrorRequestHandler {
  return function showError(error: unknown, req, res, next) {
    const known = toPublicError(error);
    if (known.status >= 500) log.error({ err: error, httpRequestId: req.id }, 'request failed');
    if (res.headersSent) {
      next(error);
      return;
    }
    if (known.retryAfterSeconds !== undefined) res.set('Retry-After', String(known.retryAfterSeconds));
    const t = res.locals.t as Translate;
    const values = {
      minutes: Math.ceil((known.retryAfterSeconds ?? 0) / 60),
      count: known.retryAfterSeconds ?? 0,
    };
    const title = t(`error.${known.id}.title`);
    const text = t(`error.${known.id}.text`, values);
    res.status(known.status);
    if (req.accepts(['html', 'json']) === 'json') {
      res.json({ error: { id: known.id, message: text, requestId: req.id } });
      return;
    }
    res.render('error', { title, text, requestId: known.status >= 500 ? req.id : null });
  };
}

function toPublicError(error: unknown): PublicError {
  if (error instanceof PublicError) return error;
  if (isStoreDown(error)) return unavailable();
  // What Express and its body parser throw for a request that cannot be read.
  const { status } = error as { status?: unknown };
  if (status === 413) return new PublicError('tooLarge', 413);
  if (typeof status === 'number' && status >= 400 && status < 500) return malformed(status);
  return new PublicError('internal', 500);
}
