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
  /** When Graph named the groups, in ms since 1970; not set when the token did. */
  groupsReadAt?: number;
};

/** The key of a person in the store and in the audit trail: names and addresses change, this does not. */
export function personKey({ tid, oid }: Pick<Person, 'tid' | 'oid'>): string {
  return `${tid}/${oid}`;
}
