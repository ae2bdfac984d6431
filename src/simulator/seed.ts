import type { AppRole, Group, ServicePrincipal } from './objects.js';

// What the simulated tenant holds when it starts. Data only: ids are fixed so that policies, tests and pages can name them.

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
};

export const seedMembers = [
  { id: '11111111-0000-4000-8000-000000000001', displayName: 'Alex Wilber', mail: 'alex@contoso.com' },
  { id: '11111111-0000-4000-8000-000000000002', displayName: 'Megan Bowen', mail: 'megan@contoso.com' },
  { id: '11111111-0000-4000-8000-000000000003', displayName: 'Adele Vance', mail: 'admin@contoso.com' },
  { id: '11111111-0000-4000-8000-000000000004', displayName: 'Lee Gu', mail: 'lee@contoso.com' },
  { id: '11111111-0000-4000-8000-000000000005', displayName: 'Diego Siciliani', mail: 'diego@contoso.com' },
];

const groupId = (last: number) => `22222222-0000-4000-8000-${String(last).padStart(12, '0')}`;

export type SeedGroup = Pick<Group, 'id' | 'displayName' | 'description'> & Partial<Group>;

export const seedGroups: SeedGroup[] = [
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
];

function role(last: number, value: string, more: Partial<AppRole> = {}): AppRole {
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

export type SeedServicePrincipal = Pick<ServicePrincipal, 'id' | 'appId' | 'displayName'> &
  Partial<ServicePrincipal>;

export const seedServicePrincipals: SeedServicePrincipal[] = [
  {
    id: '33333333-0000-4000-8000-000000000001',
    appId: '55555555-0000-4000-8000-000000000001',
    displayName: 'Contoso Wiki',
    homepage: 'https://wiki.contoso.com',
    appRoles: [
      role(1, 'Reader'),
      role(2, 'Editor', { isEnabled: false }),
      role(3, 'Wiki.Sync', { allowedMemberTypes: ['Application'] }),
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
      role(index + 11, value, { allowedMemberTypes: ['Application'] }),
    ),
  },
];

/** The CRM is reached through its group, as the product recommends. */
export const seedAssignments = [
  {
    principalId: groupId(2),
    resourceId: '33333333-0000-4000-8000-000000000002',
    appRoleId: '00000000-0000-0000-0000-000000000000',
  },
];
