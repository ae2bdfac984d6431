import { z } from 'zod';
import { PORTAL_ROLES, type Person, type PortalRole } from '../../access/access.js';
import type { Deps } from '../../deps.js';
import { EntraFault } from '../../entra/entraFault.js';
import { claimText } from '../../entra/tenantIdentity.js';
import { GraphFault } from '../../graph/graphFault.js';
import { getUser, listMembershipIds } from '../../graph/users.js';
import { parseAddress } from '../../policy/address.js';
import { howGuestCame } from '../../store/guests.js';

/** People wait for it. */
const GRAPH_TIMEOUT_MS = 5_000;

/**
 * The person that a verified id_token describes, with the groups that matter here. Graph lists the groups where the token
 * does not (the claim is not set up, or the person has more groups than a token holds), and only when the policy names
 * approvers at all. While Graph does not answer, the groups of before hold a little longer, as all rights do; a person who
 * signs in then has no groups until the next look.
 *
 * @param before the same person, as described when their rights were last read
 * @throws {EntraFault} when the token describes nobody of our tenant
 */
export async function describePerson(deps: Deps, claims: unknown, before?: Person): Promise<Person> {
  const { groups, account, ...person } = personOf(claims, deps.config.tenantId);
  if (await isGuest(deps, person, account, before)) {
    if (person.roles.length > 0) {
      deps.log.warn(
        { oid: person.oid, roles: person.roles },
        'a guest has roles of the portal, which do not count',
      );
    }
    return { ...person, roles: [], groups: [], guest: true };
  }
  return { ...person, ...(groups ? { groups } : await groupsByGraph(deps, person.oid, before)) };
}

/**
 * Whether an account is a guest's: by the token, by our own ledger, or by the directory where the token does not say. While
 * Graph does not answer, what was known before holds, and nobody new has rights.
 */
async function isGuest(
  { graph, store, log }: Deps,
  { oid }: Pick<Person, 'oid'>,
  account: number | null,
  before: Person | undefined,
): Promise<boolean> {
  const came = await howGuestCame(store.db, oid);
  // An external member that the organisation made itself may sign up too, and stays a member.
  if (account === 1 || came === 'portal' || came === 'unknown') return true;
  if (account === 0) return false;
  try {
    const { userType } = await getUser(graph, oid, AbortSignal.timeout(GRAPH_TIMEOUT_MS));
    return userType === 'Guest';
  } catch (error) {
    if (!(error instanceof GraphFault)) throw error;
    log.warn({ err: error, oid }, 'whether a person is a guest could not be read');
    return before ? before.guest === true : true;
  }
}

async function groupsByGraph(
  { graph, policy, log, limits }: Deps,
  oid: string,
  before?: Person,
): Promise<Pick<Person, 'groups' | 'groupsReadAt'>> {
  const { partners } = policy.current().policy.document;
  if (partners.every(({ approvers }) => approvers.length === 0)) return { groups: [] };
  try {
    const groups = await listMembershipIds(graph, oid, AbortSignal.timeout(GRAPH_TIMEOUT_MS));
    return { groups, groupsReadAt: Date.now() };
  } catch (error) {
    if (!(error instanceof GraphFault)) throw error;
    log.warn({ err: error, oid }, 'the groups of a person could not be read');
    const { groups = [], groupsReadAt = 0 } = before ?? {};
    const fresh = Date.now() - groupsReadAt <= limits.rightsStaleSeconds * 1000;
    return fresh ? { groups, groupsReadAt } : { groups: [] };
  }
}

// learn.microsoft.com/entra/identity-platform/id-token-claims-reference
const claimsShape = z.object({
  tid: z.guid().toLowerCase(),
  oid: z.guid().toLowerCase(),
  name: z.string().optional().catch(undefined),
  preferred_username: z.string().optional().catch(undefined),
  email: z.string().optional().catch(undefined),
  roles: z.array(z.string()).default([]),
  groups: z.array(z.string()).optional(),
  /** An optional claim: 0 for a member of the tenant, 1 for a guest. */
  acct: z.coerce.number().optional().catch(undefined),
});

/** `groups` is null where the token does not list them: too many for a token, or not set up; `account` is `acct`. */
type TokenPerson = Omit<Person, 'groups'> & { groups: string[] | null; account: number | null };

/**
 * The person that the claims of a verified id_token describe.
 *
 * @throws {EntraFault} `tenant` for people of other tenants, `token` for claims that name nobody
 */
function personOf(claims: unknown, tenantId: string): TokenPerson {
  const parsed = claimsShape.safeParse(claims);
  if (!parsed.success) throw new EntraFault('token', `claim ${String(parsed.error.issues[0]?.path[0])}`);
  const { tid, oid, name, preferred_username: username, email, roles, groups, acct } = parsed.data;
  if (tid !== tenantId) throw new EntraFault('tenant', 'a person of another tenant');
  return {
    tid,
    oid,
    name: claimText(name) ?? claimText(username) ?? oid,
    username: claimText(username) ?? null,
    addresses: addressesOf([email, username, invitedAs(username)]),
    roles: PORTAL_ROLES.filter((role) => roles.includes(role)) satisfies PortalRole[],
    groups: groups?.map((id) => id.toLowerCase()) ?? null,
    account: acct ?? null,
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
