import { formOf, fill } from '../../../support/formOf.js';
import { checkExchange, hasContract } from '../../../support/contract.js';
import { textOf } from '../../../support/page.js';
import { startPortal, type TestPortal } from '../../../support/portal.js';
import { STAFF } from '../../../support/staff.js';
import type { Visitor } from '../../../support/visitor.js';
import type { LedgerEntry } from '../../../../simulator/ledger.js';

let portal: TestPortal;
let ada: Visitor;

beforeAll(async () => {
  portal = await startPortal({ worker: false });
  ada = await portal.staff('ada');
  for (let number = 0; number < 25; number += 1) {
    await portal.tenant.addUser({ mail: `walter${number}@fabrikam.com`, displayName: `Walter ${number}` });
  }
});
afterAll(() => portal.close());
beforeEach(() => portal.tenant.clearFaults());
afterEach(async () => {
  if (!hasContract) return;
  const ledger = (await (await fetch(`${portal.tenant.peopleUrl}/control/ledger`)).json()) as LedgerEntry[];
  expect(ledger.flatMap(checkExchange)).toEqual([]);
});

const htmx = { 'HX-Request': 'true' };

test('groups come by name; those that must not be used are shown, and why', async () => {
  const { text } = await ada.get('/admin/pickers/groups?field=groups&groupsSearch=', htmx);
  expect(text).not.toContain('<html');
  const buttons = [...text.matchAll(/<button[^>]*value="[^"]*"\s*(disabled)?\s*>([^<]+)<\/button>/g)];
  const disabled = buttons.filter(([, off]) => off).map(([, , name]) => name);
  expect(buttons).toHaveLength(9);
  expect(disabled).toEqual(['All guests (dynamic)', 'Helpdesk admins', 'Partner news', 'Factory floor']);
  for (const words of ['A rule decides', 'directory roles', 'distribution list', 'local Active Directory']) {
    expect(text).toContain(words);
  }
});

test('without JavaScript the search is a page of its own', async () => {
  const { status, text } = await ada.get('/admin/pickers/groups?q=crm');
  expect(status).toBe(200);
  expect(text).toContain('<html');
  expect(textOf(text)).toContain('CRM users 22222222-0000-4000-8000-000000000002');
});

test('people are users and groups, by name or sign-in name', async () => {
  const { text } = await ada.get('/admin/pickers/people?field=approvers&approversSearch=nor', htmx);
  expect(text).toContain(`name="approversPick" value="${STAFF.nils}"`);
  expect(textOf(text)).toMatch(/Nils Norole nils@contoso.com Northwind approvers/);
});

test('further results come page by page', async () => {
  const first = await ada.get('/admin/pickers/people?field=sponsors&sponsorsSearch=walter', htmx);
  const more =
    /name="sponsorsMore" value="([^"]+)"/
      .exec(first.text)?.[1]
      ?.replaceAll('&amp;', '&')
      .replaceAll('&#34;', '"') ?? '';
  expect(first.text.match(/name="sponsorsPick"/g)).toHaveLength(20);
  const query = new URLSearchParams({ field: 'sponsors', q: 'walter', sponsorsMore: more }).toString();
  const second = await ada.get(`/admin/pickers/people?${query}`, htmx);
  expect(second.text.match(/name="sponsorsPick"/g)).toHaveLength(5);
  expect(second.text).not.toContain('sponsorsMore');
});

test.each([
  'https://evil.example/v1.0/groups?$top=1',
  '//evil.example/groups?x',
  '/users?$top=1',
  '',
  'x'.repeat(5000),
])('the cursor %s leads nowhere', async (cursor) => {
  const calls = (await portal.tenant.graphCalls()).length;
  const query = new URLSearchParams({ q: 'crm', cursor }).toString();
  expect((await ada.get(`/admin/pickers/groups?${query}`)).status).toBe(400);
  expect(await portal.tenant.graphCalls()).toHaveLength(calls);
});

test.each(['field=%22%3E%3Cscript%3E', 'field=a&field=b', 'q=a&q=b'])('%s is refused', async (query) => {
  expect((await ada.get(`/admin/pickers/groups?${query}`)).status).toBe(400);
});

test('what was looked for is shown escaped', async () => {
  const hostile = `"><script>alert(1)</script>'`;
  for (const headers of [{}, htmx]) {
    const { text } = await ada.get(`/admin/pickers/groups?q=${encodeURIComponent(hostile)}`, headers);
    expect(text).toContain('&lt;script&gt;');
    expect(text).not.toContain('<script>alert');
  }
});

describe('inside a form and without JavaScript', () => {
  test('a search keeps what was typed, ticks what was chosen, and goes on page by page', async () => {
    const typed = {
      id: 'new-one',
      name: 'Mine',
      domains: 'litware.com',
      approvers: STAFF.lia,
      approversSearch: 'walter',
      find: 'approvers',
    };
    const found = await fill(ada, '/admin/partners/new', typed);
    expect(found.status).toBe(200);
    const shown = formOf(found.text, '/admin/partners/new');
    expect(shown).toMatchObject({
      id: 'new-one',
      name: 'Mine',
      domains: 'litware.com',
      approvers: STAFF.lia,
    });
    const more = /name="approversMore" value="([^"]+)"/
      .exec(found.text)?.[1]
      ?.replaceAll('&amp;', '&')
      .replaceAll('&#34;', '"');
    const next = await ada.postRaw('/admin/partners/new', {
      ...shown,
      approversPick: [STAFF.ada, STAFF.lia],
      approversMore: more,
    });
    expect(next.status).toBe(200);
    expect(formOf(next.text, '/admin/partners/new').approvers).toBe(`${STAFF.lia}\r\n${STAFF.ada}`);
    expect(next.text.match(/name="approversPick"/g)).toHaveLength(5);
  });

  test('the browser lands on what was found', async () => {
    const path = '/admin/partners/fabrikam';
    const { text } = await fill(ada, path, { find: 'sponsors', sponsorsSearch: 'megan' });
    expect(text).toContain(`formaction="${path}#sponsors-found"`);
    expect(text).toMatch(/<div id="sponsors-found"[^>]* tabindex="-1" autofocus>/);
    expect(text.match(/ autofocus/g)).toHaveLength(1);
  });

  test('whose tick is taken away is left out, and what was typed beside stays', async () => {
    const path = '/admin/partners/fabrikam';
    const held = [STAFF.lia, STAFF.ada.toUpperCase(), STAFF.nils];
    const approvers = `${held.join('\r\n')}\r\nsomebody`;
    const find = { find: 'approvers', approversSearch: 'x' };
    const { text } = await fill(ada, path, { approvers, ...find });
    const shown = formOf(text, path);
    expect(shown.approvers).toBe(approvers);
    expect(shown.approversShown).toEqual(held.map((id) => id.toLowerCase()));
    expect(shown.approversKeep).toEqual(shown.approversShown);
    const sent = { ...shown, ...find, approversKeep: STAFF.lia, approversPick: STAFF.nils };
    const left = formOf((await ada.postRaw(path, sent)).text, path);
    expect(left.approvers).toBe([STAFF.lia, 'somebody', STAFF.nils].join('\r\n'));
  });

  test('the Enter key in a search field searches', async () => {
    const { text } = await fill(ada, '/admin/partners/fabrikam', { enter: 'yes', sponsorsSearch: 'megan' });
    expect(text).toContain('name="sponsorsPick" value="11111111-0000-4000-8000-000000000002"');
  });
});

test('names stand beside the ids of people and groups', async () => {
  const ids = [STAFF.ada, '22222222-0000-4000-8000-000000000009', '99999999-0000-4000-8000-000000000009'];
  const query = ids.map((id) => `id=${id}`).join('&');
  const { text } = await ada.get(`/admin/pickers/names?field=sponsors&${query}`, htmx);
  expect(textOf(text)).toMatch(
    /Ada Admin ada@contoso.com .*Northwind approvers .*Not found in the directory/,
  );
  expect(formOf(`<form action="/">${text}</form>`, '/').sponsorsKeep).toEqual(ids);
  expect((await ada.get(`/admin/pickers/names?id=${encodeURIComponent("x') or ('a' eq 'a")}`)).status).toBe(
    400,
  );
  const many = Array.from({ length: 61 }, () => `id=${STAFF.ada}`).join('&');
  expect((await ada.get(`/admin/pickers/names?${many}`)).status).toBe(400);
});

test.each([
  ['is down', { kind: 'reset', when: 'before' }, /Microsoft Graph can't be reached\..*type the ID/],
  ['answers with HTML', { kind: 'html', status: 502 }, /Microsoft Graph can't be reached\./],
  [
    'is busy',
    { kind: 'status', status: 429, headers: { 'Retry-After': '7' } },
    /busy\. Try again in 7 seconds\..*type the ID/,
  ],
  ['is busy without a word', { kind: 'status', status: 429 }, /busy\. You can still type the ID/],
  ['refuses', { kind: 'status', status: 403 }, /refuses to answer, although no permission is missing\./],
  [
    'refuses the token',
    { kind: 'status', status: 401, body: { error: { code: 'InvalidAuthenticationToken', message: 'x' } } },
    /can't sign in/,
  ],
])('when Graph %s, pickers say so and the form stands', async (_, fault, sentence) => {
  await portal.tenant.fault({ on: 'graph', times: 0, fault });
  for (const picker of ['groups', 'apps', 'people']) {
    const { status, text } = await ada.get(`/admin/pickers/${picker}?q=a`, htmx);
    expect(status).toBe(200);
    expect(textOf(text)).toMatch(sentence);
  }
  const { status, text } = await fill(ada, '/admin/partners/fabrikam', {
    name: 'Mine',
    approversSearch: 'a',
    find: 'approvers',
  });
  expect(status).toBe(200);
  expect(formOf(text, '/admin/partners/fabrikam')).toMatchObject({ name: 'Mine' });
});

test('a permission that the portal does not have is named', async () => {
  await portal.tenant.settings({
    permissions: ['User.Invite.All', 'GroupMember.ReadWrite.All', 'User.Read.All'],
  });
  const { text } = await ada.get('/admin/pickers/apps?q=wiki', htmx);
  expect(text).toContain('Application.Read.All');
  const groups = await ada.get('/admin/pickers/groups?q=crm', htmx);
  expect(groups.text).toContain('CRM users');
});

test.each(['arne', 'aud', 'nils'] as const)('%s finds nothing', async (name) => {
  const person = await portal.staff(name);
  expect((await person.get('/admin/pickers/people?q=a')).status).toBe(403);
});

test('a picker names the permission that is missing', async () => {
  await portal.tenant.settings({ permissions: ['User.Invite.All'] });
  const missing = {
    groups: 'GroupMember.ReadWrite.All',
    apps: 'Application.Read.All',
    people: 'User.Read.All',
  };
  for (const [picker, permission] of Object.entries(missing)) {
    const { text } = await ada.get(`/admin/pickers/${picker}?q=a`, htmx);
    expect(textOf(text)).toContain(`the permission ${permission} or its admin consent is missing`);
  }
});
