import { assignmentsOf, groupsOf, liveUsers } from './directory.js';
import type { AppRoleAssignment, User } from './objects.js';
import type { Mail } from './inbox.js';
import type { Tenant } from './tenant.js';

export type UserState = Pick<
  User,
  | 'id'
  | 'mail'
  | 'displayName'
  | 'userType'
  | 'creationType'
  | 'externalUserState'
  | 'accountEnabled'
  | 'createdDateTime'
  | 'preferredLanguage'
  | 'givenName'
  | 'surname'
  | 'companyName'
> & { sponsors: string[]; groups: string[]; appRoles: { servicePrincipalId: string; appRoleId: string }[] };

export type TenantState = {
  users: UserState[];
  groups: { id: string; displayName: string; members: string[] }[];
  mails: Mail[];
};

/** The whole tenant as it is now: without replication delay, and without soft-deleted users. */
export function describeState(tenant: Tenant): TenantState {
  const { directory } = tenant;
  const live = new Set(liveUsers(directory).map((user) => user.id));
  const assignments = new Map<string, AppRoleAssignment[]>();
  for (const assignment of directory.assignments) {
    assignments.set(assignment.principalId, [...(assignments.get(assignment.principalId) ?? []), assignment]);
  }
  return {
    users: liveUsers(directory).map((user) => describeUser(tenant, user, assignments.get(user.id) ?? [])),
    groups: [...directory.groups.values()].map(({ id, displayName }) => ({
      id,
      displayName,
      members: [...(directory.members.get(id) ?? [])].filter((member) => live.has(member)),
    })),
    mails: tenant.inbox.mails,
  };
}

/** One user with everything that was granted. */
export function describeUser(
  { directory }: Tenant,
  user: User,
  assignments: AppRoleAssignment[] = assignmentsOf(directory, user.id),
): UserState {
  return {
    id: user.id,
    mail: user.mail,
    displayName: user.displayName,
    userType: user.userType,
    creationType: user.creationType,
    externalUserState: user.externalUserState,
    accountEnabled: user.accountEnabled,
    createdDateTime: user.createdDateTime,
    preferredLanguage: user.preferredLanguage,
    givenName: user.givenName,
    surname: user.surname,
    companyName: user.companyName,
    sponsors: directory.sponsors.get(user.id) ?? [],
    groups: groupsOf(directory, user.id).map((group) => group.id),
    appRoles: assignments.map((assignment) => ({
      servicePrincipalId: assignment.resourceId,
      appRoleId: assignment.appRoleId,
    })),
  };
}
