import type { Policy } from '../policy/policy.js';
import type { Person, PortalRole } from './person.js';

/** What a page or an action requires. */
export type Right =
  | 'overview'
  | 'requests.read'
  | 'requests.decide'
  | 'policy.read'
  | 'policy.write'
  | 'audit.read'
  | 'doctor.read';

/** Requests of every partner and of none, or of the partners with these ids only. */
export type Scope = 'all' | readonly string[];

/** What a signed-in person may do, by the policy in force. */
export type Access = {
  person: Person;
  rights: ReadonlySet<Right>;
  /** Whose requests they see. */
  reads: Scope;
  /** Whose requests they decide. */
  decides: Scope;
};

const READING: Right[] = ['overview', 'requests.read', 'policy.read', 'audit.read', 'doctor.read'];

const RIGHTS: Record<PortalRole, Right[]> = {
  'Portal.Admin': [...READING, 'requests.decide', 'policy.write'],
  'Portal.Approver': ['overview', 'requests.read', 'requests.decide'],
  'Portal.Auditor': READING,
};

/** The rights of people that a partner names as its approvers. */
const DELEGATED: Right[] = ['overview', 'requests.read', 'requests.decide'];

/**
 * What a person may do: by their app roles, and for the partners that name them or one of their groups as an approver.
 * Disabled partners keep their approvers, because requests may still wait.
 */
export function accessOf(person: Person, policy: Policy): Access {
  const ids = new Set([person.oid, ...person.groups]);
  const delegated = policy.document.partners
    .filter(({ approvers }) => approvers.some((id) => ids.has(id)))
    .map(({ id }) => id);
  const byRole = person.roles.flatMap((role) => RIGHTS[role]);
  const scope = (right: Right): Scope => (byRole.includes(right) ? 'all' : delegated);
  return {
    person,
    rights: new Set([...byRole, ...(delegated.length > 0 ? DELEGATED : [])]),
    reads: scope('requests.read'),
    decides: scope('requests.decide'),
  };
}

/** Whether a scope includes the requests of a partner. Only the scope `all` includes those without a partner. */
export function covers(scope: Scope, partner: string | null): boolean {
  return scope === 'all' || (partner !== null && scope.includes(partner));
}
