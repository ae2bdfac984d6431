import { concurrently } from '../concurrently.js';
import type { Config } from '../config.js';
import { tenantOfDomain } from '../entra/tenantOfDomain.js';
import type { Partner, PolicyDocument } from '../policy/schema.js';

/** A domain whose people are to sign in at the tenant that owns it; `partner` is the partner's name. */
type HomeDomain = { domain: string; partner: string };

/** A domain that no Entra tenant has (`none`), or of which Entra did not say (`unreachable`). */
export type Tenantless = HomeDomain & { kind: 'none' | 'unreachable' };

/** A page waits for these. */
const MOST_LOOKED_UP = 20;
const AT_ONCE = 8;

/**
 * The domains of a partner that have to belong to a tenant, or none of their people could give the proof that is asked of them.
 * What is below a domain may belong to any tenant, so a rule such as `*.fabrikam.com` says nothing.
 */
export function homeDomains({ name, proof, tenantId, domains }: Partner): HomeDomain[] {
  if (proof !== 'tenant' || tenantId !== undefined) return [];
  const named = domains.filter((rule) => !rule.startsWith('*.')).map((rule) => rule.replace(/^.*@/, ''));
  return [...new Set(named)].map((domain) => ({ domain, partner: name }));
}

/** Looks up the domains of this kind that a policy has and the one in force has not, and names those without a tenant. */
export async function findTenantless(
  config: Pick<Config, 'authorityUrl'>,
  before: PolicyDocument,
  after: PolicyDocument,
): Promise<Tenantless[]> {
  const known = new Set(before.partners.flatMap(homeDomains).map(({ domain }) => domain));
  const fresh = after.partners.flatMap(homeDomains).filter(({ domain }) => !known.has(domain));
  const found: Tenantless[] = [];
  await concurrently(fresh.slice(0, MOST_LOOKED_UP), AT_ONCE, async (home) => {
    const { kind } = await tenantOfDomain(config, home.domain);
    if (kind !== 'found') found.push({ ...home, kind });
  });
  return found.sort((one, other) => one.domain.localeCompare(other.domain));
}
