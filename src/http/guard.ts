import type { Request, RequestHandler, Response } from 'express';
import { accessOf, type Access, type Right, personKey } from '../access/access.js';
import type { Deps } from '../deps.js';
import { forbidden, signInRequired } from '../errors.js';
import { insertAuditEvent } from '../store/auditEvents.js';
import { currentPerson } from './signIn/currentPerson.js';

/** A refusal that is repeated within this time is in the log alone: the trail is kept for ever. */
const NOTED_SECONDS = 600;

/**
 * Lets people pass who have signed in and have a right, by the policy in force and by roles that were read minutes ago at
 * most. Others are sent to sign in and come back to the page.
 */
export function requireRight(deps: Deps, right: Right): RequestHandler {
  const isNews = rememberingFor(NOTED_SECONDS);
  return async function guard(req, res, next) {
    const person = await currentPerson(deps, req);
    if (!person) {
      refuseStranger(req, res);
      return;
    }
    const access = accessOf(person, deps.policy.current().policy);
    res.locals.access = access;
    if (!access.rights.has(right)) {
      deps.log.warn({ httpRequestId: req.id, person: personKey(person), right }, 'access refused');
      if (isNews(personKey(person))) {
        await insertAuditEvent(deps.store.db, {
          actor: personKey(person),
          action: 'access.refused',
          detail: { right, method: req.method, route: routeOf(req) },
        });
      }
      if (access.rights.size > 0) throw forbidden();
      res.status(403).render('noRights', { name: person.name });
      return;
    }
    next();
  };
}

/** Returns whether a key comes for the first time in so many seconds. */
function rememberingFor(seconds: number): (key: string) => boolean {
  const seen = new Map<string, number>();
  return (key) => {
    const now = Date.now();
    for (const [other, at] of seen) if (at < now - seconds * 1000) seen.delete(other);
    if (seen.has(key)) return false;
    seen.set(key, now);
    return true;
  };
}

/** The rights of the person who has passed the guard. */
export function accessIn(res: Response): Access {
  const { access } = res.locals;
  if (!access) throw new Error('A page without its guard');
  return access;
}

function refuseStranger(req: Request, res: Response): void {
  const signIn = `/sign-in?returnTo=${encodeURIComponent(req.method === 'GET' ? req.originalUrl : '/admin')}`;
  // htmx would put the sign-in page into a corner of this one.
  if (req.get('HX-Request')) res.set('HX-Redirect', signIn);
  else if (req.method === 'GET') {
    res.redirect(303, signIn);
    return;
  }
  throw signInRequired();
}

function routeOf({ route }: Request): string | null {
  return (route as { path?: string } | undefined)?.path ?? null;
}
