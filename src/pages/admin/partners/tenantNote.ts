import type { DomainTenant } from '../../../entra/tenantOfDomain.js';

/** What is to be said of the tenant that a domain belongs to, as `partners.tenant.<says>`. */
export type TenantNote = {
  says: 'found' | 'other' | 'none' | 'noneForProof' | 'unreachable';
  good: boolean;
  domain: string;
  tenant: string | null;
};

/**
 * @param typed the tenant's id in the form, in lower case; empty for none
 * @param proof what people of the partner have to show
 */
export function tenantNote(tenant: DomainTenant, domain: string, typed: string, proof: unknown): TenantNote {
  if (tenant.kind === 'found') {
    const good = typed === '' || typed === tenant.tenantId;
    return { says: good ? 'found' : 'other', good, domain, tenant: tenant.tenantId };
  }
  const none = proof === 'tenant' ? 'noneForProof' : 'none';
  return { says: tenant.kind === 'none' ? none : 'unreachable', good: false, domain, tenant: null };
}
