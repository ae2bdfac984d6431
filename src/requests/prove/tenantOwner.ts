import type { Deps } from '../../deps.js';
import type { TenantIdentity } from '../../entra/tenantIdentity.js';
import { PERSONAL_ACCOUNTS, tenantOfDomain, type DomainTenant } from '../../entra/tenantOfDomain.js';
import { parseAddress, type Address } from '../../policy/address.js';
import { decide } from '../../policy/decide.js';
import type { Policy } from '../../policy/policy.js';

/** Why a sign-in shows nothing about an address. Stable: log lines and audit events hold it, and pages have texts for it. */
export type TenantRefusal =
  | 'personalAccount'
  | 'guestAccount'
  | 'otherTenant'
  | 'otherAddress'
  /** The token names no address that can be invited. */
  | 'noAddress'
  /** Nobody could tell to which tenant the domain belongs. */
  | 'lookUp';

type Settings = Pick<Deps, 'policy' | 'config'>;

/**
 * Whether a sign-in shows that an address is the person's: the tenant owns the address's domain, and says that the
 * address is this person's.
 *
 * @returns null when it does
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

/** The address with which somebody who has signed in may sign up: one that the policy admits, if there is one. */
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

/** The tenant that the policy names for an address, if it names one. */
export function namedTenant(policy: Policy, address: Address): string | undefined {
  const { partner } = decide(policy, { address });
  return partner === null ? undefined : policy.partner(partner)?.tenantId?.toLowerCase();
}

async function ownerOf({ policy, config }: Settings, address: Address): Promise<DomainTenant> {
  const tenantId = namedTenant(policy.current().policy, address);
  return tenantId === undefined
    ? tenantOfDomain(config, address.domain)
    : Promise.resolve({ kind: 'found', tenantId });
}
