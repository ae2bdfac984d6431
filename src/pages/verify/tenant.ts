import type { Request, RequestHandler, Response } from 'express';
import type { Deps } from '../../deps.js';
import { EntraFault } from '../../entra/entraFault.js';
import type { TenantIdentity } from '../../entra/tenantIdentity.js';
import { notFound, unavailable } from '../../errors.js';
import { moveSession, saveSession } from '../../http/session.js';
import type { TenantSignIn } from '../../http/signIn/tenantSignIn.js';
import type { Address } from '../../policy/address.js';
import { decide } from '../../policy/decide.js';
import { findByToken } from '../../requests/follow/follow.js';
import { awaitsTenant, isTenantOffered, addressFor } from '../../requests/prove/tenant.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { takeProof } from './confirmation.js';
import { refuse, type ShownRefusal } from './tenantRefused.js';

/** GET /verify/tenant/:token: on to the home organisation of the applicant. */
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

/** GET /auth/callback with the state of a partner's sign-in; the next handler takes all others. */
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
        reason: error.reason === 'denied' || error.reason === 'unreachable' ? error.reason : 'failed',
        logged: error.reason,
        explanation: error.message,
      });
      return;
    }
    await moveSession(req);
    if (requestId === null) await welcome(deps, req, res, identity);
    else await takeProof(deps, req, res, { requestId, identity, signedInAt: Date.now() });
  };
}

/** Leads a signed-in person to the form, unless the policy in force would deny whatever they send. */
async function welcome(deps: Deps, req: Request, res: Response, identity: TenantIdentity): Promise<void> {
  const found = await admissionOf(deps, identity);
  if ('reason' in found) {
    const { tid, oid, account } = identity;
    await insertAuditEvent(deps.store.db, {
      actor: 'portal',
      action: 'signIn.refused',
      detail: { kind: 'tenant', reason: found.reason, by: `${tid}/${oid}` },
    });
    await refuse(deps, req, res, null, { ...found, account });
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

/** The address with which a person may sign up, or why not; `policyReason` is the policy's reason for a denial. */
async function admissionOf(
  deps: Deps,
  identity: TenantIdentity,
): Promise<
  { address: Address } | { reason: ShownRefusal; address?: Address; policyReason?: string | undefined }
> {
  // A guest of our tenant belongs to another one, and gets that answer below.
  if (identity.tid === deps.config.tenantId.toLowerCase() && !identity.guest) return { reason: 'ownTenant' };
  const found = await addressFor(deps, identity);
  if ('refused' in found) return { reason: found.refused };
  const { address } = found;
  const { outcome, reasons } = decide(deps.policy.current().policy, { address, proven: 'tenant' });
  if (outcome !== 'deny') return found;
  return { reason: 'notAdmitted', address, policyReason: reasons.at(-1)?.code };
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
