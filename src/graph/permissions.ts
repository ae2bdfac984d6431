/** An application permission for Microsoft Graph that an admin grants the portal. */
export type Permission = {
  name: string;
  /** What it is for, as named in the texts. */
  purpose:
    | 'invite'
    | 'members'
    | 'readUsers'
    | 'assignRoles'
    | 'readApps'
    | 'profile'
    | 'restore'
    | 'deleteUsers'
    | 'readLicences'
    | 'readActivity';
  /**
   * `appRoles`: needed only where the policy assigns app roles directly. `wish`: the portal does more with it, and works without.
   * `undo`: only to take back what a run has done; the doctor does not ask for it. `licences`: for the report on licences, where
   * the policy names tiers.
   */
  when: 'always' | 'appRoles' | 'wish' | 'undo' | 'licences';
  /** Wider ones that do as well, though the portal should not have them. */
  coveredBy: string[];
};

const EVERYTHING = 'Directory.ReadWrite.All';
const READ_EVERYTHING = 'Directory.Read.All';

/**
 * The least that the portal needs. docs/registration.md and the doctor name exactly these; add a new one here first.
 *
 * @see https://learn.microsoft.com/graph/permissions-reference
 */
export const PERMISSIONS: Permission[] = [
  { name: 'User.Invite.All', purpose: 'invite', when: 'always', coveredBy: [EVERYTHING] },
  {
    name: 'GroupMember.ReadWrite.All',
    purpose: 'members',
    when: 'always',
    coveredBy: ['Group.ReadWrite.All', EVERYTHING],
  },
  {
    name: 'User.Read.All',
    purpose: 'readUsers',
    when: 'always',
    coveredBy: ['User.ReadWrite.All', READ_EVERYTHING, EVERYTHING],
  },
  // With this one an app can grant itself any other, hence the advice to reach apps through groups.
  { name: 'AppRoleAssignment.ReadWrite.All', purpose: 'assignRoles', when: 'appRoles', coveredBy: [] },
  {
    name: 'Application.Read.All',
    purpose: 'readApps',
    when: 'appRoles',
    coveredBy: ['Application.ReadWrite.All', READ_EVERYTHING, EVERYTHING],
  },
  // Names, organisation and language of the guests that the portal makes.
  {
    name: 'User.ReadUpdate.All',
    purpose: 'profile',
    when: 'wish',
    coveredBy: ['User.ReadWrite.All', EVERYTHING],
  },
  // Guests who were deleted, at a person's request.
  {
    name: 'User.DeleteRestore.All',
    purpose: 'restore',
    when: 'wish',
    coveredBy: ['User.ReadWrite.All'],
  },
  // The same one: guests whom an admin takes back.
  {
    name: 'User.DeleteRestore.All',
    purpose: 'deleteUsers',
    when: 'undo',
    coveredBy: ['User.ReadWrite.All'],
  },
  // How many licences there are.
  {
    name: 'LicenseAssignment.Read.All',
    purpose: 'readLicences',
    when: 'licences',
    coveredBy: ['Organization.Read.All', READ_EVERYTHING, EVERYTHING],
  },
  // When guests signed in last, and which of them governance features touched.
  { name: 'AuditLog.Read.All', purpose: 'readActivity', when: 'licences', coveredBy: [] },
];

/** For the doctor alone: without it some of its checks have no result. */
export const DOCTOR_PERMISSIONS = ['Policy.Read.All'];

/** The permission that a call needs, by its method and the first word of its path; null for one that only the doctor makes. */
export function permissionFor(method: string, path: string): Permission | null {
  const purpose = PURPOSES[`${method} ${/^\/(\w+)/.exec(path)?.[1] ?? ''}`];
  return PERMISSIONS.find((permission) => permission.purpose === purpose) ?? null;
}

const PURPOSES: Record<string, Permission['purpose']> = {
  'POST invitations': 'invite',
  'POST groups': 'members',
  'GET groups': 'members',
  'DELETE groups': 'members',
  'GET users': 'readUsers',
  // checkMemberGroups, which asks by POST.
  'POST users': 'readUsers',
  'DELETE users': 'deleteUsers',
  'GET directory': 'readUsers',
  'PATCH users': 'profile',
  'POST directory': 'restore',
  'POST servicePrincipals': 'assignRoles',
  'DELETE servicePrincipals': 'assignRoles',
  'GET servicePrincipals': 'readApps',
  'GET subscribedSkus': 'readLicences',
  'GET auditLogs': 'readActivity',
};

/** Whether a token with these roles has a permission, or a wider one. */
export function isGranted({ name, coveredBy }: Permission, roles: readonly string[]): boolean {
  return [name, ...coveredBy].some((one) => roles.includes(one));
}

/**
 * The application permissions in a token of our own, which names them as `roles`. Read for display only,
 * so its signature is not verified.
 *
 * @returns none for a token that is no JWT
 */
export function permissionsIn(token: string): string[] {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
    const { roles } = JSON.parse(payload) as { roles?: unknown };
    return Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [];
  } catch {
    return [];
  }
}
