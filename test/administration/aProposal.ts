import { accessOf, type Access, type PortalRole } from '../../src/access/access.js';
import type { PolicyEdit } from '../../src/policy/editText.js';
import type { Deps } from '../../src/deps.js';
import { STAFF } from '../support/staff.js';

/** What somebody may do who has signed in; an admin unless told otherwise. */
export function accessFor(
  deps: Deps,
  name: keyof typeof STAFF = 'ada',
  roles: PortalRole[] = ['Portal.Admin'],
): Access {
  const person = {
    tid: deps.config.tenantId,
    oid: STAFF[name],
    name,
    username: null,
    addresses: [],
    roles,
    groups: [],
  };
  return accessOf(person, deps.policy.current().policy);
}

export const edit = (path: PolicyEdit['path'], value: unknown): PolicyEdit => ({ path, value });

/** A proposal made from the policy in force. */
export function aProposal(deps: Deps, ...edits: PolicyEdit[]) {
  return { base: deps.policy.current().hash, edits };
}
