import { seedTenants } from '../seedPartners.js';

/** The part of a sign-in address that says whose people may sign in: those of one tenant, or of any. */
export type Authority = {
  /** Its name in URLs: the tenant's id, or `organizations`. */
  name: string;
  /** Absent where people of every tenant sign in. */
  tenantId?: string;
};

export const everyTenant: Authority = { name: 'organizations' };

/** Finds an authority by a tenant's id or one of its domains, or by its own name; undefined when there is none. */
export function authorityOf(name: string): Authority | undefined {
  const wanted = name.toLowerCase();
  if (wanted === 'organizations' || wanted === 'common') return { name: wanted };
  const found = seedTenants.find(({ id, domains }) => id === wanted || domains.includes(wanted));
  return found && { name: found.id, tenantId: found.id };
}

export function covers(authority: Authority, tenantId: string): boolean {
  return authority.tenantId === undefined || authority.tenantId === tenantId;
}

/** Entra's words for a tenant that does not exist. */
export function noSuchTenant(name: string): string {
  return `Tenant '${name}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`;
}

/** The hosts on which the portal runs here; an app registered with Entra may use any port of them. */
const LOOPBACK = ['localhost', '127.0.0.1'];

/** Whether a person may be sent there: an http(s) address on this machine, without credentials or fragment. */
export function isOnThisMachine(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, username, password } = new URL(address);
  const plain = username === '' && password === '' && !address.includes('#');
  return ['http:', 'https:'].includes(protocol) && LOOPBACK.includes(hostname) && plain;
}
