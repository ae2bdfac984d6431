import type { RequestHandler } from 'express';
import type { Deps } from '../deps.js';
import { malformed } from '../errors.js';
import { switchLanguage } from '../http/language.js';
import { localPath } from '../http/localPath.js';

/** POST /language: the switch in the footer of pages, with the page to go back to. */
export function changeLanguage(
  deps: Deps,
): RequestHandler<object, unknown, Record<string, unknown> | undefined> {
  return (req, res) => {
    if (!switchLanguage(deps, req, res)) throw malformed(400);
    res.redirect(303, localPath(req.body?.back, '/'));
  };
}
