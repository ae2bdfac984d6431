import { findDirectoryFaults } from '../../../src/administration/directoryFaults.js';
import { examine } from '../../../src/doctor/examine.js';
import { aPartner, aPolicy, GROUPS, PORTAL } from '../../support/aPolicy.js';
import { signUpUntil } from '../../support/journey.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { signIn } from '../../support/staff.js';

// A power that is refused directly must not be had by one more hop: a group of the policy that carries a role of the portal.

let portal: TestPortal;

const INVITATION = { redirectUrl: 'https://start.contoso.com' };

beforeAll(async () => {
  portal = await startPortal({
    policy: aPolicy({
      // Without app roles nothing else needs Application.Read.All.
      apps: {},
      partners: [
        aPartner({ apps: [], groups: ['crm'], invitation: INVITATION }),
        aPartner({
          id: 'litware',
          domains: ['litware.com'],
          apps: [],
          groups: ['wiki'],
          invitation: INVITATION,
        }),
        aPartner({
          id: 'northwind',
          domains: ['northwind.se'],
          apps: [],
          groups: ['partners'],
          invitation: INVITATION,
        }),
      ],
    }),
  });
  // The group of the CRM carries Portal.Admin, and the group of the wiki is in it.
  const { graph } = portal.deps;
  await graph.call({
    method: 'POST',
    path: `/servicePrincipals/${PORTAL.servicePrincipalId}/appRoleAssignedTo`,
    body: {
      principalId: GROUPS.crm,
      resourceId: PORTAL.servicePrincipalId,
      appRoleId: PORTAL.appRoleId,
    },
  });
  await graph.call({
    method: 'POST',
    path: `/groups/${GROUPS.crm}/members/$ref`,
    body: { '@odata.id': `${graph.baseUrl}/directoryObjects/${GROUPS.wiki}` },
  });
});
afterAll(() => portal.close());

test.each([
  ['that carries one', 'ana@fabrikam.com', GROUPS.crm],
  ['that is in one that does', 'ben@litware.com', GROUPS.wiki],
])('nobody is put into a group %s', async (_, email, group) => {
  expect(await signUpUntil(portal, 'held', email)).toMatchObject({ reason: 'groupUnusable' });
  const joins = await portal.tenant.graphCalls('POST', new RegExp(`${group}/members`));
  expect(joins.filter(({ requestBody }) => !JSON.stringify(requestBody).includes(GROUPS.wiki))).toEqual([]);
});

test('other groups are given as ever', async () => {
  await signUpUntil(portal, 'provisioned', 'cy@northwind.se');
});

test('the preview refuses such a group, also one that was good when it was entered', async () => {
  const reading = await portal.deps.policy.readDraft(JSON.stringify(aPolicy()));
  if (reading.kind !== 'loaded') throw new Error('The draft is faulty');
  const { faults } = await findDirectoryFaults(portal.deps, reading.loaded);
  const refused = faults.filter(({ code }) => code === 'directory.portalRole');
  expect(refused.map(({ path }) => path)).toEqual(['groups.crm.id', 'groups.wiki.id']);
});

test('the doctor finds it, and says when it cannot see', async () => {
  const codes = async () =>
    (await examine(portal.deps)).flatMap(({ check, code, values }) =>
      check === 'groups' && code.startsWith('portalRole') ? [[code, values.key]] : [],
    );
  expect(await codes()).toEqual([
    ['portalRole', 'crm'],
    ['portalRole', 'wiki'],
  ]);
  await portal.tenant.settings({
    permissions: ['User.Invite.All', 'GroupMember.ReadWrite.All', 'User.Read.All'],
  });
  expect(await codes()).toEqual([['portalRolesUnseen', undefined]]);
});

describe('guests have no staff rights', () => {
  async function answerTo(id: string): Promise<number> {
    const visitor = portal.visitor();
    await signIn(visitor, portal.tenant, id);
    return (await visitor.get('/admin')).status;
  }
  const portalRoles = ['Portal.Admin'];
  const upn = (name: string) => `${name}_fabrikam.com#EXT#@contoso.onmicrosoft.com`;

  afterEach(() => portal.tenant.settings({ acctClaim: true }));

  test('by the token', async () => {
    const { id } = await portal.tenant.addUser({ mail: 'g1@fabrikam.com', userType: 'Guest', portalRoles });
    expect(await answerTo(id)).toBe(403);
    expect(portal.logged()).toContainEqual(
      expect.objectContaining({ level: 'warn', msg: 'a guest has roles of the portal, which do not count' }),
    );
  });

  test('by the directory, where the token does not say', async () => {
    await portal.tenant.settings({ acctClaim: false });
    const { id } = await portal.tenant.addUser({ mail: 'g2@fabrikam.com', userType: 'Guest', portalRoles });
    expect(await answerTo(id)).toBe(403);
  });

  test('by the sign-in name, where neither says', async () => {
    await portal.tenant.settings({ acctClaim: false });
    const { id } = await portal.tenant.addUser({
      mail: 'g3@fabrikam.com',
      userType: 'Member',
      userPrincipalName: upn('g3'),
      portalRoles,
    });
    await portal.tenant.fault({ on: 'graph', path: `^/users/${id}`, fault: { kind: 'status', status: 503 } });
    expect(await answerTo(id)).toBe(403);
  });

  test('whom the portal invited, even as a member', async () => {
    await portal.tenant.settings({ permissions: PERMISSIONS });
    await signUpUntil(portal, 'provisioned', 'di@northwind.se');
    const { id = '' } = (await portal.tenant.guest('di@northwind.se')) ?? {};
    await fetch(`${portal.tenant.peopleUrl}/control/users/${id}`, {
      method: 'PATCH',
      body: JSON.stringify({ userType: 'Member', portalRoles }),
      headers: { 'content-type': 'application/json' },
    });
    expect(await answerTo(id)).toBe(403);
  });

  test('an external member whom the organisation made itself may be staff', async () => {
    const { id } = await portal.tenant.addUser({
      mail: 'g4@fabrikam.com',
      userType: 'Member',
      userPrincipalName: upn('g4'),
      portalRoles,
    });
    expect(await answerTo(id)).toBe(200);
  });
});

const PERMISSIONS = ['User.Invite.All', 'GroupMember.ReadWrite.All', 'User.Read.All', 'Application.Read.All'];
