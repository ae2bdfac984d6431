import type * as Microsoft from '@microsoft/microsoft-graph-types';
import { z } from 'zod';
import { addUnlessThere, get, NO_CONTENT, removeIfThere, type FieldsOf, type Graph } from './graph.js';
import { findByIds, search, type Page, type SearchOptions } from './search.js';

const fields = {
  id: z.guid(),
  displayName: z.string().nullish(),
  groupTypes: z.array(z.string()).nullish(),
  securityEnabled: z.boolean().nullish(),
  mailEnabled: z.boolean().nullish(),
  isAssignableToRole: z.boolean().nullish(),
  onPremisesSyncEnabled: z.boolean().nullish(),
} satisfies FieldsOf<Microsoft.Group>;
const group = z.object(fields);

export type Group = z.infer<typeof group>;

const SELECT = Object.keys(fields).join(',');

/** @see https://learn.microsoft.com/graph/api/group-get */
export function getGroup(graph: Graph, id: string, signal?: AbortSignal): Promise<Group> {
  return get(graph, `/groups/${id}?$select=${SELECT}`, group, { signal });
}

/**
 * Groups with a word of the name that begins with `text`, also those that no guest can join (see `groupObstacle`).
 *
 * @throws {MalformedCursor}
 * @see https://learn.microsoft.com/graph/api/group-list
 */
export function searchGroups(graph: Graph, text: string, options: SearchOptions = {}): Promise<Page<Group>> {
  return search(graph, {
    path: '/groups',
    properties: ['displayName'],
    select: SELECT,
    item: group,
    text,
    ...options,
  });
}

/** The groups with these ids that exist, by id. */
export function findGroups(graph: Graph, ids: string[], signal?: AbortSignal): Promise<Map<string, Group>> {
  return findByIds(graph, { path: '/groups', select: SELECT, item: group, ids, signal });
}

/**
 * Why a guest must not or cannot be put into a group; null when nothing is against it. Graph refuses
 * most of these with the same 403 as a missing permission, and a role-assignable group would hand out
 * administrators' rights.
 */
export function groupObstacle(
  found: Group,
): 'roleAssignable' | 'dynamic' | 'onPremises' | 'mailEnabled' | null {
  if (found.isAssignableToRole) return 'roleAssignable';
  if (found.groupTypes?.includes('DynamicMembership')) return 'dynamic';
  if (found.onPremisesSyncEnabled) return 'onPremises';
  const unified = found.groupTypes?.includes('Unified') ?? false;
  if (!unified && (found.mailEnabled || found.securityEnabled === false)) return 'mailEnabled';
  return null;
}

const ALREADY_MEMBER = 'added object references already exist';

/**
 * Adds a member; one who is a member already is a success.
 *
 * @returns whether the member was added now
 * @throws {GraphFault}
 * @see https://learn.microsoft.com/graph/api/group-post-members
 */
export function addMember(
  graph: Graph,
  groupId: string,
  memberId: string,
  signal?: AbortSignal,
): Promise<{ added: boolean; requestId: string | null }> {
  const path = `/groups/${groupId}/members/$ref`;
  const body = { '@odata.id': `${graph.baseUrl}/directoryObjects/${memberId}` };
  return addUnlessThere(graph, { path, body, signal }, NO_CONTENT, ALREADY_MEMBER);
}

/** Graph knows two answers for this; the usual one is a 404. */
const NOT_A_MEMBER = 'removed object references do not exist';

/**
 * Removes a member; one who is none is a success.
 *
 * @returns whether the member was removed now
 * @throws {GraphFault} `rejected` for a group that cannot be changed, such as a dynamic one
 * @see https://learn.microsoft.com/graph/api/group-delete-members
 */
export function removeMember(
  graph: Graph,
  groupId: string,
  memberId: string,
  signal?: AbortSignal,
): Promise<{ removed: boolean; requestId: string | null }> {
  // Without `/$ref` the call would reach the person and not the membership.
  const path = `/groups/${groupId}/members/${memberId}/$ref`;
  return removeIfThere(graph, { path, signal }, NOT_A_MEMBER);
}
