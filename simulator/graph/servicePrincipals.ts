import { assign } from '../directory.js';
import type { AppRoleAssignment, ServicePrincipal } from '../objects.js';
import type { Reply } from '../reply.js';
import { isAssignable } from '../tenant.js';
import { context, idParam, noContent, param, type GraphCall } from './call.js';
import { badRequest, resourceNotFound } from './errors.js';
import { answerOne, answerPage } from './query.js';
import { assignmentShape, servicePrincipalShape } from './shapes.js';
import { visibleUser } from './users.js';

/** Stands for "assigned, without a role"; only where the app declares no roles of its own. */
const DEFAULT_ROLE = '00000000-0000-0000-0000-000000000000';

export function listServicePrincipals(call: GraphCall): Reply {
  return answerPage(call, [...call.tenant.directory.servicePrincipals.values()], servicePrincipalShape);
}

export function getServicePrincipal(call: GraphCall): Reply {
  return answerOne(call, servicePrincipalOf(call), servicePrincipalShape);
}

export function listAssignedTo(call: GraphCall): Reply {
  const { id } = servicePrincipalOf(call);
  const { assignments: all, users } = call.tenant.directory;
  const isDeleted = (principalId: string) => Boolean(users.get(principalId)?.deletedDateTime);
  const assignments = all.filter((one) => one.resourceId === id && !isDeleted(one.principalId));
  return answerPage(call, assignments, assignmentShape);
}

/** POST /servicePrincipals/{id}/appRoleAssignedTo */
export function assignTo(call: GraphCall): Reply {
  const app = servicePrincipalOf(call);
  if (stringOf(call, 'resourceId') !== app.id) throw notAValidReference();
  return createAssignment(call, app);
}

/** POST /users/{id}/appRoleAssignments: the same, seen from the user. */
export function assignUser(call: GraphCall): Reply {
  const user = visibleUser(call);
  const app = call.tenant.directory.servicePrincipals.get(stringOf(call, 'resourceId'));
  if (stringOf(call, 'principalId') !== user.id || !app) throw notAValidReference();
  return createAssignment(call, app);
}

/** DELETE /servicePrincipals/{id}/appRoleAssignedTo/{assignmentId} */
export function unassignFrom(call: GraphCall): Reply {
  const { id } = servicePrincipalOf(call);
  return remove(call, (one) => one.resourceId === id);
}

/** DELETE /users/{id}/appRoleAssignments/{assignmentId} */
export function unassignUser(call: GraphCall): Reply {
  const { id } = visibleUser(call);
  return remove(call, (one) => one.principalId === id);
}

function createAssignment(call: GraphCall, app: ServicePrincipal): Reply {
  const principalId = stringOf(call, 'principalId');
  const appRoleId = stringOf(call, 'appRoleId');
  requirePrincipal(call, principalId);
  requireRole(app, appRoleId);
  const { assignments } = call.tenant.directory;
  const same = (one: AppRoleAssignment) =>
    one.principalId === principalId && one.resourceId === app.id && one.appRoleId === appRoleId;
  if (assignments.some(same)) throw badRequest('Permission being assigned already exists on the object');
  const assignment = assign(call.tenant.directory, { principalId, resourceId: app.id, appRoleId });
  return {
    status: 201,
    body: { '@odata.context': context(call, 'appRoleAssignments/$entity'), ...assignment },
  };
}

/** Assignment still answers this 400 for a while after reads already show the user. */
function requirePrincipal(call: GraphCall, principalId: string): void {
  const { users, groups } = call.tenant.directory;
  const user = users.get(principalId);
  const known = user?.deletedDateTime === null && isAssignable(call.tenant, user);
  if (!known && !groups.has(principalId)) throw notAValidReference();
}

function requireRole(app: ServicePrincipal, appRoleId: string): void {
  const assignable =
    app.appRoles.length === 0
      ? appRoleId === DEFAULT_ROLE
      : app.appRoles.some(
          (role) => role.id === appRoleId && role.isEnabled && role.allowedMemberTypes.includes('User'),
        );
  if (!assignable) throw badRequest(`Permission being assigned was not found on application '${app.appId}'`);
}

function remove(call: GraphCall, belongs: (assignment: AppRoleAssignment) => boolean): Reply {
  const { directory } = call.tenant;
  const id = param(call, 'assignmentId');
  const found = directory.assignments.find((one) => one.id === id && belongs(one));
  if (!found) throw resourceNotFound(id);
  directory.assignments = directory.assignments.filter((one) => one !== found);
  return noContent;
}

function servicePrincipalOf(call: GraphCall): ServicePrincipal {
  const { servicePrincipals } = call.tenant.directory;
  const appId = call.params.appId;
  const found =
    appId === undefined
      ? servicePrincipals.get(idParam(call, 'id'))
      : [...servicePrincipals.values()].find((app) => app.appId === appId.toLowerCase());
  if (!found) throw resourceNotFound(appId ?? param(call, 'id'));
  return found;
}

function stringOf(call: GraphCall, name: string): string {
  const value = call.body[name];
  if (typeof value !== 'string') throw badRequest(`Invalid value specified for property '${name}'.`);
  return value.toLowerCase();
}

function notAValidReference() {
  return badRequest('Not a valid reference update.');
}
