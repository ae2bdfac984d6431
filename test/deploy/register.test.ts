import { readFileSync } from 'node:fs';
import { aCloud, canRegister, GRAPH, IDENTITY, PERMISSION, SLOT_IDENTITY, type Run } from './aCloud.js';
import type { Application } from './azTenant.js';

const ON_SITE = ['--site', 'portal', '--resource-group', 'rg'];
const CALLBACK = 'https://portal.azurewebsites.net/auth/callback';
const SIGNED_OUT = 'https://portal.azurewebsites.net/signed-out';
const LEAST = ['GroupMember.ReadWrite.All', 'User.Invite.All', 'User.Read.All'];

let azure: Awaited<ReturnType<typeof aCloud>>;
afterEach(async () => {
  expect(azure.leftBehind()).toEqual([]);
  expect(azure.mistakes()).toEqual([]);
  await azure.remove();
});

async function registered(...args: string[]): Promise<Run> {
  const run = await azure.run(...args);
  expect(run).toMatchObject({ code: 0 });
  return run;
}

const changes = ({ calls }: Run) => calls.filter((call) => call.changes);
const application = () => azure.application();
const grantedTo = (principal: string) =>
  azure.cloud.assignments
    .filter(({ principalId, resourceId }) => principalId === principal && resourceId === GRAPH)
    .map(({ appRoleId }) => Object.entries(PERMISSION).find(([, { id }]) => id === appRoleId)?.[0])
    .sort();

/** What somebody granted by hand. */
const given = (principalId: string, ...names: string[]) =>
  names.map((name) => ({
    id: `by-hand-${name}`,
    principalId,
    resourceId: GRAPH,
    appRoleId: PERMISSION[name]?.id ?? '',
  }));

/** A registration that serves something else as well. */
const shared = (more: object = {}): Application => ({
  id: '77777777-0000-4000-8000-000000000001',
  appId: '77777777-0000-4000-8000-000000000002',
  displayName: 'Partner sign-up portal',
  createdDateTime: '2026-01-01T00:00:00Z',
  signInAudience: 'AzureADMyOrg',
  groupMembershipClaims: 'SecurityGroup',
  appRoles: [
    {
      id: '88888888-0000-4000-8000-000000000001',
      value: 'Other.Role',
      allowedMemberTypes: ['User'],
      isEnabled: true,
    },
    {
      id: '88888888-0000-4000-8000-000000000002',
      value: 'Portal.Admin',
      allowedMemberTypes: ['User', 'Application'],
      isEnabled: true,
    },
  ],
  optionalClaims: { idToken: [{ name: 'ctry', source: null, essential: false, additionalProperties: [] }] },
  requiredResourceAccess: [
    {
      resourceAppId: '00000003-0000-0000-c000-000000000000',
      resourceAccess: [{ id: 'mail', type: 'Scope' }],
    },
    { resourceAppId: 'another', resourceAccess: [{ id: 'x', type: 'Scope' }] },
  ],
  web: { redirectUris: ['https://other.contoso.com/cb'], logoutUrl: 'https://other.contoso.com/out' },
  passwordCredentials: [],
  ...more,
});

(canRegister ? describe : describe.skip)('deploy/register.sh', () => {
  test('makes a registration that is closed to others, without the implicit flow, and grants nothing before there is a site', async () => {
    azure = await aCloud();
    const { out } = await registered();
    expect(application()).toMatchObject({
      displayName: 'Partner sign-up portal',
      signInAudience: 'AzureADMyOrg',
      groupMembershipClaims: 'ApplicationGroup',
      web: { implicitGrantSettings: { enableIdTokenIssuance: false, enableAccessTokenIssuance: false } },
      passwordCredentials: [],
    });
    expect(application().appRoles.map(({ value }) => value)).toEqual([
      'Portal.Admin',
      'Portal.Approver',
      'Portal.Auditor',
    ]);
    expect(JSON.stringify(application().optionalClaims)).toMatch(
      /acct.*email.*family_name.*given_name.*xms_edov/,
    );
    expect(azure.cloud.grants).toMatchObject([
      { consentType: 'AllPrincipals', scope: 'openid profile email offline_access' },
    ]);
    expect(azure.cloud.assignments).toEqual([]);
    expect(out).toContain(`CLIENT_ID=${application().appId}\n`);
    expect(out).not.toContain('SECRET');
  });

  test('gives the site its addresses, its identity exactly the least of Graph’s permissions, and somebody the first role', async () => {
    azure = await aCloud();
    await registered();
    await registered(...ON_SITE, '--admin', 'bo+1@contoso.com');
    expect(application().web?.redirectUris).toEqual([CALLBACK, SIGNED_OUT]);
    expect(grantedTo(IDENTITY)).toEqual(LEAST);
    const [portal] = azure.cloud.principals.slice(-1);
    expect(azure.cloud.assignments.filter(({ resourceId }) => resourceId === portal?.id)).toMatchObject([
      { principalId: azure.cloud.users[1]?.id, appRoleId: application().appRoles[0]?.id },
    ]);
  });

  test('changes nothing when it is run again, though lists come in pages', async () => {
    azure = await aCloud({ pageSize: 2 });
    const args = [
      ...ON_SITE,
      '--vault',
      'portal-kv',
      '--admin',
      'me',
      '--multi-tenant',
      '--app-roles',
      '--doctor',
    ];
    await registered(...args);
    const before = structuredClone(azure.cloud);
    expect(changes(await registered(...args))).toEqual([]);
    expect(azure.cloud).toEqual(before);
  });

  test.each([
    [['--app-roles'], [...LEAST, 'AppRoleAssignment.ReadWrite.All', 'Application.Read.All']],
    [['--doctor'], [...LEAST, 'Policy.Read.All', 'Application.Read.All']],
    [['--undo'], [...LEAST, 'User.DeleteRestore.All']],
    [['--licences'], [...LEAST, 'LicenseAssignment.Read.All', 'AuditLog.Read.All']],
  ])('%s alone widens the permissions', async (flags, wanted) => {
    azure = await aCloud();
    const { err } = await registered(...ON_SITE, ...flags);
    expect(grantedTo(IDENTITY)).toEqual(wanted.sort());
    expect(err.includes('can get any permission')).toBe(flags.includes('--app-roles'));
  });

  test('names permissions that nobody asked for, and takes them away by --prune alone', async () => {
    azure = await aCloud({ assignments: given(IDENTITY, 'Mail.Send', 'User.Read.All') });
    const { err } = await registered(...ON_SITE);
    expect(err).toContain('Mail.Send is granted, but these options do not include it');
    expect(grantedTo(IDENTITY)).toContain('Mail.Send');
    await registered(...ON_SITE, '--prune');
    expect(grantedTo(IDENTITY)).toEqual(LEAST);
  });

  test('names what the app registration itself is granted, and leaves it', async () => {
    azure = await aCloud();
    await registered('--grant-app', '--base-url', 'https://portal.contoso.com');
    const principal = azure.cloud.principals.at(-1)?.id ?? '';
    expect(grantedTo(principal)).toEqual(LEAST);
    expect(application().web?.redirectUris?.[0]).toBe('https://portal.contoso.com/auth/callback');
    const { err } = await registered(...ON_SITE, '--prune');
    expect(err).toContain('The app registration itself is granted');
    expect(grantedTo(principal)).toEqual(LEAST);
  });

  test('keeps what others put into the registration, and uses a role of theirs that is ours by name', async () => {
    azure = await aCloud({ applications: [shared()] });
    const { err } = await registered(...ON_SITE, '--admin', 'me');
    const { appRoles, web, optionalClaims, requiredResourceAccess, groupMembershipClaims } = application();
    expect(appRoles.map(({ value }) => value)).toEqual([
      'Other.Role',
      'Portal.Admin',
      'Portal.Approver',
      'Portal.Auditor',
    ]);
    expect(web).toMatchObject({
      redirectUris: ['https://other.contoso.com/cb', CALLBACK, SIGNED_OUT],
      logoutUrl: 'https://other.contoso.com/out',
    });
    expect(JSON.stringify(optionalClaims)).toMatch(/ctry.*acct/);
    expect(JSON.stringify(requiredResourceAccess)).toMatch(/mail.*cccccccc.*another/);
    expect(groupMembershipClaims).toBe('SecurityGroup');
    expect(err).toContain('groupMembershipClaims is SecurityGroup');
    expect(azure.cloud.assignments.at(-1)?.appRoleId).toBe('88888888-0000-4000-8000-000000000002');
    expect(changes(await registered(...ON_SITE, '--admin', 'me'))).toEqual([]);
  });

  test('opens the registration to other organisations by --multi-tenant alone, and never closes it by itself', async () => {
    azure = await aCloud();
    await registered();
    await registered('--multi-tenant');
    expect(application().signInAudience).toBe('AzureADMultipleOrgs');
    const { err } = await registered();
    expect(application().signInAudience).toBe('AzureADMultipleOrgs');
    expect(err).toContain('stays open to other organisations');
  });

  test('a slot is another site with another identity', async () => {
    azure = await aCloud();
    await registered(...ON_SITE, '--slot', 'staging');
    expect(grantedTo(SLOT_IDENTITY)).toEqual(LEAST);
    expect(grantedTo(IDENTITY)).toEqual([]);
    expect(application().web?.redirectUris?.[0]).toBe(
      'https://portal-staging.azurewebsites.net/auth/callback',
    );
  });

  test('a site with a BASE_URL of its own is registered under that', async () => {
    azure = await aCloud();
    Object.assign(azure.cloud.sites.portal ?? {}, { BASE_URL: 'https://join.contoso.com/' });
    await registered(...ON_SITE);
    expect(application().web?.redirectUris).toEqual([
      'https://join.contoso.com/auth/callback',
      'https://join.contoso.com/signed-out',
    ]);
  });

  test('a dry run reads, prints each call and changes nothing', async () => {
    azure = await aCloud();
    const before = structuredClone(azure.cloud);
    const run = await registered(...ON_SITE, '--vault', 'portal-kv', '--admin', 'me', '--dry-run');
    expect(changes(run)).toEqual([]);
    expect(azure.cloud).toEqual(before);
    expect(run.out.trim().split('\n')).toHaveLength(10);
    expect(run.out).toContain(`"displayName":"Partner sign-up portal"`);
    expect(run.out).not.toContain('CLIENT_ID');
  });

  test('the committed roles keep their ids', async () => {
    azure = await aCloud();
    const { appRoles } = JSON.parse(readFileSync('deploy/registration.json', 'utf8')) as Application;
    expect(appRoles.map(({ id }) => id)).toEqual([
      '67abe25d-cdbd-49be-a7c0-5dbc276361e7',
      '93ce772c-ddd9-4c36-85df-4caf45e499e9',
      '00ffdb6a-95ed-46cc-9d4d-64dd9b88c6bd',
    ]);
  });
});
