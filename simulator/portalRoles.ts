import { randomUUID } from 'node:crypto';
import { assign, assignmentsOf, groupsOf, type Directory } from './directory.js';
import { appRole, portalId } from './seed.js';

// Who holds which role of the portal: app role assignments, as for any other app.

/** The values of the roles that a user holds, directly or through a group; each once. */
export function portalRolesOf(directory: Directory, userId: string): string[] {
  const roles = directory.servicePrincipals.get(portalId)?.appRoles ?? [];
  const principals = [userId, ...groupsOf(directory, userId).map((group) => group.id)];
  const held = new Set(
    principals
      .flatMap((id) => assignmentsOf(directory, id))
      .filter(({ resourceId }) => resourceId === portalId)
      .map(({ appRoleId }) => appRoleId),
  );
  return roles.flatMap(({ id, value }) => (held.has(id) && value !== null ? [value] : []));
}

/** The ids of all who hold a role of the portal, directly or through a group. */
export function portalRoleHolders(directory: Directory): Set<string> {
  const principals = directory.assignments.filter(({ resourceId }) => resourceId === portalId);
  return new Set(
    principals.flatMap(({ principalId }) => [principalId, ...(directory.members.get(principalId) ?? [])]),
  );
}

/** Gives a user these roles and no others; a role that the portal does not declare is declared with it. */
export function setPortalRoles(directory: Directory, userId: string, values: string[]): void {
  directory.assignments = directory.assignments.filter(
    (one) => one.principalId !== userId || one.resourceId !== portalId,
  );
  for (const value of new Set(values)) {
    assign(directory, { principalId: userId, resourceId: portalId, appRoleId: roleIdOf(directory, value) });
  }
}

function roleIdOf(directory: Directory, value: string): string {
  const roles = directory.servicePrincipals.get(portalId)?.appRoles ?? [];
  const declared = roles.find((role) => role.value === value);
  if (declared) return declared.id;
  const added = { ...appRole(0, value), id: randomUUID() };
  roles.push(added);
  return added.id;
}
