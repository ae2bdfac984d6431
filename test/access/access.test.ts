import { accessOf, covers, type Person } from '../../src/access/access.js';
import { compilePolicy, type Policy } from '../../src/policy/policy.js';
import { validatePolicy } from '../../src/policy/validate.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';

const LIA = '55555555-0000-4000-8000-000000000005';
const GROUP = '22222222-0000-4000-8000-000000000009';

let policy: Policy;

beforeAll(async () => {
  const partners = [
    aPartner(),
    aPartner({ id: 'litware', domains: ['litware.com'], approvers: [LIA.toUpperCase()] }),
    aPartner({ id: 'northwind', domains: ['northwind.se'], approvers: [GROUP], enabled: false }),
  ];
  const validated = await validatePolicy(JSON.stringify(aPolicy({ partners })));
  if (!validated.ok) throw new Error(JSON.stringify(validated.faults));
  policy = await compilePolicy(validated.document);
});

const aPerson = (overrides: Partial<Person> = {}): Person => ({
  tid: '8a1f5c4e-6f0b-4d8e-9a53-0f2c7d9b1e10',
  oid: '55555555-0000-4000-8000-000000000001',
  name: 'Ada Admin',
  username: 'ada@contoso.com',
  addresses: ['ada@contoso.com'],
  roles: [],
  groups: [],
  ...overrides,
});

const READING = [
  'audit.read',
  'bulk.read',
  'doctor.read',
  'licences.read',
  'overview',
  'policy.read',
  'requests.read',
];
const DECIDING = ['overview', 'requests.decide', 'requests.read'];

test.each([
  ['nobody in particular may do nothing', {}, [], [], []],
  [
    'an admin may do everything',
    { roles: ['Portal.Admin'] },
    [...READING, 'bulk.run', 'licences.write', 'policy.write', 'requests.decide'].sort(),
    'all',
    'all',
  ],
  ['an approver decides requests of every partner', { roles: ['Portal.Approver'] }, DECIDING, 'all', 'all'],
  ['an auditor reads everything and changes nothing', { roles: ['Portal.Auditor'] }, READING, 'all', []],
  ['whom a partner names decides its requests alone', { oid: LIA }, DECIDING, ['litware'], ['litware']],
  ['a member of a named group too', { groups: [GROUP] }, DECIDING, ['northwind'], ['northwind']],
  [
    'named twice, they decide for both',
    { oid: LIA, groups: [GROUP] },
    DECIDING,
    ['litware', 'northwind'],
    ['litware', 'northwind'],
  ],
  [
    'an auditor whom a partner names decides its requests alone, and reads all',
    { oid: LIA, roles: ['Portal.Auditor'] },
    [...READING, 'requests.decide'].sort(),
    'all',
    ['litware'],
  ],
  ['a guest may do nothing, whatever a partner says', { oid: LIA, guest: true }, [], [], []],
  ['a guest may do nothing, whatever the token says', { roles: ['Portal.Admin'], guest: true }, [], [], []],
  [
    'two roles add up',
    { roles: ['Portal.Auditor', 'Portal.Approver'] },
    [...READING, 'requests.decide'].sort(),
    'all',
    'all',
  ],
] as [string, Partial<Person>, string[], unknown, unknown][])(
  '%s',
  (_, overrides, rights, reads, decides) => {
    const access = accessOf(aPerson(overrides), policy);
    expect([...access.rights].sort()).toEqual(rights);
    expect([access.reads, access.decides]).toEqual([reads, decides]);
  },
);

test('a scope of partners includes neither other partners nor requests without a partner', () => {
  expect(covers(['litware'], 'litware')).toBe(true);
  expect(covers(['litware'], 'fabrikam')).toBe(false);
  expect(covers(['litware'], null)).toBe(false);
  expect(covers([], 'litware')).toBe(false);
  expect(covers('all', null)).toBe(true);
});
