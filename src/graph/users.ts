import type { User } from '@microsoft/microsoft-graph-types';
import { z } from 'zod';
import { get, NO_CONTENT, pathBelow, write, type FieldsOf, type Graph } from './graph.js';
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
  const literal = quoted(address);
  const filter = [
    `mail eq ${literal}`,
    `userPrincipalName eq ${literal}`,
    `otherMails/any(x:x eq ${literal})`,
    `proxyAddresses/any(x:x eq ${quoted(`SMTP:${address}`)})`,
    `proxyAddresses/any(x:x eq ${quoted(`smtp:${address}`)})`,
  ].join(' or ');
  // The client encodes neither `#` nor `&` in a filter.
  const path = `/users?$filter=${encodeURIComponent(filter)}&$select=${SELECT}&$top=10`;
  const { value } = await get(graph, path, z.object({ value: z.array(user) }), { signal });
  return value;
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
const deletedPage = z.object({ value: z.array(deletedUser), '@odata.nextLink': z.string().optional() });
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
  let path: string | null =
    `/directory/deletedItems/microsoft.graph.user?$select=${select}&$top=${DELETED_A_PAGE}`;
  for (let pages = 0; path !== null && pages < MOST_DELETED_PAGES; pages++) {
    const page: z.infer<typeof deletedPage> = await get(graph, path, deletedPage, { signal });
    const found = page.value.find((deleted) => addressesOf(deleted).includes(address));
    if (found) return found;
    path = pathBelow(graph, page['@odata.nextLink']);
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

const memberships = z.object({
  value: z.array(z.object({ id: z.guid() })),
  '@odata.nextLink': z.string().optional(),
});
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
  let path: string | null = `/users/${userId}/memberOf?$select=id&$top=${MEMBERSHIPS_A_PAGE}`;
  for (let pages = 0; path !== null && pages < MOST_PAGES; pages++) {
    const page: z.infer<typeof memberships> = await get(graph, path, memberships, { signal });
    ids.push(...page.value.map(({ id }) => id.toLowerCase()));
    path = pathBelow(graph, page['@odata.nextLink']);
  }
  return ids;
}

/** An OData string literal: quotes doubled. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
