import type { CookieOptions, Request, Response } from 'express';
import type { Config } from '../config.js';
import { DAY_MS } from '../days.js';
import { drawToken, hashToken, isToken } from '../token.js';

/** As long as an approver may take: the applicant's browser is shown what the approver decided. */
const MAX_AGE_MS = 30 * DAY_MS;

type WithCookies = Pick<Request, 'cookies'>;

function cookieOf({ baseUrl }: Pick<Config, 'baseUrl'>): { name: string; options: CookieOptions } {
  const secure = baseUrl.startsWith('https:');
  return {
    name: secure ? '__Host-portal.browser' : 'portal.browser',
    options: { httpOnly: true, sameSite: 'lax', secure, path: '/', maxAge: MAX_AGE_MS },
  };
}

/**
 * The SHA-256 of the key by which a browser is recognised: 128 random bits in a cookie; the store holds only the
 * hash. It says nothing about who sits there; null for a browser without one.
 */
export function readBrowser(config: Pick<Config, 'baseUrl'>, req: WithCookies): Buffer | null {
  const key: unknown = (req.cookies as Record<string, unknown> | undefined)?.[cookieOf(config).name];
  return isToken(key) ? hashToken(key) : null;
}

/** The same, and gives the browser a key if it has none. */
export function rememberBrowser(config: Pick<Config, 'baseUrl'>, req: WithCookies, res: Response): Buffer {
  const browser = readBrowser(config, req);
  if (browser) return browser;
  const { name, options } = cookieOf(config);
  const key = drawToken();
  res.cookie(name, key, options);
  return hashToken(key);
}
