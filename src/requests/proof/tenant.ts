import type { Deps } from '../../deps.js';
import { conflict, notFound } from '../../errors.js';
import { parseAddress, type Address } from '../../policy/address.js';
import { decide } from '../../policy/decide.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { findRequest } from '../../store/requests.js';
import type { Proof, RequestRow } from '../../store/schema.js';
import { prove } from '../prove.js';
import { tokenOfStanding } from '../submit.js';
import type { TenantIdentity } from './tenantIdentity.js';
import { refusalOf, type TenantRefusal } from './tenantOwner.js';

/**
 * Takes a sign-in at the home organisation as the proof that a request waits for. A request that waits for none (any more)
 * is left as it is, and the person led to it.
 *
 * @param browser in which the person signed in; see `http/browserKey.ts`
 * @returns the token of the status page that goes on, or why the sign-in shows nothing: the request then waits as before
 * @throws {PublicError} `conflict` when the policy asks for another proof, `notFound` when the request is gone
 */
export async function proveByTenant(
  deps: Deps,
  requestId: string,
  identity: TenantIdentity,
  browser: Buffer,
): Promise<{ token: string } | { refused: TenantRefusal }> {
  const request = await findRequest(deps.store.db, requestId);
  if (!request) throw notFound();
  if (request.state !== 'unproven') return { token: await tokenOfStanding(deps, deps.store.db, request) };
  const refused = await refusalOf(deps, identity, addressOf(request));
  if (!refused) return prove(deps, requestId, tenantProof(identity, browser, new Date()));
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
  return { kind: 'tenant', at: at.toISOString(), browser: browser.toString('hex'), by: `${tid}/${oid}` };
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

function addressOf({ id, address }: RequestRow): Address {
  const parsed = parseAddress(address);
  if (!parsed.ok) throw new Error(`Request ${id} holds an address that does not parse`);
  return parsed.address;
}
