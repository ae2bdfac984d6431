import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { codeOf } from '../codeOf.js';
import { malformed, notFound, PublicError, unavailable } from '../errors.js';
import type { Translate } from '../language.js';
import type { Log } from '../log.js';
import { isStoreDown } from '../store/database.js';

/** After these the browser has no form any more to which it could go back. */
const LOSING = new Set([
  'staleForm',
  'signedOutMeanwhile',
  'signInRequired',
  'tenantSignInOver',
  'tooManyRequests',
  'tooManySignUps',
]);
/** After these there is nothing to see before a sign-in. */
const SIGNED_OUT = new Set(['signedOutMeanwhile', 'signInRequired', 'signInFailed']);
/** Fields of forms that nobody types into. */
const NOT_TYPED = new Set([
  '_csrf',
  'base',
  'version',
  'edits',
  'back',
  'action',
  'request',
  'terms',
  'begun',
  'website',
  'useSuggestion',
  'code',
  'state',
  'seenAt',
  'list',
  'choose',
  'app',
  'group',
]);
/** Where the sign-up form goes, and its fields, which have labels: `form.<name>.label`. */
const SIGN_UP_FORMS = new Set(['/sign-up', '/verify/form']);
const SIGN_UP_FIELDS = new Set(['email', 'firstName', 'lastName', 'company', 'reason']);
/** What belongs to one request; see `requests/pageToken.ts` for the token. */
const OF_A_REQUEST = /^\/(?:requests|verify\/code|verify\/tenant)\/([\w-]{22})(?:\/|$)/;

export const noSuchPage: RequestHandler = function noSuchPage() {
  throw notFound();
};

/** Shows the form again that was sent, with what was typed, in place of an error page. @returns whether it did */
export type FormAgain = (
  req: Request,
  res: Response,
  error: { id: string; title: string; text: string },
) => boolean;

/** The only place where an error becomes an answer. Unknown ones show a fixed sentence and the request's id. */
export function errorPage(log: Log, formAgain: FormAgain): ErrorRequestHandler {
  return function showError(error: unknown, req, res, next) {
    if (codeOf(error) === 'ERR_STREAM_PREMATURE_CLOSE') {
      // The client has gone away during a download: the request's own log line says so.
      res.destroy();
      return;
    }
    const shown = toPublicError(error);
    if (shown.status >= 500) log.error({ err: error, httpRequestId: req.id }, 'request failed');
    if (res.headersSent) {
      next(error);
      return;
    }
    if (shown.retryAfterSeconds !== undefined) res.set('Retry-After', String(shown.retryAfterSeconds));
    const { t, locale, access, htmxConfig } = res.locals as Partial<typeof res.locals>;
    if (!t || !locale) {
      // It went wrong before a language was chosen: an asset that cannot be read.
      res.sendStatus(shown.status);
      return;
    }
    const values = retryIn(shown.retryAfterSeconds ?? 0, locale);
    const title = t(`error.${shown.id}.title`);
    const text = t(`error.${shown.id}.text`, values);
    res.status(shown.status);
    if (req.accepts(['html', 'json']) === 'json') {
      res.json({ error: { id: shown.id, message: text, requestId: req.id } });
      return;
    }
    const quote = shown.status >= 500 ? `${text} ${t('error.quote')} ${req.id}` : text;
    if (formAgain(req, res, { id: shown.id, title, text: quote })) return;
    const page = {
      title,
      text,
      requestId: shown.status >= 500 ? req.id : null,
      typed: LOSING.has(shown.id) ? typedIn(req, t) : [],
      onward: onwardFrom(shown, req, t),
    };
    // Those who work in the admin area stay there.
    const view = access && htmxConfig ? 'admin/error' : 'error';
    res.render(view, page, (failure: Error | null, html?: string) => {
      if (failure) log.error({ err: failure, httpRequestId: req.id }, 'error page failed');
      // Express would show the failure's stack.
      if (html === undefined) res.sendStatus(shown.status);
      else res.send(html);
    });
  };
}

/** For texts that say when to come back: in `count` minutes, at `time`. */
function retryIn(seconds: number, locale: string): { count: number; time: string } {
  const count = Math.ceil(seconds / 60);
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'short', timeZone: 'UTC' });
  // The clock shows no seconds: rounded up, so that people do not come too early.
  const fullMinute = Math.ceil((Date.now() + seconds * 1000) / 60_000) * 60_000;
  return { count, time: `${clock.format(fullMinute)} UTC` };
}

/** What was typed into a form that cannot be accepted, so that people can copy it. */
function typedIn({ path, body }: Request, t: Translate): { label: string; value: string }[] {
  const labelOf = (name: string) =>
    SIGN_UP_FORMS.has(path) && SIGN_UP_FIELDS.has(name) ? t(`form.${name}.label`) : name;
  return Object.entries((body ?? {}) as Record<string, unknown>)
    .filter(([name]) => !NOT_TYPED.has(name))
    .flatMap(([name, value]) =>
      typeof value === 'string' && value !== '' ? [{ label: labelOf(name), value }] : [],
    );
}

/** Where people go on from an error, outside the admin area. */
function onwardFrom(
  { id, status }: PublicError,
  req: Request,
  t: Translate,
): { href: string; label: string } {
  const requestPage = status === 404 ? null : requestPageOf(req);
  if (SIGNED_OUT.has(id)) return { href: '/sign-in', label: t('error.signIn') };
  if (id === 'tenantSignInOver') return { href: '/verify/tenant', label: t('signIn.tenant.offer.button') };
  if (requestPage !== null) return { href: requestPage, label: t('signIn.tenant.back') };
  return { href: '/', label: t('error.back') };
}

/** The status page of the request that the URL belongs to; null for any other URL. */
function requestPageOf({ path }: Request): string | null {
  const token = OF_A_REQUEST.exec(path)?.[1];
  return token === undefined ? null : `/requests/${token}`;
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
