import type { RequestHandler, Response } from 'express';
import helmet from 'helmet';
import type { Config } from '../config.js';

/** Headers of every answer, errors included. Nothing inline, nothing from elsewhere, nothing framed. */
export function securityHeaders({ baseUrl }: Pick<Config, 'baseUrl'>): RequestHandler {
  const secure = baseUrl.startsWith('https:');
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        ...(secure && { upgradeInsecureRequests: [] }),
      },
    },
    strictTransportSecurity: secure && { maxAge: 63_072_000, includeSubDomains: true },
    frameguard: { action: 'deny' },
    // The address of a status page is a secret.
    referrerPolicy: { policy: 'no-referrer' },
  });
}

/** Lets a page show images of one more origin; only ever one that the policy names. */
export function allowImages(res: Response, origin: string): void {
  const policy = String(res.get('Content-Security-Policy'));
  res.set(
    'Content-Security-Policy',
    policy.replace('img-src ', (directive) => `${directive}${origin} `),
  );
}

/** Pages are personal, or carry a form's token: no cache keeps a copy. */
export const neverStored: RequestHandler = function neverStored(_req, res, next) {
  res.set('Cache-Control', 'no-store');
  next();
};

/** Lets a page send its forms on to one more origin. */
export function allowFormTarget(res: Response, origin: string): void {
  const policy = String(res.get('Content-Security-Policy'));
  res.set(
    'Content-Security-Policy',
    policy.replace('form-action ', (directive) => `${directive}${origin} `),
  );
}
