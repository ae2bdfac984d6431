import { readFile, writeFile } from 'node:fs/promises';
import { aPartner, aPolicy, GROUPS, WIKI } from '../../../support/aPolicy.js';
import { fill, formOf, save } from '../../../support/formOf.js';
import { signUpUntil } from '../../../support/journey.js';
import { faultsOf, textOf, valueOf } from '../../../support/page.js';
import { startPortal, type TestPortal } from '../../../support/portal.js';
import type { Visitor } from '../../../support/visitor.js';

let portal: TestPortal;
let ada: Visitor;

const SUPPLIERS = '22222222-0000-4000-8000-000000000004';
const { crm, partners } = GROUPS;
const POLICY = aPolicy({
  groups: {
    partners: { id: partners, name: 'All partners' },
    crm: { id: crm, name: 'CRM users' },
    idle: { id: GROUPS.wiki, name: 'Wiki readers' },
  },
  partners: [aPartner({ groups: ['partners'] })],
});

beforeAll(async () => {
  portal = await startPortal();
  ada = await portal.staff('ada');
});
afterAll(() => portal.close());
beforeEach(async () => {
  await portal.tenant.clearFaults();
  await writeFile(portal.policyFile, JSON.stringify(POLICY, null, 2));
  await portal.deps.policy.reload();
  expect(portal.deps.policy.faults()).toEqual([]);
});

type Written = { groups: Record<string, unknown>; apps: Record<string, unknown> };
const written = async () => JSON.parse(await readFile(portal.policyFile, 'utf8')) as Written;

test('a group that is chosen from the directory, an app that it opens, and a guest who gets both', async () => {
  const chosen = await fill(ada, '/admin/groups/new', { use: SUPPLIERS });
  expect(chosen.status).toBe(200);
  const shown = formOf(chosen.text, '/admin/groups/new');
  expect(shown).toMatchObject({ id: SUPPLIERS, name: 'Supplier portal', key: 'supplier-portal' });
  await save(ada, (await ada.postRaw('/admin/groups/new', shown)).text);
  expect((await written()).groups).toMatchObject({
    'supplier-portal': { id: SUPPLIERS, name: 'Supplier portal' },
  });

  const app = { key: 'supply', name: 'Supply', url: 'https://supply.contoso.com', groups: 'supplier-portal' };
  await save(ada, (await fill(ada, '/admin/apps/new', app)).text);
  expect((await written()).apps.supply).toEqual({
    name: 'Supply',
    url: app.url,
    groups: ['supplier-portal'],
  });

  await save(ada, (await fill(ada, '/admin/partners/fabrikam', { apps: ['crm', 'supply'] })).text);
  await signUpUntil(portal, 'provisioned', 'ana@fabrikam.com');
  const guest = await portal.tenant.guest('ana@fabrikam.com');
  expect(guest?.groups).toContain(SUPPLIERS);
});

test('an app is chosen with its role from the directory', async () => {
  const found = await fill(ada, '/admin/apps/new', { appsSearch: 'wiki', find: 'apps', key: 'kb' });
  expect(found.text).toContain(`name="use" value="${WIKI.servicePrincipalId}"`);
  const { text } = await ada.postRaw('/admin/apps/new', {
    ...formOf(found.text, '/admin/apps/new'),
    use: WIKI.servicePrincipalId,
  });
  const shown = formOf(text, '/admin/apps/new');
  expect(shown).toMatchObject({ key: 'kb', name: 'Contoso Wiki', url: 'https://wiki.contoso.com', ...WIKI });
  expect(textOf(text)).toContain('Reader chosen');
  const role = await ada.postRaw('/admin/apps/new', { ...shown, appRoleId: '', useRole: WIKI.appRoleId });
  const preview = await ada.postRaw('/admin/apps/new', formOf(role.text, '/admin/apps/new'));
  await save(ada, preview.text);
  expect((await written()).apps.kb).toEqual({
    name: 'Contoso Wiki',
    url: 'https://wiki.contoso.com',
    ...WIKI,
  });
});

test.each([
  ['a dynamic group', 'groups', GROUPS.dynamic, 'A rule decides'],
  ['a role-assignable group', 'groups', GROUPS.roleAssignable, 'directory roles'],
  ['a synchronised group', 'groups', GROUPS.onPremises, 'local Active Directory'],
  ['a distribution list', 'groups', GROUPS.distribution, 'distribution list'],
  ['Microsoft Graph', 'apps', '33333333-0000-4000-8000-000000000003', 'whole tenant'],
])('%s is refused with the reason, chosen or typed', async (_, kind, id, reason) => {
  const chosen = await fill(ada, `/admin/${kind}/new`, { use: id, name: 'Mine' });
  expect(chosen.status).toBe(200);
  expect(textOf(chosen.text)).toContain(reason);
  expect(valueOf(chosen.text, 'name')).toBe('Mine');

  const typed =
    kind === 'groups'
      ? { key: 'bad', name: 'Bad', id }
      : {
          key: 'bad',
          name: 'Bad',
          url: 'https://bad.contoso.com',
          servicePrincipalId: id,
          appRoleId: WIKI.appRoleId,
        };
  const preview = await fill(ada, `/admin/${kind}/new`, typed);
  expect(preview.status).toBe(422);
  expect(faultsOf(preview.text).map(([field]) => field)).toEqual([
    kind === 'groups' ? 'id' : 'servicePrincipalId',
  ]);
  expect(formOf(preview.text, `/admin/${kind}/new`)).toMatchObject(typed);
});

test.each([
  ['groups', { key: '', name: 'X', id: SUPPLIERS }, 'key'],
  ['groups', { key: 'crm', name: 'X', id: SUPPLIERS }, 'key'],
  ['groups', { key: 'a b', name: 'X', id: SUPPLIERS }, 'key'],
  ['groups', { key: '__proto__', name: 'X', id: SUPPLIERS }, 'key'],
  ['groups', { key: 'x', name: '', id: SUPPLIERS }, 'name'],
  ['groups', { key: 'x', name: 'X', id: 'supplier portal' }, 'id'],
  ['apps', { key: 'x', name: 'X', url: 'http://x.example', groups: 'crm' }, 'url'],
  ['apps', { key: 'x', name: 'X', url: 'https://x.example' }, 'groups'],
  ['apps', { key: 'x', name: 'X', url: 'https://x.example', groups: 'gone' }, 'groups'],
  ['apps', { key: 'x', name: 'X', url: 'https://x.example', appRoleId: 'x' }, 'appRoleId'],
  [
    'apps',
    { key: 'x', name: 'X', url: 'https://x.example', appRoleId: WIKI.appRoleId },
    'servicePrincipalId',
  ],
])('a faulty entry of %s (%j) is refused at its field', async (kind, typed, field) => {
  const { status, text } = await fill(ada, `/admin/${kind}/new`, typed);
  expect(status).toBe(422);
  expect(faultsOf(text).map(([name]) => name)).toContain(field);
  expect(valueOf(text, 'name')).toBe(typed.name);
});

test.each(['/admin/groups/crm', '/admin/apps/crm', '/admin/apps/wiki'])(
  '%s unchanged has nothing to save',
  async (path) => {
    expect(textOf((await fill(ada, path)).text)).toContain('Nothing to save');
  },
);

test('an app and a group are changed', async () => {
  await save(ada, (await fill(ada, '/admin/groups/crm', { name: 'CRM people' })).text);
  await save(
    ada,
    (await fill(ada, '/admin/apps/wiki', { servicePrincipalId: '', appRoleId: '', groups: 'idle' })).text,
  );
  const { groups, apps } = await written();
  expect(groups.crm).toEqual({ id: crm, name: 'CRM people' });
  expect(apps.wiki).toEqual({ name: 'Wiki', url: 'https://wiki.contoso.com', groups: ['idle'] });
});

describe('removing', () => {
  test.each([
    ['/admin/groups/crm', ['Contoso CRM']],
    ['/admin/groups/partners', ['Contoso CRM', 'Fabrikam']],
    ['/admin/apps/crm', ['Fabrikam']],
  ])('%s is refused with who uses it', async (path, users) => {
    const { text } = await ada.get(path);
    expect(text).not.toContain(`${path}/remove`);
    const fields = formOf(text, path);
    const answer = await ada.postRaw(`${path}/remove`, fields);
    expect(answer.status).toBe(409);
    const list = answer.text.slice(answer.text.indexOf('id="uses"'));
    expect([...list.matchAll(/<a href="\/admin\/[^"]+">([^<]+)</g)].map(([, name]) => name)).toEqual(users);
  });

  test('what nobody uses goes', async () => {
    await save(ada, (await fill(ada, '/admin/groups/idle', {}, '/admin/groups/idle/remove')).text);
    await save(ada, (await fill(ada, '/admin/apps/wiki', {}, '/admin/apps/wiki/remove')).text);
    const { groups, apps } = await written();
    expect(Object.keys(groups)).toEqual(['partners', 'crm']);
    expect(Object.keys(apps)).toEqual(['crm']);
  });

  test('what is not there is not found', async () => {
    const fields = formOf((await ada.get('/admin/groups/crm')).text, '/admin/groups/crm');
    for (const path of ['/admin/groups/toString', '/admin/apps/__proto__', '/admin/groups/nothing']) {
      expect((await ada.get(path)).status).toBe(404);
      expect((await ada.postRaw(`${path}/remove`, fields)).status).toBe(404);
    }
  });
});

test('a group that somebody else has changed is shown with both versions', async () => {
  const { text } = await ada.get('/admin/groups/crm');
  await writeFile(
    portal.policyFile,
    JSON.stringify({ ...POLICY, groups: { ...(POLICY.groups as object), crm: { id: crm, name: 'Theirs' } } }),
  );
  const answer = await ada.postRaw('/admin/groups/crm', {
    ...formOf(text, '/admin/groups/crm'),
    name: 'Mine',
  });
  expect(answer.status).toBe(409);
  expect(textOf(answer.text)).toContain('Name Theirs Mine');
});

test.each([
  ['Graph that is down', { kind: 'reset', when: 'before' }, "can't be reached"],
  ['Graph that refuses', { kind: 'status', status: 403 }, 'refuses to answer'],
])('with %s a group is still typed in and saved', async (_, fault, sentence) => {
  await portal.tenant.fault({ on: 'graph', path: '/groups', times: 0, fault });
  const chosen = await fill(ada, '/admin/groups/new', { use: SUPPLIERS });
  expect(textOf(chosen.text)).toContain(sentence);
  expect(valueOf(chosen.text, 'id')).toBe(SUPPLIERS);
  const preview = await fill(ada, '/admin/groups/new', {
    key: 'suppliers',
    name: 'Suppliers',
    id: SUPPLIERS,
  });
  expect(preview.status).toBe(200);
  await save(ada, preview.text);
  expect((await written()).groups.suppliers).toEqual({ name: 'Suppliers', id: SUPPLIERS });
});
