import type { Request, RequestHandler, Response } from 'express';
import type { Deps } from '../deps.js';
import { EntraFault } from '../entra/entraFault.js';
import { notFound, unavailable } from '../errors.js';
import { rememberBrowser } from '../http/browserKey.js';
import { endIdleSession, moveSession, saveSession } from '../http/session.js';
import type { TenantSignIn } from '../http/signIn/tenantSignIn.js';
import { findByToken } from '../requests/follow.js';
import { awaitsTenant, proveByTenant } from '../requests/proof/tenant.js';
import type { TenantIdentity } from '../requests/proof/tenantIdentity.js';
import { isTenantOffered } from '../requests/proof/tenantOffered.js';
import { addressFor } from '../requests/proof/tenantOwner.js';
import { tokenOf } from '../requests/statusToken.js';
import { insertAuditEvent } from '../store/auditEvents.js';
import { findRequest } from '../store/requests.js';
import { showRefusal, type ShownRefusal } from './tenantRefused.js';

/** GET /verify/tenant/:token: on to the home organisation of whoever has sent this request. */
export function beginTenantProof(deps: Deps, tenants: TenantSignIn): RequestHandler<{ token: string }> {
  return async (req, res) => {
    const { token } = req.params;
    const { request } = await findByToken(deps, token);
    if (!awaitsTenant(deps, request)) {
      res.redirect(303, `/requests/${token}`);
      return;
    }
    const { id: requestId, address } = request;
    await sendToTenant(deps, tenants, req as Request, res, { requestId, address });
  };
}

/** GET /verify/tenant: the same before any form is filled in. */
export function beginTenantSignIn(deps: Deps, tenants: TenantSignIn): RequestHandler {
  return async (req, res) => {
    if (!isTenantOffered(deps.policy.current().policy)) throw notFound();
    await sendToTenant(deps, tenants, req, res, null);
  };
}

async function sendToTenant(
  deps: Deps,
  tenants: TenantSignIn,
  req: Request,
  res: Response,
  purpose: { requestId: string; address: string } | null,
): Promise<void> {
  try {
    const page = await tenants.begin(req, purpose);
    await saveSession(req);
    res.redirect(302, page.href);
  } catch (error) {
    if (!(error instanceof EntraFault)) throw error;
    deps.log.error({ err: error, httpRequestId: req.id }, 'Entra cannot be reached for a sign-in');
    throw unavailable();
  }
}

/** GET /auth/callback, for those who come back with the state of a partner's sign-in; everybody else is the next one's. */
export function finishTenantSignIn(deps: Deps, tenants: TenantSignIn): RequestHandler {
  return async (req, res, next) => {
    const purpose = tenants.take(req);
    if (!purpose) {
      next();
      return;
    }
    const { requestId } = purpose;
    let identity: TenantIdentity;
    try {
      identity = await tenants.complete(req);
    } catch (error) {
      if (!(error instanceof EntraFault)) throw error;
      await noteFault(deps, requestId, error);
      await refuse(deps, req, res, requestId, {
        reason: error.reason === 'denied' ? 'denied' : 'failed',
        logged: error.reason,
        explanation: error.message,
      });
      return;
    }
    await moveSession(req);
    if (requestId === null) await welcome(deps, req, res, identity);
    else await takeProof(deps, req, res, requestId, identity);
  };
}

async function takeProof(
  deps: Deps,
  req: Request,
  res: Response,
  requestId: string,
  identity: TenantIdentity,
): Promise<void> {
  const proven = await proveByTenant(deps, requestId, identity, rememberBrowser(deps.config, req, res));
  if ('refused' in proven) {
    await refuse(deps, req, res, requestId, { reason: proven.refused, account: identity.account });
    return;
  }
  await endIdleSession(deps, req, res);
  res.redirect(303, `/requests/${proven.token}`);
}

/** Nobody is taken in who could not sign up with what they have shown. */
async function welcome(deps: Deps, req: Request, res: Response, identity: TenantIdentity): Promise<void> {
  const found = await addressFor(deps, identity);
  if ('refused' in found) {
    const { tid, oid, account } = identity;
    await insertAuditEvent(deps.store.db, {
      actor: 'portal',
      action: 'signIn.refused',
      detail: { kind: 'tenant', reason: found.refused, by: `${tid}/${oid}` },
    });
    await refuse(deps, req, res, null, { reason: found.refused, account });
    return;
  }
  req.session.tenantIdentity = {
    ...identity,
    address: found.address.canonical,
    signedInAt: Date.now(),
  };
  await saveSession(req);
  res.redirect(303, '/verify/form');
}

function noteFault(deps: Deps, requestId: string | null, { reason }: EntraFault): Promise<void> {
  const detail = { kind: 'tenant', reason };
  return insertAuditEvent(
    deps.store.db,
    requestId === null
      ? { actor: 'portal', action: 'signIn.refused', detail }
      : { requestId, actor: 'partner', action: 'proof.failed', detail },
  );
}

type Refused = {
  reason: ShownRefusal;
  account?: string;
  /** What the log says where it knows more than the page. */
  logged?: string;
  explanation?: string;
};

async function refuse(
  deps: Deps,
  req: Request,
  res: Response,
  requestId: string | null,
  { reason, account, logged = reason, explanation }: Refused,
): Promise<void> {
  deps.log.warn({ httpRequestId: req.id, requestId, reason: logged, explanation }, 'sign-in refused');
  const request = requestId === null ? undefined : await findRequest(deps.store.db, requestId);
  await endIdleSession(deps, req, res);
  showRefusal(res, {
    reason,
    account,
    address: request?.address,
    token: request && tokenOf(deps.config.secrets, request),
  });
}
