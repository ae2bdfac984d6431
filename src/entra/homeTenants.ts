import { concurrently } from '../concurrently.js';
import type { Config } from '../config.js';
import type { Partner, PolicyDocument } from '../policy/schema.js';
import { tenantOfDomain } from './tenantOfDomain.js';

/** A domain whose people are to sign in at the tenant that owns it; `partner` is the partner's name. */
type HomeDomain = { domain: string; partner: string };

/** A domain that no Entra tenant has (`none`), or of which Entra did not say (`unreachable`). */
export type Tenantless = HomeDomain & { kind: 'none' | 'unreachable' };

/** A page and the doctor wait for the look-ups; so many tell enough. */
export const MOST_LOOKED_UP = 20;
const LOOK_UPS_AT_ONCE = 8;

/**
 * The domains of a partner that must belong to a tenant, or none of their people could give the proof that the policy asks for.
 * The subdomains of a rule such as `*.fabrikam.com` may belong to any tenant, so it names none.
 */
export function homeDomains({ name, proof, tenantId, domains }: Partner): HomeDomain[] {
  if (proof !== 'tenant' || tenantId !== undefined) return [];
  const named = domains.filter((rule) => !rule.startsWith('*.')).map((rule) => rule.replace(/^.*@/, ''));
  return [...new Set(named)].map((domain) => ({ domain, partner: name }));
}

/** Looks up the home domains that a policy has and the one in force has not. */
export function findTenantless(
  config: Pick<Config, 'authorityUrl'>,
  before: PolicyDocument,
  after: PolicyDocument,
): Promise<Tenantless[]> {
  const old = new Set(before.partners.flatMap(homeDomains).map(({ domain }) => domain));
  const fresh = after.partners.flatMap(homeDomains).filter(({ domain }) => !old.has(domain));
  return lookUpTenantless(config, fresh);
}

/** The domains without a tenant among the first {@link MOST_LOOKED_UP}, by name. */
export async function lookUpTenantless(
  config: Pick<Config, 'authorityUrl'>,
  domains: HomeDomain[],
  signal?: AbortSignal,
): Promise<Tenantless[]> {
  const tenantless: Tenantless[] = [];
  await concurrently(domains.slice(0, MOST_LOOKED_UP), LOOK_UPS_AT_ONCE, async (home) => {
    const { kind } = await tenantOfDomain(config, home.domain, signal);
    if (kind !== 'found') tenantless.push({ ...home, kind });
  });
  return tenantless.sort((one, other) => one.domain.localeCompare(other.domain));
}
