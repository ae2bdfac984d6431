import type { User } from '@microsoft/microsoft-graph-types';
import { z } from 'zod';
import { get, pathBelow, type FieldsOf, type Graph } from './graph.js';
import { unlessMissing } from './graphFault.js';

const fields = {
  id: z.guid(),
  mail: z.string().nullish(),
  otherMails: z.array(z.string()).nullish(),
  userPrincipalName: z.string().nullish(),
  preferredLanguage: z.string().nullish(),
  accountEnabled: z.boolean().nullish(),
} satisfies FieldsOf<User>;
const user = z.object(fields);

/** A person of the directory, with what it takes to write to them. */
export type DirectoryRecipient = z.infer<typeof user>;

const SELECT = Object.keys(fields).join(',');

/**
 * A user by object id; null when the directory has none with it.
 *
 * @see https://learn.microsoft.com/graph/api/user-get
 */
export function findRecipient(
  graph: Graph,
  id: string,
  signal: AbortSignal,
): Promise<DirectoryRecipient | null> {
  return unlessMissing(() => get(graph, `/users/${id}?$select=${SELECT}`, user, { signal }));
}

const members = z.object({ value: z.array(z.unknown()), '@odata.nextLink': z.string().optional() });
const MEMBER_TYPE = z.object({ '@odata.type': z.literal('#microsoft.graph.user') });
const PAGE_SIZE = 100;

/**
 * The users among a group's own members, the first `most` of them; null when the directory has no group with this id.
 * Groups in it are left out.
 *
 * @see https://learn.microsoft.com/graph/api/group-list-members
 */
export async function findGroupRecipients(
  graph: Graph,
  groupId: string,
  most: number,
  signal: AbortSignal,
): Promise<DirectoryRecipient[] | null> {
  const found: DirectoryRecipient[] = [];
  let path: string | null = `/groups/${groupId}/members?$select=${SELECT}&$top=${PAGE_SIZE}`;
  while (path !== null && found.length < most) {
    const at: string = path;
    const nextPage = () => get(graph, at, members, { signal });
    const page: z.infer<typeof members> | null = await unlessMissing(nextPage);
    if (!page) return null;
    for (const member of page.value) {
      const parsed = user.safeParse(member);
      if (MEMBER_TYPE.safeParse(member).success && parsed.success) found.push(parsed.data);
    }
    path = pathBelow(graph, page['@odata.nextLink']);
  }
  return found.slice(0, most);
}
