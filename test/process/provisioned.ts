import type { Tenant } from '../support/tenant.js';
import { signIn, STAFF } from '../support/staff.js';
import type { Visitor } from '../support/visitor.js';

export type Exported = { received: string; changed: string; email: string };

/**
 * The requests that the store has as provisioned, by what an auditor may export: the page that a sender gets says `answered`
 * of other ends as well, and an embedded store belongs to its portal.
 */
export async function exportedRequests(newcomer: Visitor, tenant: Tenant): Promise<Exported[]> {
  await signIn(newcomer, tenant, STAFF.aud);
  const { status, text } = await newcomer.get('/admin/requests.csv?state=provisioned');
  if (status !== 200) throw new Error(`The export was answered with ${status}`);
  return text.split('\n').flatMap((row) => {
    const [received, changed] = row.match(/\d{4}-\d\d-\d\dT[\d:.]+Z/g) ?? [];
    const email = /[^\s",]+@[^\s",]+/.exec(row)?.[0];
    return received && changed && email ? { received, changed, email } : [];
  });
}

export async function provisionedAddresses(newcomer: Visitor, tenant: Tenant): Promise<Set<string>> {
  return new Set((await exportedRequests(newcomer, tenant)).map(({ email }) => email));
}
