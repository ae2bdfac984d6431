import type { Deps } from '../../deps.js';
import type { TenantIdentity } from '../../entra/tenantIdentity.js';
import { conflict, notFound } from '../../errors.js';
import { decide } from '../../policy/decide.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { findRequest } from '../../store/requests.js';
import type { Proof, RequestRow } from '../../store/schema.js';
import { addressOf } from '../../policy/decisionNow.js';
import { prove } from './prove.js';
import { refusalOf, type TenantRefusal } from './tenantOwner.js';
import { shownProof } from './shownProof.js';

/** Where and when somebody signed in, and whether they have seen since what they prove. */
export type SignedIn = {
  /** See `http/browserKey.ts`. */
  browser: Buffer;
  at: Date;
  confirmed: boolean;
};

/**
 * Takes a sign-in at the home organisation as the proof that a request waits for. A request that waits for none (any more)
 * is left as it is, and the person led to it.
 *
 * @returns the id of the request that goes on; or why the sign-in shows nothing: the request then waits as before; or
 *   that the person is to see first what was typed, because another browser has sent the form
 * @throws {PublicError} `conflict` when the policy asks for another proof, `notFound` when the request is gone
 */
export async function proveByTenant(
  deps: Deps,
  requestId: string,
  identity: TenantIdentity,
  { browser, at, confirmed }: SignedIn,
): Promise<{ goesOn: string } | { refused: TenantRefusal } | { unconfirmed: RequestRow }> {
  const request = await findRequest(deps.store.db, requestId);
  if (!request) throw notFound();
  if (request.state !== 'unproven') return { goesOn: request.id };
  const refused = await refusalOf(deps, identity, addressOf(request));
  if (!refused) {
    const sentHere = request.browser_hash !== null && browser.equals(request.browser_hash);
    if (!sentHere && !confirmed) return { unconfirmed: request };
    return { goesOn: await prove(deps, requestId, tenantProof(identity, browser, at)) };
  }
  await insertAuditEvent(deps.store.db, {
    requestId,
    actor: 'partner',
    action: 'proof.failed',
    detail: { kind: 'tenant', reason: refused, by: `${identity.tid}/${identity.oid}` },
  });
  return { refused };
}

/** What a sign-in is worth on a request. */
export function tenantProof(
  { tid, oid }: Pick<TenantIdentity, 'tid' | 'oid'>,
  browser: Buffer,
  at: Date,
): Proof {
  return shownProof(browser, { kind: 'tenant', by: `${tid}/${oid}`, at });
}

/**
 * Whether somebody may sign in for a request.
 *
 * @returns false for one that waits for no proof (any more)
 * @throws {PublicError} `conflict` when a sign-in is not what the policy asks for
 */
export function awaitsTenant(deps: Pick<Deps, 'policy'>, request: RequestRow): boolean {
  if (request.state !== 'unproven') return false;
  const { policy } = deps.policy.current();
  if (decide(policy, { address: addressOf(request), proven: 'tenant' }).outcome === 'prove') throw conflict();
  return true;
}
