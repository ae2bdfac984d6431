import { Router } from 'express';
import { assignmentsOf, groupsOf, type Directory } from '../directory.js';
import type { AppRoleAssignment, User } from '../objects.js';
import { isReplicated, type Tenant } from '../tenant.js';

// A load test may make ten thousand guests; the pages show the newest.
const MOST_SHOWN = 200;
const MOST_MEMBERS_SHOWN = 30;

/** The directory as an admin would see it. */
export function directoryPages(tenant: Tenant): Router {
  const router = Router();

  router.get('/', function showDirectory(_request, response) {
    const { directory } = tenant;
    const users = [...directory.users.values()];
    const guests = users.filter((user) => user.creationType === 'Invitation').toReversed();
    response.render('directory', {
      title: 'Directory',
      guestCount: guests.length,
      guests: guests.slice(0, MOST_SHOWN).map((user) => describeUser(tenant, user)),
      members: users.filter((user) => user.creationType !== 'Invitation').slice(0, MOST_SHOWN),
      groups: [...directory.groups.values()].map((group) => ({
        group,
        kind: kindOf(group),
        memberCount: directory.members.get(group.id)?.size ?? 0,
        members: usersOf(directory, [...(directory.members.get(group.id) ?? [])].slice(-MOST_MEMBERS_SHOWN)),
      })),
      apps: [...directory.servicePrincipals.values()].map((app) => ({
        app,
        assignments: directory.assignments
          .filter(({ resourceId }) => resourceId === app.id)
          .slice(-MOST_MEMBERS_SHOWN)
          .map((assignment) => ({ assignment, role: roleName(directory, assignment) })),
      })),
    });
  });

  router.get('/users/:id', function showUser(request, response) {
    const user = tenant.directory.users.get(request.params.id);
    if (!user) {
      response
        .status(404)
        .render('message', { title: 'No such user', text: 'The directory has no such user.' });
      return;
    }
    response.render('user', { title: user.displayName, ...describeUser(tenant, user) });
  });

  return router;
}

/** All that the pages say about a user. */
function describeUser(tenant: Tenant, user: User) {
  const { directory } = tenant;
  return {
    user,
    replicated: isReplicated(tenant, user),
    groups: groupsOf(directory, user.id),
    roles: assignmentsOf(directory, user.id).map((assignment) => ({
      app: assignment.resourceDisplayName,
      role: roleName(directory, assignment),
    })),
    sponsors: usersOf(directory, directory.sponsors.get(user.id) ?? []),
  };
}

function usersOf(directory: Directory, ids: Iterable<string>): User[] {
  return [...ids].flatMap((id) => directory.users.get(id) ?? []);
}

function roleName(directory: Directory, assignment: AppRoleAssignment): string {
  const app = directory.servicePrincipals.get(assignment.resourceId);
  return app?.appRoles.find((role) => role.id === assignment.appRoleId)?.displayName ?? 'Default access';
}

function kindOf(group: {
  groupTypes: string[];
  isAssignableToRole: boolean | null;
  mailEnabled: boolean;
  onPremisesSyncEnabled: boolean | null;
}): string {
  if (group.groupTypes.includes('DynamicMembership')) return 'Dynamic';
  if (group.isAssignableToRole) return 'Role-assignable';
  if (group.mailEnabled) return 'Distribution list';
  return group.onPremisesSyncEnabled ? 'Synchronised from on-premises' : 'Security';
}
