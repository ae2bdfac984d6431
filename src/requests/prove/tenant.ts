import type { Deps } from '../../deps.js';
import type { TenantIdentity } from '../../entra/tenantIdentity.js';
import { PERSONAL_ACCOUNTS, tenantOfDomain, type DomainTenant } from '../../entra/tenantOfDomain.js';
import { conflict, notFound } from '../../errors.js';
import { parseAddress, type Address } from '../../policy/address.js';
import { decide, addressOf } from '../../policy/decide.js';
import type { Policy } from '../../policy/policy.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { findRequest } from '../../store/requests.js';
import type { Proof, RequestRow } from '../../store/schema.js';
import { prove } from './prove.js';
import { shownProof } from './awaitedProof.js';

/** Why a sign-in does not prove an address. Stable: log lines and audit events contain it, and pages have texts for it. */
export type TenantRefusal =
  | 'personalAccount'
  | 'guestAccount'
  | 'otherTenant'
  | 'otherAddress'
  /** The token names no address that can be invited. */
  | 'noAddress'
  /** The tenant of the domain could not be looked up. */
  | 'lookUp';

/** A policy may have ten thousand partners, and every view of the form needs the answer. */
const offeredBy = new WeakMap<Policy, boolean>();

/** Where and when the person signed in, and whether they have confirmed the details of the form. */
export type SignedIn = {
  /** See `http/browserKey.ts`. */
  browser: Buffer;
  at: Date;
  confirmed: boolean;
};

/**
 * Proves an address by a sign-in at its own tenant. A request that waits for no proof stays as it is.
 *
 * @returns the id of the request that goes on; or why the sign-in proves nothing, so that the request still waits; or
 *   the request that the person has to confirm first, because another browser sent the form
 * @throws {PublicError} `conflict` when the policy requires another proof, `notFound` when the request is gone
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

/** The proof that a sign-in gives. */
export function tenantProof(
  { tid, oid }: Pick<TenantIdentity, 'tid' | 'oid'>,
  browser: Buffer,
  at: Date,
): Proof {
  return shownProof(browser, { kind: 'tenant', by: `${tid}/${oid}`, at });
}

/**
 * Whether a request waits for a sign-in.
 *
 * @throws {PublicError} `conflict` when the policy requires another proof
 */
export function awaitsTenant(deps: Pick<Deps, 'policy'>, request: RequestRow): boolean {
  if (request.state !== 'unproven') return false;
  const { policy } = deps.policy.current();
  if (decide(policy, { address: addressOf(request), proven: 'tenant' }).outcome === 'prove') throw conflict();
  return true;
}

/** Whether any partner's people can prove their address by signing in at their own tenant. */
export function isTenantOffered(policy: Policy): boolean {
  let offered = offeredBy.get(policy);
  if (offered === undefined) {
    offered = policy.document.partners.some(({ proof, enabled }) => proof === 'tenant' && enabled);
    offeredBy.set(policy, offered);
  }
  return offered;
}

type Settings = Pick<Deps, 'policy' | 'config'>;

/**
 * Why a sign-in does not prove an address; null when it does. The tenant must own the domain, and name the address as this
 * person's.
 */
export async function refusalOf(
  settings: Settings,
  identity: TenantIdentity,
  address: Address,
): Promise<TenantRefusal | null> {
  if (identity.tid === PERSONAL_ACCOUNTS) return 'personalAccount';
  if (identity.guest) return 'guestAccount';
  const owner = await ownerOf(settings, address);
  if (owner.kind === 'unreachable') return 'lookUp';
  if (owner.kind === 'none' || owner.tenantId !== identity.tid) return 'otherTenant';
  return identity.addresses.includes(address.canonical) ? null : 'otherAddress';
}

/** The address with which a signed-in person may sign up; if possible, one that the policy admits. */
export async function addressFor(
  settings: Settings,
  identity: TenantIdentity,
): Promise<{ address: Address } | { refused: TenantRefusal }> {
  const { policy } = settings.policy.current();
  const addresses = identity.addresses.flatMap((text) => {
    const parsed = parseAddress(text);
    return parsed.ok ? [parsed.address] : [];
  });
  const isDenied = (address: Address) => decide(policy, { address }).outcome === 'deny';
  let refused: TenantRefusal | null = null;
  for (const address of addresses.toSorted((one, other) => Number(isDenied(one)) - Number(isDenied(other)))) {
    const refusal = await refusalOf(settings, identity, address);
    if (!refusal) return { address };
    refused ??= refusal;
  }
  return { refused: refused ?? 'noAddress' };
}

/** The tenant that the policy names for an address. */
function namedTenant(policy: Policy, address: Address): string | undefined {
  const { partner } = decide(policy, { address });
  return policy.partner(partner)?.tenantId?.toLowerCase();
}

async function ownerOf({ policy, config }: Settings, address: Address): Promise<DomainTenant> {
  const tenantId = namedTenant(policy.current().policy, address);
  return tenantId === undefined
    ? tenantOfDomain(config, address.domain)
    : Promise.resolve({ kind: 'found', tenantId });
}
