import cookieParser from 'cookie-parser';
import { doubleCsrf } from 'csrf-csrf';
import express, { Router, type RequestHandler } from 'express';
import type { Config } from '../config.js';
import { malformed, staleForm } from '../errors.js';

/**
 * Form parsing and CSRF protection by a signed double-submit cookie: every POST must carry, as `_csrf`, the token
 * that its browser holds as a cookie. No session is needed, so visitors cost no writes.
 *
 * Views get the token as `csrfToken()`; calling it sets the cookie.
 */
export function formProtection({ secrets, baseUrl }: Pick<Config, 'secrets' | 'baseUrl'>): Router {
  const secure = baseUrl.startsWith('https:');
  const { generateCsrfToken, validateRequest } = doubleCsrf({
    getSecret: () => [...secrets],
    // There are no sessions on public pages; the __Host- prefix keeps other hosts from planting a cookie.
    getSessionIdentifier: () => 'public',
    cookieName: secure ? '__Host-portal.csrf' : 'portal.csrf',
    cookieOptions: { sameSite: 'lax', path: '/', secure, httpOnly: true },
    getCsrfTokenFromRequest: ({ body }: { body?: Record<string, unknown> }) =>
      typeof body?._csrf === 'string' ? body._csrf : null,
  });

  const offerToken: RequestHandler = (req, res, next) => {
    res.locals.csrfToken = () => generateCsrfToken(req, res);
    next();
  };

  const requireToken: RequestHandler = (req, _res, next) => {
    if (['GET', 'HEAD', 'OPTIONS'].includes(req.method) || validateRequest(req)) next();
    // JSON, files and the like were not read: to call the form stale would send people in circles.
    else next(req.get('Content-Type') && !req.is('urlencoded') ? malformed(415) : staleForm());
  };

  return Router()
    .use(cookieParser())
    .use(express.urlencoded({ extended: false, limit: '32kb', parameterLimit: 50 }))
    .use(offerToken, requireToken);
}
