import type { Subscription } from './licences.js';
import type { AppRole, NewGroup, NewServicePrincipal } from './objects.js';

// What the simulated tenant holds when it starts. Data only: ids are fixed so that policies, tests and pages can name them.

const seedSubscriptions: Subscription[] = [
  {
    skuPartNumber: 'AAD_PREMIUM',
    capabilityStatus: 'Enabled',
    enabled: 10,
    warning: 0,
    suspended: 0,
    plans: ['p1'],
    provisioningStatus: 'Success',
  },
  {
    skuPartNumber: 'FLOW_FREE',
    capabilityStatus: 'Enabled',
    enabled: 10_000,
    warning: 0,
    suspended: 0,
    plans: [],
    provisioningStatus: 'Success',
  },
];

export const seed = {
  organization: 'Contoso',
  tenantId: '8a1f5c4e-6f0b-4d8e-9a53-0f2c7d9b1e10',
  clientId: '5d3c1f72-2b9a-4c66-8f5e-71d0a4c8e902',
  /** Opens a tenant that exists in this process only: not a secret. */
  clientSecret: 'simulated-secret',
  verifiedDomains: ['contoso.com', 'contoso.onmicrosoft.com'],
  permissions: [
    'User.Invite.All',
    'GroupMember.ReadWrite.All',
    'User.Read.All',
    'AppRoleAssignment.ReadWrite.All',
    'Application.Read.All',
  ],
  subscriptions: seedSubscriptions,
};

export const seedMembers = [
  { id: '11111111-0000-4000-8000-000000000001', displayName: 'Alex Wilber', mail: 'alex@contoso.com' },
  { id: '11111111-0000-4000-8000-000000000002', displayName: 'Megan Bowen', mail: 'megan@contoso.com' },
  { id: '11111111-0000-4000-8000-000000000003', displayName: 'Adele Vance', mail: 'admin@contoso.com' },
  { id: '11111111-0000-4000-8000-000000000004', displayName: 'Lee Gu', mail: 'lee@contoso.com' },
  { id: '11111111-0000-4000-8000-000000000005', displayName: 'Diego Siciliani', mail: 'diego@contoso.com' },
];

const personId = (last: number) => `55555555-0000-4000-8000-${String(last).padStart(12, '0')}`;

/** Members who sign in at the portal, one of each kind. A member without a mailbox has no e-mail claim. */
export const seedPeople = [
  {
    id: personId(1),
    displayName: 'Ada Admin',
    userName: 'ada@contoso.com',
    mailbox: true,
    roles: ['Portal.Admin'],
    about: 'Edits policies and decides requests',
  },
  {
    id: personId(2),
    displayName: 'Arne Approver',
    userName: 'arne@contoso.com',
    mailbox: true,
    roles: ['Portal.Approver'],
    about: 'Decides requests of every partner',
  },
  {
    id: personId(3),
    displayName: 'Aud Auditor',
    userName: 'aud@contoso.com',
    mailbox: false,
    roles: ['Portal.Auditor'],
    about: 'Reads everything, changes nothing',
  },
  {
    id: personId(4),
    displayName: 'Nils Norole',
    userName: 'nils@contoso.com',
    mailbox: false,
    roles: [],
    about: 'Has no role in the portal',
  },
  {
    id: personId(5),
    displayName: 'Lia Litware',
    userName: 'lia@contoso.com',
    mailbox: true,
    roles: [],
    about: 'Has no role; a policy may name her as an approver',
  },
  {
    id: personId(6),
    displayName: 'Gro Group',
    userName: 'gro@contoso.com',
    mailbox: true,
    roles: [],
    about: 'Has no role; member of the group Northwind approvers',
  },
];

const groupId = (last: number) => `22222222-0000-4000-8000-${String(last).padStart(12, '0')}`;

export const seedGroups: NewGroup[] = [
  { id: groupId(1), displayName: 'All partners', description: 'Every guest of a partner organisation' },
  { id: groupId(2), displayName: 'CRM users', description: 'Opens Contoso CRM' },
  { id: groupId(3), displayName: 'Wiki readers', description: 'Reads the wiki' },
  { id: groupId(4), displayName: 'Supplier portal', description: 'Opens the supplier portal' },
  {
    id: groupId(5),
    displayName: 'All guests (dynamic)',
    description: 'Membership follows a rule: nobody is added by hand',
    groupTypes: ['DynamicMembership'],
    membershipRule: '(user.userType -eq "Guest")',
    membershipRuleProcessingState: 'On',
  },
  {
    id: groupId(6),
    displayName: 'Helpdesk admins',
    description: 'Carries a directory role',
    isAssignableToRole: true,
  },
  {
    id: groupId(7),
    displayName: 'Partner news',
    description: 'A distribution list',
    mail: 'partner-news@contoso.com',
    mailNickname: 'partner-news',
    mailEnabled: true,
    securityEnabled: false,
    proxyAddresses: ['SMTP:partner-news@contoso.com'],
  },
  {
    id: groupId(8),
    displayName: 'Factory floor',
    description: 'Synchronised from the local Active Directory',
    onPremisesSyncEnabled: true,
  },
  { id: groupId(9), displayName: 'Northwind approvers', description: 'Decides requests of Northwind' },
];

export const seedMemberships = [{ groupId: groupId(9), userId: personId(6) }];

/** A role that an app declares. */
export function appRole(last: number, value: string, more: Partial<AppRole> = {}): AppRole {
  return {
    id: `44444444-0000-4000-8000-${String(last).padStart(12, '0')}`,
    value,
    displayName: value,
    description: `May act as ${value}`,
    allowedMemberTypes: ['User'],
    isEnabled: true,
    origin: 'Application',
    ...more,
  };
}

/** The service principal of the portal itself. */
export const portalId = '33333333-0000-4000-8000-000000000004';

const portalRoles = ['Portal.Admin', 'Portal.Approver', 'Portal.Auditor'].map((value, index) =>
  appRole(index + 21, value),
);

export const seedServicePrincipals: NewServicePrincipal[] = [
  {
    id: '33333333-0000-4000-8000-000000000001',
    appId: '55555555-0000-4000-8000-000000000001',
    displayName: 'Contoso Wiki',
    homepage: 'https://wiki.contoso.com',
    appRoles: [
      appRole(1, 'Reader'),
      appRole(2, 'Editor', { isEnabled: false }),
      appRole(3, 'Wiki.Sync', { allowedMemberTypes: ['Application'] }),
    ],
  },
  {
    id: '33333333-0000-4000-8000-000000000002',
    appId: '55555555-0000-4000-8000-000000000002',
    displayName: 'Contoso CRM',
    homepage: 'https://crm.contoso.com',
    appRoleAssignmentRequired: true,
  },
  {
    id: '33333333-0000-4000-8000-000000000003',
    appId: '00000003-0000-0000-c000-000000000000',
    displayName: 'Microsoft Graph',
    appRoles: seed.permissions.map((value, index) =>
      appRole(index + 11, value, { allowedMemberTypes: ['Application'] }),
    ),
  },
  {
    id: portalId,
    appId: seed.clientId,
    displayName: 'Partner portal',
    appRoles: portalRoles,
  },
];

export const seedAssignments = [
  // The CRM is reached through its group, as the product recommends.
  {
    principalId: groupId(2),
    resourceId: '33333333-0000-4000-8000-000000000002',
    appRoleId: '00000000-0000-0000-0000-000000000000',
  },
  ...seedPeople.flatMap((person) =>
    portalRoles
      .filter(({ value }) => value !== null && person.roles.includes(value))
      .map((role) => ({ principalId: person.id, resourceId: portalId, appRoleId: role.id })),
  ),
];
