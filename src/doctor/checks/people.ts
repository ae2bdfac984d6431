import { findGroups } from '../../graph/groups.js';
import { findUsers } from '../../graph/users.js';
import { finding, type CheckUp } from '../finding.js';
import { MOST_LOOKED_AT } from './groups.js';

/** Every approver and sponsor of the policy: each id is a user or a group of the directory. */
export const examinePeople: CheckUp = async function examinePeople({ policy, graph }, signal) {
  if (!policy) return [];
  const named = policy
    .current()
    .policy.document.partners.flatMap(({ name, approvers, invitation }) => [
      ...approvers.map((id) => ({ id, partner: name, approver: true })),
      ...invitation.sponsors.map((id) => ({ id, partner: name, approver: false })),
    ]);
  if (named.length === 0) return [finding('people', 'none')];
  const all = [...new Set(named.map(({ id }) => id))];
  const ids = all.slice(0, MOST_LOOKED_AT);
  const users = await findUsers(graph, ids, signal);
  const rest = ids.filter((id) => !users.has(id));
  const groups = await findGroups(graph, rest, signal);
  const missing = new Set(rest.filter((id) => !groups.has(id)));
  const found = named.flatMap(({ id, partner, approver }) => {
    if (missing.has(id))
      return [finding('people', approver ? 'approverMissing' : 'sponsorMissing', { id, partner })];
    const disabled = approver && users.get(id)?.accountEnabled === false;
    return disabled ? [finding('people', 'approverDisabled', { id, partner })] : [];
  });
  if (all.length > ids.length)
    found.push(finding('people', 'tooMany', { looked: ids.length, count: all.length }));
  return found.length > 0 ? found : [finding('people', 'found', { count: all.length })];
};
