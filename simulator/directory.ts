import { createHash, randomUUID } from 'node:crypto';
import type { AuditEntry } from './licences.js';
import {
  graphTime,
  newGroup,
  newServicePrincipal,
  newUser,
  type AppRoleAssignment,
  type Group,
  type NewUser,
  type ServicePrincipal,
  type User,
} from './objects.js';
import {
  seed,
  seedAssignments,
  seedGroups,
  seedMembers,
  seedMemberships,
  seedPeople,
  seedServicePrincipals,
} from './seed.js';

// What the tenant holds. Objects are as Graph shows them; what Graph does not show stands beside them.

export type Invitation = { id: string; ticket: string; userId: string; redirectUrl: string };

export type Directory = {
  users: Map<string, User>;
  /** When a user came into being by an invitation, in ms: what replication is counted from. */
  invitedAt: Map<string, number>;
  sponsors: Map<string, string[]>;
  groups: Map<string, Group>;
  members: Map<string, Set<string>>;
  /** Users who hold a directory role. */
  administrators: Set<string>;
  servicePrincipals: Map<string, ServicePrincipal>;
  assignments: AppRoleAssignment[];
  invitations: Map<string, Invitation>;
  /** The one invitation of each user that still redeems. */
  currentInvitation: Map<string, string>;
  /** The log of changes. */
  audits: AuditEntry[];
};

/** Builds the directory of the seed. */
export function createDirectory(): Directory {
  const directory: Directory = {
    users: new Map(),
    invitedAt: new Map(),
    sponsors: new Map(),
    groups: new Map(seedGroups.map((group) => [group.id, newGroup(group)])),
    members: new Map(seedGroups.map((group) => [group.id, new Set()])),
    administrators: new Set(),
    servicePrincipals: new Map(seedServicePrincipals.map((sp) => [sp.id, newServicePrincipal(sp)])),
    assignments: [],
    invitations: new Map(),
    currentInvitation: new Map(),
    audits: [],
  };
  for (const member of seedMembers) addUser(directory, { ...member, userType: 'Member' });
  for (const person of seedPeople) addPerson(directory, person);
  for (const { groupId, userId } of seedMemberships) directory.members.get(groupId)?.add(userId);
  for (const assignment of seedAssignments) assign(directory, assignment);
  return directory;
}

function addPerson(directory: Directory, person: (typeof seedPeople)[number]): void {
  const { id, displayName, userName, mailbox } = person;
  const user = addUser(directory, { id, displayName, mail: userName, userType: 'Member' });
  if (!mailbox) Object.assign(user, { mail: null, proxyAddresses: [] });
}

/** Adds a user; what is not given follows from the address and the type of user. */
export function addUser(directory: Directory, given: NewUser): User {
  const initialDomain = seed.verifiedDomains.find((domain) => domain.endsWith('.onmicrosoft.com')) ?? '';
  const user = newUser(given, initialDomain);
  directory.users.set(user.id, user);
  return user;
}

/** Records an app role assignment; the Graph operations check the rules before. */
export function assign(
  directory: Directory,
  wanted: { principalId: string; resourceId: string; appRoleId: string },
): AppRoleAssignment {
  const group = directory.groups.get(wanted.principalId);
  const principal = group ?? directory.users.get(wanted.principalId);
  const assignment: AppRoleAssignment = {
    id: createHash('sha256').update(randomUUID()).digest('base64url'),
    deletedDateTime: null,
    appRoleId: wanted.appRoleId,
    createdDateTime: graphTime(),
    principalDisplayName: principal?.displayName ?? '',
    principalId: wanted.principalId,
    principalType: group ? 'Group' : 'User',
    resourceDisplayName: directory.servicePrincipals.get(wanted.resourceId)?.displayName ?? '',
    resourceId: wanted.resourceId,
  };
  directory.assignments.push(assignment);
  return assignment;
}

/** Users that are not soft-deleted, oldest first. */
export function liveUsers(directory: Directory): User[] {
  return [...directory.users.values()].filter((user) => user.deletedDateTime === null);
}

/** The live user that owns an address, in any of the places where Entra keeps one. */
export function findUserByAddress(directory: Directory, address: string): User | undefined {
  const wanted = address.toLowerCase();
  // Compares lengths first: with ten thousand guests an invitation spends its time in this loop.
  const is = (known: string) => known.length === wanted.length && known.toLowerCase() === wanted;
  for (const user of directory.users.values()) {
    if (user.deletedDateTime !== null) continue;
    if (is(user.mail ?? '') || is(user.userPrincipalName) || user.otherMails.some(is)) return user;
    if (user.proxyAddresses.some((proxy) => is(proxy.slice('SMTP:'.length)))) return user;
  }
  return undefined;
}

export function findGroupByAddress(directory: Directory, address: string): Group | undefined {
  const wanted = address.toLowerCase();
  return [...directory.groups.values()].find((group) => group.mail?.toLowerCase() === wanted);
}

export function groupsOf(directory: Directory, userId: string): Group[] {
  return [...directory.groups.values()].filter((group) => directory.members.get(group.id)?.has(userId));
}

/** The groups that a user or a group is in, directly or through others. */
export function transitiveGroupsOf(directory: Directory, id: string): Group[] {
  const found = new Map<string, Group>();
  const pending = [id];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const parents = groupsOf(directory, next).filter((group) => !found.has(group.id));
    for (const parent of parents) found.set(parent.id, parent);
    pending.push(...parents.map((parent) => parent.id));
  }
  return [...found.values()];
}

export function assignmentsOf(directory: Directory, principalId: string): AppRoleAssignment[] {
  return directory.assignments.filter((assignment) => assignment.principalId === principalId);
}
