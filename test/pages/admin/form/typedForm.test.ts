import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { loadLanguages } from '../../../../src/language.js';
import { aPartner, aPolicy, GROUPS } from '../../../support/aPolicy.js';
import { fill, formOf, save } from '../../../support/formOf.js';
import { textOf } from '../../../support/page.js';
import { startPortal, type TestPortal } from '../../../support/portal.js';
import type { Visitor } from '../../../support/visitor.js';

// What is typed into a form survives the preview, and a conflict at its saving.

let portal: TestPortal;
let ada: Visitor;

const PORTAL = { organization: 'Contoso', contact: 'partners@contoso.com', terms: 'terms.md' };
const IDLE = { idle: { id: GROUPS.wiki, name: 'Idle' } };
const policy = (overrides: object = {}) => {
  const { groups, ...rest } = aPolicy({ portal: PORTAL });
  return { ...rest, groups: { ...(groups as object), ...IDLE }, ...overrides };
};

beforeAll(async () => {
  portal = await startPortal({ worker: false, policy: policy(), terms: 'Be kind' });
  ada = await portal.staff('ada');
});
afterAll(() => portal.close());
beforeEach(() => write(policy()));

async function write(document: object) {
  await writeFile(join(dirname(portal.policyFile), 'terms.md'), 'Be kind');
  await writeFile(portal.policyFile, JSON.stringify(document, null, 2));
  await portal.deps.policy.reload();
  expect(portal.deps.policy.faults()).toEqual([]);
}

const again = (page: string, preview: string) =>
  ada.postRaw(page, { ...formOf(preview, '/admin/policy/save'), again: 'yes' });

/** Texts by language, as their fields send them. */
function inRows(texts: Record<string, string>): string[] {
  return loadLanguages().available.flatMap((tag) => [tag, texts[tag] ?? '']);
}

const FORMS: [page: string, typed: Record<string, unknown>][] = [
  [
    '/admin/partners/new',
    {
      id: 'litware',
      name: 'Lit "ware" <b>',
      domains: 'litware.com\r\n*.litware.com',
      apps: ['crm', 'wiki'],
      message: 'Hello\r\n\r\nthere',
      perDay: '5',
      approval: 'manual',
    },
  ],
  ['/admin/partners/fabrikam', { name: 'Fabrikam AB', message: 'Hi', proof: 'mailbox' }],
  ['/admin/partners/rules', { denied: 'competitor.com\r\n*.ru', consumer: undefined, unlisted: 'review' }],
  ['/admin/apps/new', { key: 'kb', name: 'Knowledge', url: 'https://kb.contoso.com', groups: 'crm' }],
  ['/admin/apps/crm', { name: 'CRM 2' }],
  ['/admin/groups/new', { key: 'readers', name: 'Readers', id: '22222222-0000-4000-8000-000000000004' }],
  ['/admin/groups/crm', { name: 'CRM people' }],
  [
    '/admin/settings',
    {
      organization: 'Contoso AB',
      welcome: inRows({ en: 'Hi\r\nthere', sv: 'Hej' }),
      terms: inRows({ de: '# Neue\r\n\r\nBedingungen' }),
    },
  ],
];

test.each(FORMS)(
  '%s is changed further from the preview, with everything that was typed',
  async (page, typed) => {
    const sent = { ...formOf((await ada.get(page)).text, page), ...typed };
    const preview = await ada.postRaw(page, sent);
    expect(preview.status).toBe(200);
    expect(preview.text).toContain(`formaction="${page}" name="again"`);

    const form = await again(page, preview.text);
    expect(form.status).toBe(200);
    const withoutToken = (fields: object) => ({ ...fields, _csrf: null });
    const left = Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined));
    expect(withoutToken(formOf(form.text, page))).toEqual(withoutToken(left));

    const once = await ada.postRaw(page, formOf(form.text, page));
    expect((await save(ada, once.text)).status).toBe(303);
  },
);

test('a change can be discarded, and a button has nothing to be changed further', async () => {
  const page = '/admin/partners/fabrikam';
  const preview = await fill(ada, page, { name: 'Mine' });
  expect(preview.text).toMatch(/href="\/admin\/partners\/fabrikam">Discard</);
  const removal = await fill(ada, page, {}, `${page}/remove`);
  expect(removal.text).toContain('>Discard<');
  expect(removal.text).not.toContain('name="again"');
});

test.each([
  ['what is no JSON', { typed: '{' }],
  ['values of another kind', { typed: '{"name":{"a":1}}' }],
  ['a list', { typed: '["name"]' }],
  ['values without their form', { form: undefined }],
  ['a form elsewhere', { form: 'https://evil.example/admin/partners/new' }],
  ['a form on another host', { form: '//evil.example/admin/partners/new' }],
  ['a page that is no form of the policy', { form: '/admin/policy/save' }],
  ['one behind dots', { form: '/admin/partners/../policy/save' }],
  ['one behind encoded dots', { form: '/admin/partners/%2e%2e/policy/save' }],
])('%s is refused, by the form and by the saving', async (_, changes) => {
  const page = '/admin/partners/fabrikam';
  const { text } = await fill(ada, page, { name: 'Mine' });
  const fields = { ...formOf(text, '/admin/policy/save'), ...changes };
  expect((await ada.postRaw(page, { ...fields, again: 'yes' })).status).toBe(400);
  expect((await ada.postRaw('/admin/policy/save', fields)).status).toBe(400);
});

test('values of fields that the form does not have are not looked at', async () => {
  const page = '/admin/partners/fabrikam';
  const fields = formOf((await fill(ada, page, { name: 'Mine' })).text, '/admin/policy/save');
  const typed = { name: 'Other', domains: 'fabrikam.com', apps: ['crm'], id: 'evil', use: 'x', deny: '{}' };
  const json = JSON.stringify(typed).replace('{', '{"__proto__":"x","constructor":"y",');
  const form = await ada.postRaw(page, { ...fields, typed: json, again: 'yes' });
  expect(form.status).toBe(200);
  expect(form.text).not.toContain('evil');
  expect(formOf(form.text, page)).toMatchObject({ name: 'Other', apps: 'crm' });
});

describe('when somebody else has saved between preview and saving', () => {
  async function saveLate(preview: string, meanwhile: object) {
    const fields = formOf(preview, '/admin/policy/save');
    await write(meanwhile);
    return ada.postRaw('/admin/policy/save', fields);
  }

  const theirs = aPartner({ name: 'Theirs', invitation: { message: 'From them' } });

  test.each<[string, Record<string, unknown>, object, string]>([
    ['/admin/partners/fabrikam', { name: 'Mine' }, { partners: [theirs] }, 'Name Theirs Mine'],
    [
      '/admin/groups/crm',
      { name: 'Mine' },
      { groups: { ...(aPolicy().groups as object), ...IDLE, crm: { id: GROUPS.crm, name: 'Theirs' } } },
      'Name Theirs Mine',
    ],
    [
      '/admin/partners/rules',
      { unlisted: 'review' },
      { unlisted: 'deny', deny: { domains: ['a.ru'] } },
      'a.ru',
    ],
    [
      '/admin/settings',
      { organization: 'Mine' },
      { portal: { ...PORTAL, organization: 'Theirs' } },
      'Organisation Theirs Mine',
    ],
  ])('%s shows both versions, field by field', async (page, typed, changed, words) => {
    const preview = await fill(ada, page, typed);
    expect(preview.status).toBe(200);
    const answer = await saveLate(preview.text, policy(changed));
    expect(answer.status).toBe(409);
    expect(textOf(answer.text)).toContain('Someone else has changed this');
    expect(textOf(answer.text)).toContain(words);
    expect(formOf(answer.text, page)).toMatchObject(typed);
    // A browser that comes back to the answer is led to the form.
    expect(answer.text).toContain(`data-form="${page}"`);
    expect(await readFile(portal.policyFile, 'utf8')).toBe(JSON.stringify(policy(changed), null, 2));

    // Having seen both, what was typed replaces the other change.
    const second = await ada.postRaw(page, formOf(answer.text, page));
    expect((await save(ada, second.text)).status).toBe(303);
  });

  test('a change elsewhere lets the change be made on top, and still be changed further', async () => {
    const page = '/admin/partners/fabrikam';
    const preview = await fill(ada, page, { name: 'Mine' });
    const northwind = aPartner({ id: 'northwind', name: 'Northwind', domains: ['northwind.se'] });
    const conflict = await saveLate(preview.text, policy({ partners: [aPartner(), northwind] }));
    expect(conflict.status).toBe(409);
    expect(conflict.text).not.toContain('<textarea');
    const onTop = await ada.postRaw('/admin/policy/preview', formOf(conflict.text, '/admin/policy/preview'));
    expect(formOf((await again(page, onTop.text)).text, page)).toMatchObject({ name: 'Mine' });
    expect((await save(ada, onTop.text)).status).toBe(303);
  });

  test('new terms do not replace those of somebody else unseen', async () => {
    const preview = await fill(ada, '/admin/settings', { terms: 'Mine' });
    const fields = formOf(preview.text, '/admin/policy/save');
    const other = await fill(ada, '/admin/settings', { terms: 'Theirs' });
    expect((await save(ada, other.text)).status).toBe(303);
    const answer = await ada.postRaw('/admin/policy/save', fields);
    expect(answer.status).toBe(409);
    expect(textOf(answer.text)).toContain('Terms of use Theirs Mine');
  });

  test('a partner that was removed meanwhile may become a new one', async () => {
    const page = '/admin/partners/fabrikam';
    const northwind = aPartner({ id: 'northwind', name: 'Northwind', domains: ['northwind.se'] });
    const preview = await fill(ada, page, { name: 'Mine' });
    const answer = await saveLate(preview.text, policy({ partners: [northwind] }));
    expect(answer.status).toBe(409);
    expect(formOf(answer.text, '/admin/partners/new')).toMatchObject({ id: 'fabrikam', name: 'Mine' });
  });

  test('a partner that was changed meanwhile is not removed', async () => {
    const page = '/admin/partners/fabrikam';
    const preview = await fill(ada, page, {}, `${page}/remove`);
    const answer = await saveLate(preview.text, policy({ partners: [theirs] }));
    expect(answer.status).toBe(409);
    expect(formOf(answer.text, page)).toMatchObject({ name: 'Theirs' });
  });

  test('a group that was changed meanwhile, and is in use by now, is not removed', async () => {
    const page = '/admin/groups/idle';
    const preview = await fill(ada, page, {}, `${page}/remove`);
    const { apps, groups } = policy() as unknown as Record<'apps' | 'groups', Record<string, object>>;
    const changed = {
      groups: { ...groups, idle: { ...IDLE.idle, name: 'Theirs' } },
      apps: { ...apps, crm: { ...apps.crm, groups: ['crm', 'idle'] } },
    };
    const answer = await saveLate(preview.text, policy(changed));
    expect(answer.status).toBe(409);
    expect(formOf(answer.text, page)).toMatchObject({ name: 'Theirs' });
  });
});
