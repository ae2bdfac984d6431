import { doubleCsrf } from 'csrf-csrf';
import express, { Router, type Request, type RequestHandler } from 'express';
import type { Config } from '../config.js';
import { malformed, PublicError, signedOutMeanwhile, staleForm, tenantSignInOver } from '../errors.js';
import { uploads } from './upload.js';

type Settings = Pick<Config, 'secrets' | 'baseUrl'>;

/**
 * Form parsing and CSRF protection by a signed double-submit cookie: every POST must carry, as `_csrf`, the token that
 * its browser holds as a cookie. Views get the token as `csrfToken()`; calling it sets the cookie.
 *
 * Public pages have no session, so visitors cost no writes. Where there is one, a token is worth nothing in another
 * session and none after signing out, and forms may be large: a whole policy, or a long list of requests.
 */
export function formProtection(settings: Settings): Router {
  const small = express.urlencoded({
    extended: false,
    limit: READ_AT_MOST,
    parameterLimit: 50,
    verify: noteSize,
  });
  const large = express.urlencoded({ extended: false, limit: '4mb', parameterLimit: 2_000 });
  // The __Host- prefix keeps other hosts from planting a cookie.
  const [offerPublic, requirePublic] = doubleSubmit(settings, 'portal.csrf', () => 'public');
  const [offerOwn, requireOwn] = doubleSubmit(settings, 'portal.csrf.session', ({ sessionID }) => sessionID);
  return (
    Router()
      // Before the body is read: one that cannot be has an answer with a form too.
      .use(offerPublic)
      .use(offerForLanguage)
      .use(choose(hasSession, offerOwn, pass))
      .use(choose(isSignedIn, large, small))
      .use(uploads((req) => isSignedIn(req) && req.method === 'POST' && TAKES_FILES.has(req.path)))
      .use(refuseLarge)
      .use(choose(hasSession, requireOwn, requirePublic))
  );
}

/** The forms that have a file. */
const TAKES_FILES = new Set(['/admin/bulk']);

/** More than any form of ours takes. What is larger is still read up to a limit, so that it can be shown again and shortened. */
const TAKEN_AT_MOST = 32 * 1024;
const READ_AT_MOST = 8 * TAKEN_AT_MOST;
const tooLarge = new WeakSet<object>();

function noteSize(req: object, _res: unknown, body: Buffer): void {
  if (body.length > TAKEN_AT_MOST) tooLarge.add(req);
}

const refuseLarge: RequestHandler = (req, _res, next) => {
  next(tooLarge.has(req) ? new PublicError('tooLarge', 413) : undefined);
};

const pass: RequestHandler = (_req, _res, next) => {
  next();
};

/** The language switch posts to one path from every page, so it needs the public token also where there is a session. */
const offerForLanguage: RequestHandler = (_req, res, next) => {
  res.locals.languageToken = res.locals.csrfToken;
  next();
};

/** Set where `app.ts` mounts sessions, and only there. */
function hasSession(req: Request): boolean {
  return (req.session as Request['session'] | undefined) !== undefined;
}

function isSignedIn(req: Request): boolean {
  return hasSession(req) && req.session.person !== undefined;
}

/** A partner's people cannot sign in again in the admin area, so each kind of session has its own error. */
function sessionOver({ path, session }: Request): Error {
  if (!path.startsWith('/verify/')) return signedOutMeanwhile();
  return path === '/verify/form' && !session.tenantIdentity ? tenantSignInOver() : staleForm();
}

function choose(
  which: (req: Request) => boolean,
  then: RequestHandler,
  otherwise: RequestHandler,
): RequestHandler {
  return (req, res, next) => {
    void (which(req) ? then : otherwise)(req, res, next);
  };
}

function doubleSubmit(
  { secrets, baseUrl }: Settings,
  cookie: string,
  sessionOf: (req: Request) => string,
): [offerToken: RequestHandler, requireToken: RequestHandler] {
  const secure = baseUrl.startsWith('https:');
  const { generateCsrfToken, validateRequest } = doubleCsrf({
    getSecret: () => [...secrets],
    getSessionIdentifier: sessionOf,
    cookieName: secure ? `__Host-${cookie}` : cookie,
    cookieOptions: { sameSite: 'lax', path: '/', secure, httpOnly: true },
    getCsrfTokenFromRequest: ({ body }: { body?: Record<string, unknown> }) =>
      typeof body?._csrf === 'string' ? body._csrf : null,
  });

  const offerToken: RequestHandler = (req, res, next) => {
    // All forms of a page carry the same one: each new token would replace the cookie of those before it.
    let token: string | undefined;
    res.locals.csrfToken = () => (token ??= generateCsrfToken(req, res));
    next();
  };

  const requireToken: RequestHandler = (req, _res, next) => {
    if (['GET', 'HEAD', 'OPTIONS'].includes(req.method) || validateRequest(req)) next();
    // JSON and the like were not read: to call the form stale would send people in circles.
    else if (req.get('Content-Type') && req.body === undefined) next(malformed(415));
    else next(hasSession(req) && !isSignedIn(req) ? sessionOver(req) : staleForm());
  };

  return [offerToken, requireToken];
}
