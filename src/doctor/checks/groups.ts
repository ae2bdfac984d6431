import { findGroups, groupObstacle } from '../../graph/groups.js';
import type { Policy } from '../../policy/policy.js';
import { finding, type CheckUp } from '../finding.js';

/** Two hundred calls, four at a time: about ten seconds. */
export const MOST_LOOKED_AT = 3_000;

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
  if (all.length > looked.length) {
    found.push(finding('groups', 'tooMany', { looked: looked.length, count: all.length }));
  }
  return found.length > 0 ? found : [finding('groups', 'usable', { count: all.length })];
};

/** Ids of the groups that guests get or that decide requests. */
function usedGroups(policy: Policy): Set<string> {
  return new Set(
    policy.document.partners.flatMap(({ id, approvers }) => [
      ...approvers,
      ...policy.grants(id).groups.map((group) => group.id),
    ]),
  );
}
