import { seed } from './seed.js';

// The partners' tenants and their people, beside our own tenant in seed.ts.

const fabrikam = 'fab00000-0000-4000-8000-000000000001';
const litware = '117a0000-0000-4000-8000-000000000002';
const northwind = '40000000-0000-4000-8000-000000000003';
const proseware = '9205e000-0000-4000-8000-000000000004';

/** Every tenant of the simulated Entra, with its verified domains; our own comes first. Wingtip Toys has no tenant. */
export const seedTenants = [
  { id: seed.tenantId, name: seed.organization, domains: seed.verifiedDomains },
  {
    id: fabrikam,
    name: 'Fabrikam',
    domains: ['fabrikam.com', 'sales.fabrikam.com', 'fabrikam.onmicrosoft.com'],
  },
  { id: litware, name: 'Litware', domains: ['litware.com', 'litware.onmicrosoft.com'] },
  { id: northwind, name: 'Northwind', domains: ['northwind.se', 'northwind.onmicrosoft.com'] },
  { id: proseware, name: 'Proseware', domains: ['proseware.com', 'proseware.onmicrosoft.com'] },
];

const partnerPersonId = (last: number) => `66666666-0000-4000-8000-${String(last).padStart(12, '0')}`;

type PartnerPerson = {
  id: string;
  tenantId: string;
  displayName: string;
  givenName?: string;
  familyName?: string;
  userName: string;
  email: string | null;
  emailDomainVerified: boolean;
  /** Only a guest in that tenant. */
  guest?: true;
  about: string;
};

/** People of the partners, who sign in at their own tenants. */
export const seedPartnerPeople: PartnerPerson[] = [
  {
    id: partnerPersonId(1),
    tenantId: fabrikam,
    displayName: 'Ana Fabrikam',
    userName: 'ana@fabrikam.com',
    email: 'ana@fabrikam.com',
    emailDomainVerified: true,
    about: 'Her address is vouched for by her tenant',
  },
  {
    id: partnerPersonId(2),
    tenantId: fabrikam,
    displayName: 'Bo Fabrikam',
    userName: 'bo@sales.fabrikam.com',
    email: null,
    emailDomainVerified: false,
    about: 'Brings no e-mail claim, only a user name',
  },
  {
    id: partnerPersonId(3),
    tenantId: litware,
    displayName: 'Dee Litware',
    userName: 'dee@litware.com',
    email: 'dee@litware.com',
    emailDomainVerified: true,
    about: 'Her address is vouched for by her tenant',
  },
  {
    id: partnerPersonId(4),
    tenantId: litware,
    displayName: 'Mallory Litware',
    userName: 'mallory@litware.com',
    email: 'ana@fabrikam.com',
    emailDomainVerified: false,
    about: 'Claims an address of Fabrikam that is not his (nOAuth)',
  },
  {
    id: partnerPersonId(5),
    tenantId: northwind,
    displayName: 'Cy Northwind',
    userName: 'cy@northwind.se',
    email: 'cy@northwind.se',
    emailDomainVerified: true,
    about: 'His address is vouched for by his tenant',
  },
  {
    id: partnerPersonId(6),
    tenantId: proseware,
    displayName: 'Pia Holm',
    givenName: 'Pia',
    familyName: 'Holm',
    userName: 'pia@proseware.com',
    email: 'pia@proseware.com',
    emailDomainVerified: true,
    about: 'Signs in with her address',
  },
  {
    id: partnerPersonId(7),
    tenantId: proseware,
    displayName: 'Berg, Per Olof',
    userName: 'per@proseware.onmicrosoft.com',
    email: 'per.olof.berg@proseware.com',
    emailDomainVerified: true,
    about: 'Signs in with another name than his address, which his tenant vouches for',
  },
  {
    id: partnerPersonId(8),
    tenantId: proseware,
    displayName: 'Max Proseware',
    givenName: 'Max',
    familyName: 'Proseware',
    userName: 'max@proseware.onmicrosoft.com',
    email: 'pia@proseware.com',
    emailDomainVerified: false,
    about: 'Claims the address of a colleague, for which nobody vouches',
  },
  {
    id: partnerPersonId(9),
    tenantId: proseware,
    displayName: 'Gus Guest',
    givenName: 'Gus',
    familyName: 'Guest',
    userName: 'gus@proseware.com',
    email: 'gus@proseware.com',
    emailDomainVerified: true,
    guest: true,
    about: 'Is a guest there, whose name looks like a member’s',
  },
];
