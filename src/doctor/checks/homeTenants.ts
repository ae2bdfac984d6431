import { concurrently } from '../../concurrently.js';
import { homeDomains } from '../../administration/homeTenants.js';
import { tenantOfDomain } from '../../entra/tenantOfDomain.js';
import { finding, type Finding, type CheckUp } from '../finding.js';

/** So many look-ups tell enough, and end in time. */
const MOST_LOOKED_UP = 20;
const AT_ONCE = 8;

/** Where people are to sign in at the tenant that owns their domain, there has to be one. */
export const examineHomeTenants: CheckUp = async function examineHomeTenants({ policy, config }, signal) {
  const partners = policy?.current().policy.document.partners ?? [];
  const domains = partners.filter(({ enabled }) => enabled).flatMap(homeDomains);
  const found: Finding[] = [];
  await concurrently(domains.slice(0, MOST_LOOKED_UP), AT_ONCE, async ({ domain, partner }) => {
    const { kind } = await tenantOfDomain(config, domain, signal);
    if (kind === 'none') found.push(finding('policy', 'noHomeTenant', { domain, partner }));
    if (kind === 'unreachable') found.push(finding('policy', 'homeTenantUnknown', { domain, partner }));
  });
  if (domains.length > MOST_LOOKED_UP)
    found.push(finding('policy', 'homeTenantsTooMany', { looked: MOST_LOOKED_UP, count: domains.length }));
  return found;
};
