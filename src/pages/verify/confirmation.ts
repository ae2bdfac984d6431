import type { Request, RequestHandler, Response } from 'express';
import type { SessionData } from 'express-session';
import type { Deps } from '../../deps.js';
import { notFound } from '../../errors.js';
import { rememberBrowser } from '../../http/browserKey.js';
import { endIdleSession, saveSession } from '../../http/session.js';
import { SIGN_IN_SECONDS } from '../../http/sessionStore.js';
import { findByToken } from '../../requests/follow/follow.js';
import { detailsOf } from '../../requests/prove/awaitedProof.js';
import { proveByTenant } from '../../requests/prove/tenant.js';
import { openPage } from '../../requests/pageToken.js';
import { refuse } from './tenantRefused.js';

type TokenParams = { token: string };
type SignedIn = SessionData['tenantConfirmations'][number];

/** How many requests of one browser may wait to be confirmed; the oldest is dropped. */
const AT_ONCE = 5;

/**
 * Takes a sign-in as the proof of a request. If another browser sent the form, the person first sees what was typed there,
 * because they may have followed a stranger's link.
 */
export async function takeProof(
  deps: Deps,
  req: Request,
  res: Response,
  signedIn: SignedIn,
  confirmed = false,
): Promise<void> {
  const { requestId, identity, signedInAt } = signedIn;
  const browser = rememberBrowser(deps.config, req, res);
  const proven = await proveByTenant(deps, requestId, identity, {
    browser,
    at: new Date(signedInAt),
    confirmed,
  });
  if ('refused' in proven) {
    await refuse(deps, req, res, requestId, { reason: proven.refused, account: identity.account });
    return;
  }
  if ('unconfirmed' in proven) {
    const others = (req.session.tenantConfirmations ?? []).filter((one) => one.requestId !== requestId);
    req.session.tenantConfirmations = [...others.slice(1 - AT_ONCE), signedIn];
    await saveSession(req);
    res.redirect(303, `/verify/tenant/${await pageOf(deps, proven.unconfirmed.id)}/confirm`);
    return;
  }
  await endIdleSession(deps, req, res);
  res.redirect(303, `/requests/${await pageOf(deps, proven.goesOn)}`);
}

/** @throws {PublicError} `notFound` when the request was anonymised meanwhile */
async function pageOf({ store }: Deps, requestId: string): Promise<string> {
  const token = await openPage(store.db, requestId);
  if (token === null) throw notFound();
  return token;
}

/** GET /verify/tenant/:token/confirm, after a sign-in for this request. */
export function showConfirmation(deps: Deps): RequestHandler<TokenParams> {
  return async (req, res) => {
    const { token } = req.params;
    const { request } = await findByToken(deps, token);
    if (request.state !== 'unproven' || !signedInFor(request.id, req)) {
      res.redirect(303, `/requests/${token}`);
      return;
    }
    res.render('proof/tenantConfirm', { token, details: detailsOf(request) });
  };
}

/** POST /verify/tenant/:token/confirm; a sign-in can be confirmed once. */
export function confirmTenantProof(deps: Deps): RequestHandler<TokenParams> {
  return async (req, res) => {
    const { token } = req.params;
    const { request } = await findByToken(deps, token);
    const signedIn = signedInFor(request.id, req);
    if (!signedIn) {
      // The page says where the request stands, and how to sign in once more.
      res.redirect(303, `/requests/${token}`);
      return;
    }
    const { tenantConfirmations = [] } = req.session;
    req.session.tenantConfirmations = tenantConfirmations.filter((one) => one !== signedIn);
    await saveSession(req);
    await takeProof(deps, req as Request, res, signedIn, true);
  };
}

/** The sign-in for a request, while it is valid. */
function signedInFor(
  requestId: string,
  { session: { tenantConfirmations = [] } }: Pick<Request, 'session'>,
): SignedIn | undefined {
  const latest = Date.now() - SIGN_IN_SECONDS * 1000;
  return tenantConfirmations.find((one) => one.requestId === requestId && one.signedInAt >= latest);
}
