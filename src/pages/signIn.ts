import type { Request, RequestHandler, Response } from 'express';
import { personKey } from '../access/access.js';
import type { Deps } from '../deps.js';
import { EntraFault } from '../entra/entraFault.js';
import { signInFailed, signInUnknown, unavailable } from '../errors.js';
import { localPath } from '../http/localPath.js';
import { endIdleSession, endSession, saveSession, renewSession } from '../http/session.js';
import { describePerson } from '../http/signIn/describePerson.js';
import type { SignIn } from '../http/signIn/signIn.js';
import type { SignedIn } from '../http/signIn/strategy.js';
import { seal } from '../sealed.js';
import { insertAuditEvent } from '../store/auditEvents.js';
import { upsertPerson } from '../store/persons.js';

/** As many sign-ins as the library keeps. */
const MOST_TABS = 10;

/** GET /sign-in: on to the tenant's own page. */
export function beginSignIn(deps: Deps, signIn: SignIn): RequestHandler {
  return async (req, res) => {
    try {
      const page = await signIn.begin(req);
      const tab = { state: page.searchParams.get('state') ?? '', returnTo: localPath(req.query.returnTo) };
      req.session.staffTabs = [...(req.session.staffTabs ?? []), tab].slice(-MOST_TABS);
      await saveSession(req);
      res.redirect(302, page.href);
    } catch (error) {
      if (!(error instanceof EntraFault)) throw error;
      deps.log.error({ err: error, httpRequestId: req.id }, 'the tenant cannot be reached for a sign-in');
      throw unavailable();
    }
  };
}

/** GET /auth/callback: back from the tenant. */
export function finishSignIn(deps: Deps, signIn: SignIn): RequestHandler {
  return async (req, res) => {
    const tab = req.session.staffTabs?.find(({ state }) => state === req.query.state);
    const returnTo = localPath(tab?.returnTo);
    try {
      await admit(deps, req, await signIn.complete(req));
    } catch (error) {
      if (!(error instanceof EntraFault)) throw error;
      // Back to a page that was used already, or another tab: a person who is signed in must not read that it failed.
      const isIn = req.session.person !== undefined;
      const setOutHere = req.session.staffTabs !== undefined;
      await refuse(deps, req, res, error);
      if (!isIn) throw setOutHere ? signInFailed() : signInUnknown();
      res.redirect(303, returnTo);
      return;
    }
    await saveSession(req);
    res.redirect(303, returnTo);
  };
}

/**
 * Begins the session of somebody who has signed in.
 *
 * @throws {EntraFault} when the token describes nobody of our tenant
 */
async function admit(deps: Deps, req: Request, { claims, refreshToken }: SignedIn): Promise<void> {
  const person = await describePerson(deps, claims);
  await deps.store.db.transaction().execute(async (trx) => {
    await upsertPerson(trx, person);
    await insertAuditEvent(trx, {
      actor: personKey(person),
      action: 'signIn.succeeded',
      detail: { roles: person.roles },
    });
  });
  await renewSession(req);
  const now = Date.now();
  req.session.person = person;
  req.session.signedInAt = now;
  req.session.rightsReadAt = now;
  if (refreshToken !== undefined)
    req.session.refreshToken = seal(refreshToken, 'refresh tokens', deps.config.secrets);
}

/** Leaves other sign-ins of the session alone: a link from elsewhere must not be able to sign people out. */
async function refuse(
  deps: Deps,
  req: Request,
  res: Response,
  { reason, message }: EntraFault,
): Promise<void> {
  deps.log.warn({ httpRequestId: req.id, reason, explanation: message }, 'sign-in refused');
  // The trail is kept for ever: a stranger who only opens the address leaves nothing in it.
  const { staffTabs = [], person } = req.session;
  if (staffTabs.length > 0 && !person) {
    await insertAuditEvent(deps.store.db, { actor: 'portal', action: 'signIn.refused', detail: { reason } });
    // Once for each time that they set out: a session may go on for what else is under way in it.
    const over = Math.max(
      0,
      staffTabs.findIndex(({ state }) => state === req.query.state),
    );
    req.session.staffTabs = staffTabs.toSpliced(over, 1);
    if (staffTabs.length === 1) delete req.session.staffTabs;
  }
  await endIdleSession(deps, req, res);
}

/** GET /sign-out: a question, which changes nothing. */
export const confirmSignOut: RequestHandler = (req, res) => {
  if (req.session.person) res.render('signOut');
  else res.redirect(303, '/signed-out');
};

/** POST /sign-out: here first, then at the tenant, which sends the browser to /signed-out. */
export function signOut(deps: Deps): RequestHandler {
  return async (req, res) => {
    const { person } = req.session;
    await endSession(deps, req, res);
    if (person) await insertAuditEvent(deps.store.db, { actor: personKey(person), action: 'signOut' });
    res.redirect(303, await signOutAddress(deps));
  };
}

/** Where the tenant's own session ends; a tenant that does not answer must not keep anybody signed in here. */
async function signOutAddress({ entra, config, log }: Deps): Promise<string> {
  try {
    const url = new URL((await entra.metadata()).end_session_endpoint);
    url.searchParams.set('post_logout_redirect_uri', `${config.baseUrl}/signed-out`);
    return url.href;
  } catch (error) {
    if (!(error instanceof EntraFault)) throw error;
    log.warn({ err: error }, 'signed out here alone: the tenant cannot be reached');
    return '/signed-out';
  }
}

/** GET /signed-out */
export const showSignedOut: RequestHandler = (_req, res) => {
  res.render('signedOut');
};
