import { transitiveGroupsOf } from '../directory.js';
import type { Group, User } from '../objects.js';
import type { Reply } from '../reply.js';
import { isReplicated } from '../tenant.js';
import { idParam, noContent, referencedId, type GraphCall } from './call.js';
import { badRequest, insufficientPrivileges, resourceNotFound } from './errors.js';
import { answerCount, answerOne, answerPage } from './query.js';
import { groupShape, memberOfShape, memberShape } from './shapes.js';
import { deleteUser } from './users.js';

export function listGroups(call: GraphCall): Reply {
  return answerPage(call, [...call.tenant.directory.groups.values()], groupShape);
}

export function countGroups(call: GraphCall): Reply {
  return answerCount(call, [...call.tenant.directory.groups.values()], groupShape);
}

export function getGroup(call: GraphCall): Reply {
  return answerOne(call, groupOf(call), groupShape);
}

export function listMembers(call: GraphCall): Reply {
  const ids = membersOf(call, groupOf(call));
  const members = [...ids].flatMap((id) => visibleMember(call, id) ?? []);
  return answerPage(call, members, memberShape);
}

/** The groups that a group is in, directly or through others. */
export function listTransitiveMemberOf(call: GraphCall): Reply {
  const { id } = groupOf(call);
  return answerPage(call, transitiveGroupsOf(call.tenant.directory, id), memberOfShape);
}

export function addMember(call: GraphCall): Reply {
  const group = groupOf(call);
  refuseUnsuitable(call, group);
  const id = referencedId(call.body);
  if (!visibleMember(call, id) && !call.tenant.directory.groups.has(id)) throw resourceNotFound(id);
  const members = membersOf(call, group);
  if (members.has(id)) {
    throw badRequest(
      "One or more added object references already exist for the following modified properties: 'members'.",
    );
  }
  members.add(id);
  return noContent;
}

export function removeMember(call: GraphCall): Reply {
  const group = groupOf(call);
  refuseUnsuitable(call, group);
  const id = memberParam(call, group);
  membersOf(call, group).delete(id);
  return noContent;
}

/** DELETE without `/$ref` reaches the member itself: an app that may delete users has deleted one. */
export function deleteMember(call: GraphCall): Reply {
  const id = memberParam(call, groupOf(call));
  if (call.tenant.directory.groups.has(id)) throw insufficientPrivileges();
  return deleteUser({ ...call, params: { id } });
}

/** The member of the route; one who was deleted is no member any more. */
function memberParam(call: GraphCall, group: Group): string {
  const id = idParam(call, 'memberId');
  const isThere = visibleMember(call, id) !== undefined || call.tenant.directory.groups.has(id);
  if (!isThere || !membersOf(call, group).has(id)) throw resourceNotFound(id);
  return id;
}

/** Refuses groups whose members cannot be added one by one, in Graph's own words. */
function refuseUnsuitable(call: GraphCall, group: Group): void {
  const mayManageRoles = call.tenant.settings.permissions.includes('RoleManagement.ReadWrite.Directory');
  if (group.groupTypes.includes('DynamicMembership')) throw insufficientPrivileges();
  if (group.isAssignableToRole && !mayManageRoles) throw insufficientPrivileges();
  if (group.mailEnabled && !group.groupTypes.includes('Unified')) {
    throw badRequest('Cannot Update a mail-enabled security groups and or distribution list.');
  }
  if (group.onPremisesSyncEnabled) {
    throw badRequest(
      'Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.',
    );
  }
}

function groupOf(call: GraphCall): Group {
  const id = idParam(call, 'id');
  const group = call.tenant.directory.groups.get(id);
  if (!group) throw resourceNotFound(id);
  return group;
}

function membersOf(call: GraphCall, group: Group): Set<string> {
  return call.tenant.directory.members.get(group.id) ?? new Set();
}

function visibleMember(call: GraphCall, id: string): User | undefined {
  const user = call.tenant.directory.users.get(id);
  return user?.deletedDateTime === null && isReplicated(call.tenant, user) ? user : undefined;
}
