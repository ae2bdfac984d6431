import type { Reply } from '../reply.js';
import type { GraphCall } from './call.js';
import * as groups from './groups.js';
import { createInvitation } from './invitations.js';
import { answerPage } from './query.js';
import { getApplication, getAuthorizationPolicy } from './registration.js';
import * as apps from './servicePrincipals.js';
import { organization, organizationShape } from './shapes.js';
import { listDirectoryAudits, listSubscribedSkus } from './reports.js';
import * as users from './users.js';

/** One operation of Graph: who may call it, what it costs, what answers it. */
export type Operation = {
  method: string;
  path: RegExp;
  /** Each entry is a set of permissions of which one is needed. Source: Graph's permissions reference. */
  permissions: string[][];
  /** Resource units before modifiers. */
  units: number;
  /** Whether it counts against the limit of writes. */
  writes: boolean;
  handle: (call: GraphCall) => Reply;
};

const everything = ['Directory.Read.All', 'Directory.ReadWrite.All'];
const readUsers = ['User.ReadBasic.All', 'User.Read.All', 'User.ReadWrite.All', ...everything];
const readMembers = [
  'GroupMember.Read.All',
  'GroupMember.ReadWrite.All',
  'Group.Read.All',
  'Group.ReadWrite.All',
];
const readGroups = ['Group.ReadBasic.All', ...readMembers, ...everything];
const writeMembers = ['GroupMember.ReadWrite.All', 'Group.ReadWrite.All', 'Directory.ReadWrite.All'];
const readApps = ['Application.Read.All', 'Application.ReadWrite.All', ...everything];
const writeUsers = ['User.ReadWrite.All', 'Directory.ReadWrite.All'];
const deleteUsers = ['User.DeleteRestore.All', 'User.ReadWrite.All'];
const assignRoles = ['AppRoleAssignment.ReadWrite.All'];

/** Every operation that the simulated Graph knows, on one screen. */
export const operations: Operation[] = [
  on('POST', '/invitations', [['User.Invite.All', ...writeUsers]], createInvitation),

  on('GET', '/users', [readUsers], users.listUsers, 2),
  on('GET', '/users/$count', [readUsers], users.countUsers, 2),
  on('GET', '/users/{id}', [readUsers], users.getUser),
  on(
    'PATCH',
    '/users/{id}',
    [[...writeUsers, 'User.ReadUpdate.All', 'User.EnableDisableAccount.All']],
    users.updateUser,
  ),
  on('DELETE', '/users/{id}', [deleteUsers], users.deleteUser),
  on(
    'POST',
    '/users/{id}/revokeSignInSessions',
    [['User.RevokeSessions.All', ...writeUsers]],
    users.revokeSignInSessions,
  ),
  // Asks by POST, and writes nothing.
  on(
    'POST',
    '/users/{id}/checkMemberGroups',
    [[...readUsers, 'GroupMember.ReadBasic.All', ...readMembers]],
    users.checkMemberGroups,
    4,
    false,
  ),
  on('GET', '/users/{id}/memberOf', [readGroups], users.listMemberOf, 2),
  on('GET', '/users/{id}/sponsors', [['User.Read.All', ...writeUsers, ...everything]], users.listSponsors),
  on('POST', '/users/{id}/sponsors/$ref', [writeUsers], users.addSponsor),
  on('GET', '/users/{id}/appRoleAssignments', [[...assignRoles, ...everything]], users.listUserAssignments),
  on('POST', '/users/{id}/appRoleAssignments', [assignRoles], apps.assignUser),
  on('DELETE', '/users/{id}/appRoleAssignments/{assignmentId}', [assignRoles], apps.unassignUser),
  on(
    'GET',
    '/directory/deletedItems/microsoft.graph.user',
    [['User.Read.All', 'User.ReadWrite.All', ...everything]],
    users.listDeletedUsers,
  ),
  on('POST', '/directory/deletedItems/{id}/restore', [deleteUsers], users.restoreUser),

  on('GET', '/groups', [readGroups], groups.listGroups),
  on('GET', '/groups/$count', [readGroups], groups.countGroups),
  on('GET', '/groups/{id}', [readGroups], groups.getGroup),
  on(
    'GET',
    '/groups/{id}/transitiveMemberOf',
    [[...readMembers, ...everything]],
    groups.listTransitiveMemberOf,
    2,
  ),
  on('GET', '/groups/{id}/members', [[...readMembers, ...everything]], groups.listMembers, 3),
  on('POST', '/groups/{id}/members/$ref', [writeMembers], groups.addMember),
  on('DELETE', '/groups/{id}/members/{memberId}/$ref', [writeMembers], groups.removeMember),
  on('DELETE', '/groups/{id}/members/{memberId}', [deleteUsers], groups.deleteMember),

  on('GET', '/servicePrincipals', [readApps], apps.listServicePrincipals),
  ...['/servicePrincipals/{id}', "/servicePrincipals(appId='{appId}')"].flatMap((app) => [
    on('GET', app, [readApps], apps.getServicePrincipal),
    on('GET', `${app}/appRoleAssignedTo`, [readApps], apps.listAssignedTo),
    on('POST', `${app}/appRoleAssignedTo`, [assignRoles, readApps], apps.assignTo),
    on('DELETE', `${app}/appRoleAssignedTo/{assignmentId}`, [assignRoles], apps.unassignFrom),
  ]),

  on('GET', '/organization', [['Organization.Read.All', 'User.Read.All', ...everything]], (call) =>
    answerPage(call, [organization], organizationShape),
  ),
  on(
    'GET',
    '/subscribedSkus',
    [['LicenseAssignment.Read.All', 'Organization.Read.All', ...everything]],
    listSubscribedSkus,
    3,
  ),
  on('GET', '/auditLogs/directoryAudits', [['AuditLog.Read.All']], listDirectoryAudits),
  on('GET', '/policies/authorizationPolicy', [['Policy.Read.All']], getAuthorizationPolicy),
  on('GET', "/applications(appId='{appId}')", [readApps], getApplication),
];

function on(
  method: string,
  template: string,
  permissions: string[][],
  handle: Operation['handle'],
  units = 1,
  writes = method !== 'GET',
): Operation {
  const pattern = template.replace(/[$()]/g, '\\$&').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  return { method, path: new RegExp(`^${pattern}$`), permissions, units, writes, handle };
}
