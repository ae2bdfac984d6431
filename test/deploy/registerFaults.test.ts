import { aCloud, canRegister, IDENTITY, GRAPH, PERMISSION } from './aCloud.js';
import type { Application } from './azTenant.js';

const ON_SITE = ['--site', 'portal', '--resource-group', 'rg'];

let azure: Awaited<ReturnType<typeof aCloud>>;
afterEach(async () => {
  expect(azure.leftBehind()).toEqual([]);
  expect(azure.mistakes()).toEqual([]);
  await azure.remove();
});

const named = (displayName: string, number: number) =>
  ({
    id: `77777777-0000-4000-8000-00000000000${number}`,
    appId: `99999999-0000-4000-8000-00000000000${number}`,
    displayName,
    createdDateTime: `2026-01-0${number}T00:00:00Z`,
    appRoles: [],
    passwordCredentials: [],
  }) as unknown as Application;

(canRegister ? describe : describe.skip)('deploy/register.sh in trouble', () => {
  test('waits, bounded, for what has not spread through the directory', async () => {
    azure = await aCloud({ lag: 2 });
    const run = await azure.run(...ON_SITE, '--admin', 'me');
    expect(run).toMatchObject({ code: 0 });
    expect(azure.cloud.applications).toHaveLength(1);
    expect(azure.cloud.assignments).toHaveLength(4);
    expect(azure.pauses().slice(0, 2)).toEqual([2, 4]);
  });

  test('gives up after --wait and says how to go on, and then goes on', async () => {
    azure = await aCloud({ lag: 50 });
    const run = await azure.run(...ON_SITE, '--wait', '20');
    expect(run.code).toBe(1);
    expect(run.err).toContain('run the same command again');
    expect(azure.pauses()).toEqual([2, 4, 8, 16]);
    Object.assign(azure.cloud, { lag: 0, unseen: {} });
    expect(await azure.run(...ON_SITE)).toMatchObject({ code: 0 });
    expect(azure.cloud.applications).toHaveLength(1);
  });

  test('takes a permission for granted that the list did not show yet', async () => {
    azure = await aCloud({ hidden: 1 });
    const appRoleId = PERMISSION['User.Read.All']?.id ?? '';
    azure.cloud.assignments.push({ id: 'a', principalId: IDENTITY, resourceId: GRAPH, appRoleId });
    expect(await azure.run(...ON_SITE)).toMatchObject({ code: 0 });
    expect(azure.cloud.assignments).toHaveLength(3);
  });

  test('refuses to choose between registrations of one name, lists them, and takes the one that is named', async () => {
    azure = await aCloud({ applications: [1, 2, 3].map((number) => named("Bo's portal", number)) });
    const run = await azure.run('--name', "Bo's portal");
    expect(run.code).toBe(1);
    expect(run.calls.some(({ changes }) => changes)).toBe(false);
    for (const number of [1, 2, 3]) expect(run.err).toContain(`99999999-0000-4000-8000-00000000000${number}`);
    expect(await azure.run('--client-id', '99999999-0000-4000-8000-000000000002')).toMatchObject({ code: 0 });
    expect(azure.cloud.applications.map(({ appRoles }) => appRoles.length)).toEqual([0, 3, 0]);
  });

  test('leaves a registration alone that uses the id of a role for another', async () => {
    const id = '67abe25d-cdbd-49be-a7c0-5dbc276361e7';
    const foreign = {
      ...named('Partner sign-up portal', 1),
      appRoles: [{ id, value: 'Else', allowedMemberTypes: ['User'] }],
    };
    azure = await aCloud({ applications: [foreign] });
    const run = await azure.run();
    expect(run.code).toBe(1);
    expect(run.err).toContain(`${id} is Else`);
    expect(run.calls.some(({ changes }) => changes)).toBe(false);
  });

  test.each([
    ['nobody is signed in', { signedIn: false }, [], 'az login'],
    [
      'it is another tenant',
      {},
      ['--tenant', '22222222-0000-4000-8000-000000000000'],
      'az login --tenant 2222',
    ],
    [
      'no such registration',
      {},
      ['--client-id', '22222222-0000-4000-8000-000000000000'],
      'Check --client-id',
    ],
    ['no such site', { sites: {} }, ON_SITE, 'Check --site'],
    [
      'a site without an identity',
      { sites: { portal: { defaultHostName: 'p' } } },
      ON_SITE,
      'az webapp identity assign',
    ],
    ['no such person', {}, ['--admin', 'zoe@contoso.com'], 'user principal name'],
    ['no right to read', { forbidden: ['GET /applications$'] }, [], 'may read app registrations'],
    ['no right to register', { forbidden: ['POST /applications$'] }, [], 'Application Administrator'],
    ['no right to consent', { forbidden: ['POST /oauth2PermissionGrants'] }, [], 'Application Administrator'],
    [
      'no right to grant',
      { forbidden: ['POST .*appRoleAssignments'] },
      ON_SITE,
      'Privileged Role Administrator',
    ],
  ])('says what to do when there is %s', async (_name, state, args, advice) => {
    azure = await aCloud(state);
    const run = await azure.run(...args);
    expect(run.code).toBe(1);
    expect(run.err).toContain(advice);
    expect(run.err.match(/✗/g)).toHaveLength(1);
    expect(azure.pauses()).toEqual([]);
  });

  test('grants nothing that Graph of this cloud does not know', async () => {
    azure = await aCloud();
    const [graph] = azure.cloud.principals;
    if (graph) graph.appRoles = graph.appRoles.filter(({ value }) => value !== 'Policy.Read.All');
    const run = await azure.run(...ON_SITE, '--doctor');
    expect(run.code).toBe(1);
    expect(run.err).toContain('no application permission Policy.Read.All');
    expect(azure.cloud.assignments).toEqual([]);
  });

  test.each([
    [['--nonsense']],
    [['--name']],
    [['--name', '--dry-run']],
    [['--site', 'portal']],
    [['--slot', 'staging']],
    [['--app-roles']],
    [[...ON_SITE, '--grant-app']],
    [['--client-id', "x' or 1 eq 1"]],
    [['--base-url', 'http://portal.contoso.com']],
    [['--base-url', 'https://portal.contoso.com/path']],
    [['--vault', 'elsewhere.example/x']],
    [['--secret-days', '731']],
    [['--secret-days', '0']],
    [['--wait', 'a[$(touch x)]']],
  ])('%j is refused before anything is asked', async (args) => {
    azure = await aCloud();
    const run = await azure.run(...args);
    expect(run).toMatchObject({ code: 2, out: '', calls: [] });
    expect(run.err).toContain('--help');
  });

  test.each([
    'http://join.contoso.com',
    'https://join.contoso.com/path',
    '@Microsoft.KeyVault(x)',
    'https://a b',
  ])('registers no address under which the site cannot be meant: %s', async (BASE_URL) => {
    azure = await aCloud();
    Object.assign(azure.cloud.sites.portal ?? {}, { BASE_URL });
    const run = await azure.run(...ON_SITE);
    expect(run).toMatchObject({ code: 1, out: '' });
    expect(run.err).toContain('BASE_URL');
    expect(run.calls.filter(({ changes }) => changes)).toEqual([]);
  });

  test.each(['az', 'jq'])('says that %s is missing', async (tool) => {
    azure = await aCloud();
    const run = await azure.runWithout(tool);
    expect(run).toMatchObject({ code: 1, calls: [] });
    expect(run.err).toContain(`The command ${tool} is missing`);
  });

  test('--help asks nobody', async () => {
    azure = await aCloud();
    const run = await azure.run('--help');
    expect(run).toMatchObject({ code: 0, calls: [], err: '' });
    expect(run.out).toContain('--multi-tenant');
  });
});
