import { z } from 'zod';
import { get, pagesOf, type Graph } from './graph.js';
import { GraphFault } from './graphFault.js';
import { sharedRead } from '../shared.js';

const assignment = z.object({ principalId: z.guid(), principalType: z.string().nullish() });
const parents = z.object({ value: z.array(z.object({ id: z.guid() })) });
const A_PAGE = 999;
const MOST_PAGES = 5;

/**
 * Ids of the groups that carry an app role of the portal's own registration. Their members get staff rights.
 *
 * @returns null where Graph does not show it: that takes `Application.Read.All`
 * @throws {GraphFault}
 * @see https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignedto
 */
export async function groupsWithPortalRoles(graph: Graph, signal: AbortSignal): Promise<Set<string> | null> {
  if (!(await graph.isPermitted('readApps', signal))) return null;
  const groups = new Set<string>();
  const path = `/servicePrincipals(appId='${graph.ownAppId}')/appRoleAssignedTo?$top=${A_PAGE}`;
  try {
    for await (const page of pagesOf(graph, path, assignment, { most: MOST_PAGES, signal })) {
      for (const { principalId, principalType } of page) {
        if (principalType === 'Group') groups.add(principalId.toLowerCase());
      }
    }
  } catch (error) {
    // The permission may have been taken away since the token was issued.
    if (error instanceof GraphFault && (error.kind === 'forbidden' || error.kind === 'rejected')) return null;
    throw error;
  }
  return groups;
}

const KEPT_MS = 5_000;
const READ_MS = 10_000;
/** Longer, so that a call without an answer ends as Graph's fault. */
const WITHIN_MS = 15_000;
const reads = new WeakMap<Graph, () => Promise<Set<string> | null>>();

/** The same, at most five seconds old: the steps of one request, and of a launch, share a call. @throws {GraphFault} */
export function recentGroupsWithPortalRoles(graph: Graph): Promise<Set<string> | null> {
  const read =
    reads.get(graph) ??
    sharedRead(() => groupsWithPortalRoles(graph, AbortSignal.timeout(READ_MS)), {
      forMs: KEPT_MS,
      withinMs: WITHIN_MS,
    });
  reads.set(graph, read);
  return read().catch((error: unknown) => {
    // A failure is for its callers; the next one asks again.
    reads.delete(graph);
    throw error;
  });
}

/**
 * Whether a group carries a role of the portal, itself or through a group that it is in. Entra gives the role only to direct
 * members today; that is not relied on.
 *
 * @param carriers what {@link groupsWithPortalRoles} returned
 * @throws {GraphFault}
 * @see https://learn.microsoft.com/graph/api/group-list-transitivememberof
 */
export async function leadsToPortalRole(
  graph: Graph,
  groupId: string,
  carriers: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<boolean> {
  if (carriers.size === 0) return false;
  if (carriers.has(groupId.toLowerCase())) return true;
  const path = `/groups/${groupId}/transitiveMemberOf?$select=id&$top=${A_PAGE}`;
  const { value } = await get(graph, path, parents, { signal });
  return value.some(({ id }) => carriers.has(id.toLowerCase()));
}
