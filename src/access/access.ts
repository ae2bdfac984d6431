import type { Policy } from '../policy/policy.js';

/** App roles of the portal's registration in Entra. */
export const PORTAL_ROLES = ['Portal.Admin', 'Portal.Approver', 'Portal.Auditor'] as const;
export type PortalRole = (typeof PORTAL_ROLES)[number];

/** A person of our tenant who has signed in, as the token and the directory describe them. */
export type Person = {
  tid: string;
  oid: string;
  name: string;
  /** Sign-in name; for people to read, never to authorise by. */
  username: string | null;
  /** Their own canonical addresses: they must not decide on a request for one of these. */
  addresses: string[];
  roles: PortalRole[];
  /** Object ids of the groups that they belong to. */
  groups: string[];
  /** A guest of ours, who never has staff rights, whatever roles and groups say. */
  guest?: boolean;
  /** When Graph named the groups, in ms since 1970; not set when the token did. */
  groupsReadAt?: number;
};

/** The key of a person in the store and in the audit trail: names and addresses change, this does not. */
export function personKey({ tid, oid }: Pick<Person, 'tid' | 'oid'>): string {
  return `${tid}/${oid}`;
}

/** What a page or an action requires. */
export type Right =
  | 'overview'
  | 'requests.read'
  | 'requests.decide'
  | 'policy.read'
  | 'policy.write'
  | 'bulk.read'
  | 'bulk.run'
  | 'licences.read'
  | 'licences.write'
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

const READING: Right[] = [
  'overview',
  'requests.read',
  'policy.read',
  'bulk.read',
  'licences.read',
  'audit.read',
  'doctor.read',
];

const RIGHTS: Record<PortalRole, Right[]> = {
  'Portal.Admin': [...READING, 'requests.decide', 'policy.write', 'bulk.run', 'licences.write'],
  'Portal.Approver': ['overview', 'requests.read', 'requests.decide'],
  'Portal.Auditor': READING,
};

/** The rights of people that a partner names as its approvers. */
const DELEGATED: Right[] = ['overview', 'requests.read', 'requests.decide'];

/**
 * What a person may do: by their app roles, and for the partners that name them or one of their groups as an approver.
 * Disabled partners keep their approvers, because requests may still wait. A guest may do nothing.
 */
export function accessOf(person: Person, policy: Policy): Access {
  if (person.guest) return { person, rights: new Set(), reads: [], decides: [] };
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
