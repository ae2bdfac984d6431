import { homeDomains, lookUpTenantless, MOST_LOOKED_UP } from '../../entra/homeTenants.js';
import { finding, type CheckUp } from '../finding.js';

const CODES = { none: 'noHomeTenant', unreachable: 'homeTenantUnknown' } as const;

/** Where people are to sign in at the tenant that owns their domain, there has to be one. */
export const examineHomeTenants: CheckUp = async function examineHomeTenants({ policy, config }, signal) {
  const partners = policy?.current().policy.document.partners ?? [];
  const domains = partners.filter(({ enabled }) => enabled).flatMap(homeDomains);
  const tenantless = await lookUpTenantless(config, domains, signal);
  const found = tenantless.map(({ kind, domain, partner }) =>
    finding('policy', CODES[kind], { domain, partner }),
  );
  if (domains.length > MOST_LOOKED_UP)
    found.push(finding('policy', 'homeTenantsTooMany', { looked: MOST_LOOKED_UP, count: domains.length }));
  return found;
};
