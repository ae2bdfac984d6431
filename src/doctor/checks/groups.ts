import { concurrently } from '../../concurrently.js';
import type { Graph } from '../../graph/graph.js';
import { findGroups, groupObstacle } from '../../graph/groups.js';
import { groupsWithPortalRoles, leadsToPortalRole } from '../../graph/portalRoles.js';
import type { Policy } from '../../policy/policy.js';
import { finding, type CheckUp, type Finding } from '../finding.js';

/** Two hundred calls, four at a time: about ten seconds. */
export const MOST_LOOKED_AT = 3_000;
const CALLS_AT_ONCE = 4;

/** Every group of the policy: it exists, guests can join it, and a partner uses it. */
export const examineGroups: CheckUp = async function examineGroups({ policy: file, graph }, signal) {
  if (!file) return [];
  const { policy } = file.current();
  const all = Object.entries(policy.document.groups);
  if (all.length === 0) return [finding('groups', 'none')];
  const looked = all.slice(0, MOST_LOOKED_AT);
  const groups = await findGroups(
    graph,
    looked.map(([, { id }]) => id),
    signal,
  );
  const used = usedGroups(policy);
  const found = looked.flatMap(([key, { id, name }]) => {
    const group = groups.get(id);
    if (!group) return [finding('groups', 'missing', { name, key, id })];
    const obstacle = groupObstacle(group);
    if (obstacle !== null) return [finding('groups', obstacle, { name, key, id })];
    return used.has(id) ? [] : [finding('groups', 'unused', { name, key })];
  });
  found.push(...(await examinePortalRoles(graph, looked, groups, signal)));
  if (all.length > looked.length) {
    found.push(finding('groups', 'tooMany', { looked: looked.length, count: all.length }));
  }
  return found.length > 0 ? found : [finding('groups', 'usable', { count: all.length })];
};

/** No guest gets a role of the portal through a group. */
async function examinePortalRoles(
  graph: Graph,
  looked: [string, { id: string; name: string }][],
  existing: ReadonlyMap<string, unknown>,
  signal: AbortSignal,
): Promise<Finding[]> {
  const carriers = await groupsWithPortalRoles(graph, signal);
  if (!carriers) return [finding('groups', 'portalRolesUnseen')];
  const there = looked.filter(([, { id }]) => existing.has(id));
  const carrying: Finding[] = [];
  await concurrently(there, CALLS_AT_ONCE, async ([key, { id, name }]) => {
    if (await leadsToPortalRole(graph, id, carriers, signal)) {
      carrying.push(finding('groups', 'portalRole', { name, key, id }));
    }
  });
  return carrying;
}

/** Ids of the groups that guests get or that decide requests. */
function usedGroups(policy: Policy): Set<string> {
  return new Set(
    policy.document.partners.flatMap(({ id, approvers }) => [
      ...approvers,
      ...policy.grants(id).groups.map((group) => group.id),
    ]),
  );
}
