import type { RequestHandler } from 'express';
import type { Deps } from '../deps.js';

/** Gives views `portal`: how the organisation presents itself, as the policy in force says. */
export function portalLocals({ policy }: Pick<Deps, 'policy'>): RequestHandler {
  return function setPortalLocals(_req, res, next) {
    res.locals.portal = policy.current().policy.document.portal;
    next();
  };
}
