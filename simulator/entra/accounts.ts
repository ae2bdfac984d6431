import { groupsOf } from '../directory.js';
import type { User } from '../objects.js';
import { portalRoleHolders, portalRolesOf } from '../portalRoles.js';
import { seed, seedPeople } from '../seed.js';
import { seedPartnerPeople, seedTenants } from '../seedPartners.js';
import type { Tenant } from '../tenant.js';
import { covers, type Authority } from './authorities.js';
import type { Account } from './grants.js';

/** The people that the sign-in page offers: those of the seed, and everybody with a role in the portal. */
export function offeredAccounts(tenant: Tenant, authority: Authority): Account[] {
  const { directory } = tenant;
  const offered = new Set([...seedPeople.map((person) => person.id), ...portalRoleHolders(directory)]);
  const own = [...offered]
    .flatMap((id) => directory.users.get(id) ?? [])
    .filter((user) => user.deletedDateTime === null)
    .map((user) => accountOfUser(tenant, user));
  return [...own, ...partnerAccounts()].filter((account) => covers(authority, account.tenantId));
}

/** Any person of the authority's tenants by object id, offered or not; undefined when there is none. */
export function findAccount(tenant: Tenant, authority: Authority, oid: string): Account | undefined {
  const user = tenant.directory.users.get(oid);
  const account =
    user?.deletedDateTime === null
      ? accountOfUser(tenant, user)
      : partnerAccounts().find((one) => one.oid === oid);
  return account && covers(authority, account.tenantId) ? account : undefined;
}

function accountOfUser(tenant: Tenant, user: User): Account {
  const { directory } = tenant;
  const groups = groupsOf(directory, user.id).filter((group) => group.securityEnabled);
  return {
    oid: user.id,
    tenantId: seed.tenantId,
    organization: seed.organization,
    name: user.displayName,
    givenName: user.givenName,
    familyName: user.surname,
    userName: user.userType === 'Guest' && user.mail !== null ? user.mail : user.userPrincipalName,
    email: user.mail,
    emailDomainVerified: false,
    guest: user.userType === 'Guest',
    roles: portalRolesOf(directory, user.id),
    groups: groups.map((group) => group.id),
    enabled: user.accountEnabled,
    about: seedPeople.find((person) => person.id === user.id)?.about ?? '',
  };
}

function partnerAccounts(): Account[] {
  return seedPartnerPeople.map(({ id, displayName, givenName, familyName, guest, ...person }) => ({
    ...person,
    oid: id,
    organization: seedTenants.find((one) => one.id === person.tenantId)?.name ?? '',
    name: displayName,
    givenName: givenName ?? null,
    familyName: familyName ?? null,
    guest: guest ?? false,
    roles: [],
    groups: [],
    enabled: true,
  }));
}
