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
  /** Canonical addresses that are theirs: whoever asks for access with one of these must not decide on it. */
  addresses: string[];
  roles: PortalRole[];
  /** Object ids of the groups that they belong to. */
  groups: string[];
  /** In ms since 1970: when the directory said so; not set where the token did. */
  groupsReadAt?: number;
};

/** What a person is known by in the store and in the audit trail: names and addresses change, this does not. */
export function personKey({ tid, oid }: Pick<Person, 'tid' | 'oid'>): string {
  return `${tid}/${oid}`;
}
