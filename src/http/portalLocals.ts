import type { RequestHandler } from 'express';
import type { Deps } from '../deps.js';
import { allowImages } from './security.js';

/** Gives views `portal`: how the organisation presents itself, as the policy in force says. */
export function portalLocals({ policy }: Pick<Deps, 'policy'>): RequestHandler {
  return function setPortalLocals(_req, res, next) {
    const { portal } = policy.current().policy.document;
    res.locals.portal = portal;
    if (portal.logo?.startsWith('https:')) allowImages(res, new URL(portal.logo).origin);
    next();
  };
}
