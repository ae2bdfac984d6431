import type { ErrorRequestHandler, RequestHandler } from 'express';
import { malformed, notFound, PublicError, unavailable } from '../errors.js';
import type { Translate } from '../language.js';
import type { Log } from '../log.js';
import { isStoreDown } from '../store/database.js';

/** After these the browser has no form any more to which it could go back. */
const LOSING = new Set(['staleForm', 'signedOutMeanwhile', 'signInRequired']);
/** What forms hold besides what somebody has typed. */
const NOT_TYPED = new Set(['_csrf', 'base', 'version', 'edits', 'back', 'action', 'request', 'terms']);

export const noSuchPage: RequestHandler = function noSuchPage() {
  throw notFound();
};

/** The only place where an error becomes an answer. Unknown ones show a fixed sentence and the request's id. */
export function errorPage(log: Log): ErrorRequestHandler {
  return function showError(error: unknown, req, res, next) {
    if (isBrokenOff(error)) {
      // Whoever downloaded something has gone away: the request's own line says so, and nobody is left to answer.
      res.destroy();
      return;
    }
    const known = toPublicError(error);
    if (known.status >= 500) log.error({ err: error, httpRequestId: req.id }, 'request failed');
    if (res.headersSent) {
      next(error);
      return;
    }
    if (known.retryAfterSeconds !== undefined) res.set('Retry-After', String(known.retryAfterSeconds));
    const t = res.locals.t as Translate | undefined;
    if (!t) {
      // It went wrong before a language was chosen: an asset that cannot be read.
      res.sendStatus(known.status);
      return;
    }
    const values = { count: Math.ceil((known.retryAfterSeconds ?? 0) / 60) };
    const title = t(`error.${known.id}.title`);
    const text = t(`error.${known.id}.text`, values);
    res.status(known.status);
    if (req.accepts(['html', 'json']) === 'json') {
      res.json({ error: { id: known.id, message: text, requestId: req.id } });
      return;
    }
    const page = {
      id: known.id,
      title,
      text,
      requestId: known.status >= 500 ? req.id : null,
      typed: LOSING.has(known.id) ? typedIn(req.body) : [],
    };
    // Those who work in the admin area stay there.
    const view = res.locals.access && res.locals.htmxConfig ? 'admin/error' : 'error';
    res.render(view, page, (failure: Error | null, html?: string) => {
      if (failure) log.error({ err: failure, httpRequestId: req.id }, 'error page failed');
      // Express would show the failure's stack.
      if (html === undefined) res.sendStatus(known.status);
      else res.send(html);
    });
  };
}

/** What somebody had typed into a form that cannot be taken, so that it can at least be copied. */
function typedIn(body: unknown): { name: string; value: string }[] {
  return Object.entries((body ?? {}) as Record<string, unknown>)
    .filter(([name]) => !NOT_TYPED.has(name))
    .flatMap(([name, value]) => (typeof value === 'string' && value !== '' ? [{ name, value }] : []));
}

function isBrokenOff(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'ERR_STREAM_PREMATURE_CLOSE';
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
