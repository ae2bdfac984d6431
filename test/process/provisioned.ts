import type { Tenant } from '../support/tenant.js';
import { signIn, STAFF } from '../support/staff.js';
import type { Visitor } from '../support/visitor.js';

/**
 * The addresses whose request the store has as provisioned, by what an auditor may export: the page that a sender gets says
 * `answered` of other ends as well, and an embedded store belongs to its portal.
 */
export async function provisionedAddresses(newcomer: Visitor, tenant: Tenant): Promise<Set<string>> {
  await signIn(newcomer, tenant, STAFF.aud);
  const { status, text } = await newcomer.get('/admin/requests.csv?state=provisioned');
  if (status !== 200) throw new Error(`The export was answered with ${status}`);
  return new Set(text.match(/[^\s",]+@[^\s",]+/g));
}
