import type { User } from '@microsoft/microsoft-graph-types';
import { z } from 'zod';
import { inChunks } from '../inChunks.js';
import { getInBatches } from './batch.js';
import { get, NO_CONTENT, pagesOf, removeIfThere, write, type FieldsOf, type Graph } from './graph.js';
import { GraphFault } from './graphFault.js';
import { findByIds, search, type Page, type SearchOptions } from './search.js';

const fields = {
  id: z.guid(),
  userPrincipalName: z.string().nullish(),
  mail: z.string().nullish(),
  otherMails: z.array(z.string()).nullish(),
  proxyAddresses: z.array(z.string()).nullish(),
  userType: z.string().nullish(),
  creationType: z.string().nullish(),
  externalUserState: z.string().nullish(),
  accountEnabled: z.boolean().nullish(),
} satisfies FieldsOf<User>;
const user = z.object(fields);

export type DirectoryUser = z.infer<typeof user>;

const SELECT = Object.keys(fields).join(',');

/**
 * Finds who answers to a canonical address in our directory: by mail, by alias, or by sign-in name.
 * A contact conflict leaves `proxyAddresses` empty, hence the several places.
 *
 * @see https://learn.microsoft.com/graph/api/user-list
 */
export async function findUsersByAddress(
  graph: Graph,
  address: string,
  signal?: AbortSignal,
): Promise<DirectoryUser[]> {
  const { value } = await get(graph, pathToAddress(address), usersFound, { signal });
  return value;
}

/**
 * The same for many addresses, twenty a call.
 *
 * @returns in the order of the addresses; a fault in the place of one that could not be looked for
 * @throws {GraphFault} when Graph takes no batch
 * @see https://learn.microsoft.com/graph/json-batching
 */
export async function findUsersByAddresses(
  graph: Graph,
  addresses: readonly string[],
  signal?: AbortSignal,
): Promise<(DirectoryUser[] | GraphFault)[]> {
  const calls = addresses.map((address) => ({ path: pathToAddress(address) }));
  const found = await getInBatches(graph, calls, usersFound, { signal });
  return found.map((one) => (one instanceof GraphFault ? one : one.value));
}

const usersFound = z.object({ value: z.array(user) });

function pathToAddress(address: string): string {
  const literal = quoted(address);
  const filter = [
    `mail eq ${literal}`,
    `userPrincipalName eq ${literal}`,
    `otherMails/any(x:x eq ${literal})`,
    `proxyAddresses/any(x:x eq ${quoted(`SMTP:${address}`)})`,
    `proxyAddresses/any(x:x eq ${quoted(`smtp:${address}`)})`,
  ].join(' or ');
  // The client encodes neither `#` nor `&` in a filter.
  return `/users?$filter=${encodeURIComponent(filter)}&$select=${SELECT}&$top=10`;
}

/** One account by its object id. @throws {GraphFault} `notFound`, also for a guest that is not replicated yet */
export function getUser(graph: Graph, id: string, signal?: AbortSignal): Promise<DirectoryUser> {
  return get(graph, `/users/${id}?$select=${SELECT}`, user, { signal });
}

export type Profile = Pick<User, 'givenName' | 'surname' | 'companyName' | 'preferredLanguage'>;

/**
 * Changes what an account says of a person; what is left out stays.
 *
 * @throws {GraphFault}
 * @see https://learn.microsoft.com/graph/api/user-update
 */
export function updateProfile(
  graph: Graph,
  id: string,
  profile: Profile,
  signal?: AbortSignal,
): Promise<{ requestId: string | null }> {
  return write(graph, { method: 'PATCH', path: `/users/${id}`, body: profile, signal }, NO_CONTENT);
}

const deletedUser = z.object({
  id: z.guid(),
  mail: z.string().nullish(),
  otherMails: z.array(z.string()).nullish(),
  userPrincipalName: z.string().nullish(),
  deletedDateTime: z.string().nullish(),
} satisfies FieldsOf<User>);
const DELETED_A_PAGE = 999;
const MOST_DELETED_PAGES = 5;

export type DeletedUser = z.infer<typeof deletedUser>;

/**
 * An account with this canonical address that was deleted within the last 30 days, as far as five pages of them show.
 *
 * @throws {GraphFault}
 * @see https://learn.microsoft.com/graph/api/directory-deleteditems-list
 */
export async function findDeletedUser(
  graph: Graph,
  address: string,
  signal?: AbortSignal,
): Promise<DeletedUser | null> {
  const select = Object.keys(deletedUser.shape).join(',');
  const path = `/directory/deletedItems/microsoft.graph.user?$select=${select}&$top=${DELETED_A_PAGE}`;
  for await (const page of pagesOf(graph, path, deletedUser, { most: MOST_DELETED_PAGES, signal })) {
    const found = page.find((deleted) => addressesOf(deleted).includes(address));
    if (found) return found;
  }
  return null;
}

const restored = z.object({ id: z.guid() });

/**
 * Restores an account that was deleted within the last 30 days.
 *
 * @throws {GraphFault}
 * @see https://learn.microsoft.com/graph/api/directory-deleteditems-restore
 */
export async function restoreUser(graph: Graph, id: string, signal?: AbortSignal): Promise<void> {
  const path = `/directory/deletedItems/${id}/restore`;
  await write(graph, { method: 'POST', path, body: {}, signal }, { status: 200, shape: restored });
}

function addressesOf({ mail, otherMails, userPrincipalName }: DeletedUser): string[] {
  // A deleted account's sign-in name begins with its id.
  const name = userPrincipalName?.replace(/^[0-9a-f]{32}/i, '');
  return [mail, name, ...(otherMails ?? [])].flatMap((address) => address?.toLowerCase() ?? []);
}

const personFields = {
  id: z.guid(),
  displayName: z.string().nullish(),
  userPrincipalName: z.string().nullish(),
  userType: z.string().nullish(),
} satisfies FieldsOf<User>;
const foundUser = z.object(personFields);

/** A person of the directory, by the names that people know. */
export type FoundUser = z.infer<typeof foundUser>;

/**
 * People with a word of the name, or a mail address or sign-in name, that begins with `text`.
 *
 * @throws {MalformedCursor}
 * @see https://learn.microsoft.com/graph/api/user-list
 */
export function searchUsers(
  graph: Graph,
  text: string,
  options: SearchOptions = {},
): Promise<Page<FoundUser>> {
  return search(graph, {
    path: '/users',
    properties: ['displayName', 'mail', 'userPrincipalName'],
    select: Object.keys(personFields).join(','),
    item: foundUser,
    text,
    ...options,
  });
}

/** The people with these ids that exist, by id, with the names that people know. */
export function findPeople(
  graph: Graph,
  ids: string[],
  signal?: AbortSignal,
): Promise<Map<string, FoundUser>> {
  const select = Object.keys(personFields).join(',');
  return findByIds(graph, { path: '/users', select, item: foundUser, ids, signal });
}

const accountFields = {
  id: z.guid(),
  accountEnabled: z.boolean().nullish(),
} satisfies FieldsOf<User>;
const account = z.object(accountFields);

/** The people with these ids that exist, by id. */
export function findUsers(
  graph: Graph,
  ids: string[],
  signal?: AbortSignal,
): Promise<Map<string, z.infer<typeof account>>> {
  const select = Object.keys(accountFields).join(',');
  return findByIds(graph, { path: '/users', select, item: account, ids, signal });
}

const membership = z.object({ id: z.guid() });
const MEMBERSHIPS_A_PAGE = 999;
/** With more than 2,048 groups, Entra gives no token. */
const MOST_PAGES = 5;

/**
 * Ids of the groups, directory roles and administrative units that a user is a direct member of.
 *
 * @throws {GraphFault}
 * @see https://learn.microsoft.com/graph/api/user-list-memberof
 */
export async function listMembershipIds(
  graph: Graph,
  userId: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const ids: string[] = [];
  const path = `/users/${userId}/memberOf?$select=id&$top=${MEMBERSHIPS_A_PAGE}`;
  for await (const page of pagesOf(graph, path, membership, { most: MOST_PAGES, signal }))
    ids.push(...page.map(({ id }) => id.toLowerCase()));
  return ids;
}

/** How many groups one call checks. */
const GROUPS_CHECKED = 20;
const memberOf = z.object({ value: z.array(z.string()) });

/**
 * Which of these groups a user is in, directly or through others.
 *
 * @returns their ids in lower case
 * @throws {GraphFault} `notFound` also for a guest that is not replicated yet
 * @see https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups
 */
export async function checkMemberGroups(
  graph: Graph,
  userId: string,
  groupIds: readonly string[],
  signal?: AbortSignal,
): Promise<Set<string>> {
  const [found = new Set<string>()] = await checkMemberGroupsOfMany(graph, [userId], groupIds, signal);
  if (found instanceof GraphFault) throw found;
  return found;
}

/**
 * The same for many users, twenty a call.
 *
 * @returns in the order of the users; a fault in the place of one who could not be checked against every group
 * @throws {GraphFault} when Graph takes no batch
 */
export async function checkMemberGroupsOfMany(
  graph: Graph,
  userIds: readonly string[],
  groupIds: readonly string[],
  signal?: AbortSignal,
): Promise<(Set<string> | GraphFault)[]> {
  const pieces = inChunks([...new Set(groupIds)], GROUPS_CHECKED);
  const calls = userIds.flatMap((id) =>
    pieces.map((piece) => ({
      method: 'POST' as const,
      path: `/users/${id}/checkMemberGroups`,
      body: { groupIds: piece },
    })),
  );
  const found = await getInBatches(graph, calls, memberOf, { signal });
  return userIds.map((_, index) => {
    const own = found.slice(index * pieces.length, (index + 1) * pieces.length);
    const fault = own.find((one) => one instanceof GraphFault);
    if (fault) return fault;
    const ids = own.flatMap((one) => (one instanceof GraphFault ? [] : one.value));
    return new Set(ids.map((id) => id.toLowerCase()));
  });
}

/**
 * Deletes an account, which can be restored for 30 days. One that is gone is a success.
 *
 * @returns whether it was deleted now
 * @throws {GraphFault} `rejected` for one who holds a directory role; `forbidden` without User.DeleteRestore.All
 * @see https://learn.microsoft.com/graph/api/user-delete
 */
export async function deleteUser(
  graph: Graph,
  id: string,
  signal?: AbortSignal,
): Promise<{ deleted: boolean; requestId: string | null }> {
  const { removed, requestId } = await removeIfThere(graph, { path: `/users/${id}`, signal });
  return { deleted: removed, requestId };
}

/** An OData string literal: quotes doubled. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
