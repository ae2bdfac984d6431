import { z } from 'zod';
import { PORTAL_ROLES, type Person, type PortalRole } from '../../access/person.js';
import { claimText } from '../../entra/claimText.js';
import { EntraFault } from '../../entra/entraFault.js';
import { parseAddress } from '../../policy/address.js';

// learn.microsoft.com/entra/identity-platform/id-token-claims-reference
const claimsShape = z.object({
  tid: z.guid().toLowerCase(),
  oid: z.guid().toLowerCase(),
  name: z.string().optional().catch(undefined),
  preferred_username: z.string().optional().catch(undefined),
  email: z.string().optional().catch(undefined),
  roles: z.array(z.string()).default([]),
  groups: z.array(z.string()).optional(),
});

/** Entra tells with a token who belongs to few groups; of others, or when not set up, nothing is known yet. */
export type TokenPerson = Omit<Person, 'groups'> & { groups: string[] | null };

/**
 * The person whom the claims of a verified id_token describe.
 *
 * @throws {EntraFault} `tenant` for people of other tenants, `token` for claims that name nobody
 */
export function personOf(claims: unknown, tenantId: string): TokenPerson {
  const parsed = claimsShape.safeParse(claims);
  if (!parsed.success) throw new EntraFault('token', `claim ${String(parsed.error.issues[0]?.path[0])}`);
  const { tid, oid, name, preferred_username: username, email, roles, groups } = parsed.data;
  if (tid !== tenantId) throw new EntraFault('tenant', 'a person of another tenant');
  return {
    tid,
    oid,
    name: claimText(name) ?? claimText(username) ?? oid,
    username: claimText(username) ?? null,
    addresses: addressesOf([email, username, invitedAs(username)]),
    roles: PORTAL_ROLES.filter((role) => roles.includes(role)) satisfies PortalRole[],
    groups: groups?.map((id) => id.toLowerCase()) ?? null,
  };
}

function addressesOf(texts: (string | undefined)[]): string[] {
  const parsed = texts.map((text) => parseAddress(text));
  return [...new Set(parsed.flatMap((one) => (one.ok ? [one.address.canonical] : [])))];
}

/** `ana_fabrikam.com#EXT#@contoso.onmicrosoft.com` is the guest ana@fabrikam.com: the last underscore was the @. */
function invitedAs(username: string | undefined): string | undefined {
  const name = /^(.+)#EXT#@/i.exec(username ?? '')?.[1];
  return name?.replace(/_([^_]*)$/, '@$1');
}
