import { groupsOf } from '../directory.js';
import type { Group, User } from '../objects.js';
import type { Reply } from '../reply.js';
import { isReplicated } from '../tenant.js';
import { idParam, noContent, referencedId, type GraphCall } from './call.js';
import { badRequest, insufficientPrivileges, resourceNotFound } from './errors.js';
import { answerCount, answerOne, answerPage } from './query.js';
import { groupShape, memberOfShape, memberShape } from './shapes.js';

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
  const { directory } = call.tenant;
  const found = new Set<string>();
  const pending = [groupOf(call).id];
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    const parents = groupsOf(directory, id).filter((group) => !found.has(group.id));
    for (const parent of parents) found.add(parent.id);
    pending.push(...parents.map((parent) => parent.id));
  }
  return answerPage(
    call,
    [...found].flatMap((id) => directory.groups.get(id) ?? []),
    memberOfShape,
  );
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
  const id = idParam(call, 'memberId');
  if (!membersOf(call, group).delete(id)) throw resourceNotFound(id);
  return noContent;
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
