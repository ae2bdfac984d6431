import { assignmentsOf, groupsOf, liveUsers, transitiveGroupsOf } from '../directory.js';
import { revokeRefreshTokens } from '../entra/refreshGrant.js';
import { graphTime, type User } from '../objects.js';
import type { Reply } from '../reply.js';
import { isReplicated } from '../tenant.js';
import { context, idParam, isGuid, noContent, param, referencedId, type GraphCall } from './call.js';
import { badRequest, insufficientPrivileges, resourceNotFound } from './errors.js';
import { requireSignInActivity } from './reports.js';
import { answerCount, answerOne, answerPage } from './query.js';
import { assignmentShape, memberOfShape, memberShape, userShape } from './shapes.js';

const MOST_SPONSORS = 5;
const MOST_GROUPS_CHECKED = 20;

/** What an app may not change of a person who holds a directory role, whatever its permissions. */
const sensitive = new Set(['accountEnabled', 'businessPhones', 'mobilePhone', 'otherMails']);

/** What PATCH may change; the rest is read-only or unknown to Graph. */
const writable = new Set<string>([
  'accountEnabled',
  'businessPhones',
  'companyName',
  'department',
  'displayName',
  'givenName',
  'jobTitle',
  'mail',
  'mobilePhone',
  'officeLocation',
  'otherMails',
  'preferredLanguage',
  'surname',
  'usageLocation',
  'userPrincipalName',
  'userType',
] satisfies (keyof User)[]);

export function listUsers(call: GraphCall): Reply {
  if (call.query.get('$select')?.split(',').includes('signInActivity')) requireSignInActivity(call);
  return answerPage(call, visibleUsers(call), userShape);
}

export function countUsers(call: GraphCall): Reply {
  return answerCount(call, visibleUsers(call), userShape);
}

export function getUser(call: GraphCall): Reply {
  return answerOne(call, visibleUser(call), userShape);
}

export function updateUser(call: GraphCall): Reply {
  const user = visibleUser(call);
  const fault = Object.keys(call.body).find((name) => !name.startsWith('@') && !writable.has(name));
  if (fault !== undefined) {
    throw badRequest(
      userShape.properties.has(fault)
        ? `Property '${fault}' is read-only and cannot be set.`
        : `Invalid property '${fault}'.`,
    );
  }
  if (Object.keys(call.body).some((name) => sensitive.has(name))) refuseProtected(call, user);
  Object.assign(user, call.body);
  return noContent;
}

/** A soft delete: look-ups no longer find the user, a restore within 30 days brings it back. */
export function deleteUser(call: GraphCall): Reply {
  const user = visibleUser(call);
  refuseProtected(call, user);
  user.deletedDateTime = graphTime();
  return noContent;
}

/**
 * Refuses to touch who holds a directory role, or is in a group that may carry one: the app would need a higher role itself.
 * The code of this refusal is UNCONFIRMED.
 */
function refuseProtected({ tenant }: GraphCall, user: User): void {
  const { directory } = tenant;
  const isProtected =
    directory.administrators.has(user.id) ||
    groupsOf(directory, user.id).some(({ isAssignableToRole }) => isAssignableToRole);
  if (isProtected) throw insufficientPrivileges();
}

/** Soft-deleted users. Their sign-in name begins with their id, so that another account may have it. */
export function listDeletedUsers(call: GraphCall): Reply {
  const deleted = [...call.tenant.directory.users.values()].filter((user) => user.deletedDateTime !== null);
  const shown = deleted.map((user) => ({
    ...user,
    userPrincipalName: `${user.id.replaceAll('-', '')}${user.userPrincipalName}`,
  }));
  return answerPage(call, shown, memberShape);
}

export function restoreUser(call: GraphCall): Reply {
  const user = call.tenant.directory.users.get(idParam(call, 'id'));
  if (!user?.deletedDateTime) throw resourceNotFound(param(call, 'id'));
  refuseProtected(call, user);
  user.deletedDateTime = null;
  return answerOne(call, user, {
    ...userShape,
    set: 'directoryObjects',
    typeOf: () => '#microsoft.graph.user',
  });
}

/** Like Graph, this does not end a guest's sessions. */
export function revokeSignInSessions(call: GraphCall): Reply {
  revokeRefreshTokens(call.tenant, visibleUser(call).id);
  return { status: 200, body: { value: true } };
}

export function listMemberOf(call: GraphCall): Reply {
  return answerPage(call, groupsOf(call.tenant.directory, visibleUser(call).id), memberOfShape);
}

/** Which of the groups in the body the user is in, directly or through others. An unknown group counts as one that they are not in. */
export function checkMemberGroups(call: GraphCall): Reply {
  const { groupIds } = call.body;
  const user = visibleUser(call);
  if (!Array.isArray(groupIds) || !groupIds.every(isGuid)) {
    throw badRequest("Invalid value specified for property 'groupIds'.");
  }
  if (groupIds.length > MOST_GROUPS_CHECKED) {
    throw badRequest(`At most ${MOST_GROUPS_CHECKED} groups can be checked in one call.`);
  }
  const wanted = new Set(groupIds.map((id) => id.toLowerCase()));
  const found = transitiveGroupsOf(call.tenant.directory, user.id).filter(({ id }) => wanted.has(id));
  return {
    status: 200,
    body: { '@odata.context': context(call, 'Collection(Edm.String)'), value: found.map(({ id }) => id) },
  };
}

export function listUserAssignments(call: GraphCall): Reply {
  return answerPage(call, assignmentsOf(call.tenant.directory, visibleUser(call).id), assignmentShape);
}

export function listSponsors(call: GraphCall): Reply {
  const { directory } = call.tenant;
  const ids = directory.sponsors.get(visibleUser(call).id) ?? [];
  const sponsors = ids.flatMap((id) => directory.users.get(id) ?? []);
  return answerPage(call, sponsors, memberShape);
}

export function addSponsor(call: GraphCall): Reply {
  const { directory } = call.tenant;
  const user = visibleUser(call);
  const sponsor = referencedId(call.body);
  if (!directory.users.has(sponsor) && !directory.groups.has(sponsor)) throw resourceNotFound(sponsor);
  const sponsors = directory.sponsors.get(user.id) ?? [];
  if (sponsors.includes(sponsor)) {
    throw badRequest(
      "One or more added object references already exist for the following modified properties: 'sponsors'.",
    );
  }
  if (sponsors.length >= MOST_SPONSORS)
    throw badRequest(`A user can have at most ${MOST_SPONSORS} sponsors.`);
  directory.sponsors.set(user.id, [...sponsors, sponsor]);
  return noContent;
}

/** The user of the route, by id or user principal name, once it is replicated. */
export function visibleUser(call: GraphCall): User {
  const key = param(call, 'id').toLowerCase();
  const { users } = call.tenant.directory;
  const user =
    users.get(key) ??
    liveUsers(call.tenant.directory).find((one) => one.userPrincipalName.toLowerCase() === key);
  if (user?.deletedDateTime === null && isReplicated(call.tenant, user)) return user;
  throw resourceNotFound(param(call, 'id'));
}

function visibleUsers(call: GraphCall): User[] {
  return liveUsers(call.tenant.directory).filter((user) => isReplicated(call.tenant, user));
}
