import { readFile, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Deps } from '../../../../src/deps.js';
import { editPolicyText, type PolicyEdit } from '../../../../src/policy/editText.js';
import { describe as describePolicy } from '../../../../src/policy/describe.js';
import { explain } from '../../../../src/policy/explain.js';
import { listPolicyVersions } from '../../../../src/store/policyVersions.js';
import { aPartner, aPolicy, GROUPS } from '../../../support/aPolicy.js';
import { aRequest } from '../../../support/aRequest.js';
import { textOf, valueOf } from '../../../support/page.js';
import { startPortal, type TestPortal } from '../../../support/portal.js';
import type { Visitor } from '../../../support/visitor.js';
import { waitFor } from '../../../support/waitFor.js';

let portal: TestPortal;
let deps: Deps;
let ada: Visitor;
let aud: Visitor;

beforeAll(async () => {
  portal = await startPortal({ worker: false });
  deps = portal.deps;
  ada = await portal.staff('ada');
  aud = await portal.staff('aud');
});

afterAll(() => portal.close());

const GOOD = JSON.stringify(aPolicy(), null, 2);

beforeEach(async () => {
  await portal.tenant.clearFaults();
  await writeFile(portal.policyFile, GOOD);
  await deps.policy.reload();
});

const base = () => deps.policy.current().hash;
const renamed = (name: string) => editPolicyText(GOOD, [{ path: ['partners', 0, 'name'], value: name }]);
const preview = (fields: Record<string, unknown>, who = ada) =>
  who.post('/admin/policy/preview', fields, { from: '/admin/policy' });
const save = (fields: Record<string, unknown>, who = ada) =>
  who.post('/admin/policy/save', fields, { from: '/admin/policy' });
const onDisk = () => readFile(portal.policyFile, 'utf8');
const newest = async () => (await listPolicyVersions(deps.store.db, 1, 0))[0];

/** The hidden fields of the form with this action, as a browser would send them. */
function hiddenFields(html: string, action: string): Record<string, string> {
  const form = new RegExp(`<form[^>]*action="${action}"[^>]*>([\\s\\S]*?)</form>`).exec(html)?.[1] ?? '';
  const fields = [...form.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)];
  const decode = (text: string) =>
    text.replace(/&(?:#34|#39|lt|gt|amp);/g, (entity) => textOf(`x${entity}x`).slice(1, -1));
  return Object.fromEntries(fields.map(([, name = '', value = '']) => [name, decode(value)]));
}

describe('the editor', () => {
  test('shows the text in force to whoever reads the policy, and only admins a way to change it', async () => {
    const page = await ada.get('/admin/policy');
    expect(page.status).toBe(200);
    expect(valueOf(page.text, 'text')).toBe(GOOD);
    expect(page.text).toContain('Check changes');
    const read = await aud.get('/admin/policy');
    expect(valueOf(read.text, 'text')).toBe(GOOD);
    expect(read.text).not.toMatch(/<button class="btn btn-primary">/);
    expect(textOf(read.text)).toContain('Only admins can change it');
  });

  test('answers broken JSON with line and path, and keeps every character', async () => {
    const broken =
      GOOD.replace('"enabled"', '').replace('"domains": [', '"domains": [,  ') + '\n<b>&amp;</b>\n';
    const page = await preview({ base: base(), text: broken });
    expect(page.status).toBe(422);
    expect(valueOf(page.text, 'text')).toBe(broken);
    const line = broken.slice(0, broken.indexOf('[,')).split('\n').length;
    expect(textOf(page.text)).toMatch(new RegExp(`partners\\[0\\]\\.domains .*line ${line}, column \\d+`));
    expect(page.text).toContain(`<a href="#text" data-line="${line}" data-column=`);
    expect(await onDisk()).toBe(GOOD);
  });

  test('lists every fault with its path', async () => {
    const text = JSON.stringify(
      aPolicy({ unlisted: 'maybe', partners: [aPartner({ apps: ['none'] })] }),
      null,
      2,
    );
    const page = await preview({ base: base(), text });
    expect(page.status).toBe(422);
    expect(textOf(page.text)).toMatch(/2 errors .*partners\[0\]\.apps\[0\].*unlisted/);
  });

  test('takes line ends as browsers send them, and begins with what the form held', async () => {
    const page = await preview({ base: base(), text: GOOD.replaceAll('\n', '\r\n') });
    expect(textOf(page.text)).toContain("there's nothing to save");
  });

  test('shows a file that was refused as it is, so that it is mended rather than overwritten', async () => {
    const faulty = GOOD.replace('"version": 1', '"version": 2');
    await writeFile(portal.policyFile, faulty);
    await deps.policy.reload();
    const page = await ada.get('/admin/policy');
    expect(valueOf(page.text, 'text')).toBe(faulty);
    expect(textOf(page.text)).toMatch(/has errors and isn't in force.*version Write 1 as the version/);
    const fields = { base: hiddenFields(page.text, '/admin/policy/preview').base, text: renamed('Mended') };
    expect((await save(fields)).status).toBe(303);
    expect(deps.policy.faults()).toEqual([]);
  });
});

describe('the preview', () => {
  test('shows what changes, line by line too, and which requests would be decided otherwise', async () => {
    const request = aRequest({ address: 'zoe@fabrikam.com', state: 'denied', due_at: null });
    await deps.store.db.insertInto('request').values(request).execute();
    const edits: PolicyEdit[] = [{ path: ['partners', 0, 'approval'], value: 'manual' }];
    const page = await preview({ base: base(), edits: JSON.stringify(edits) });
    expect(page.status).toBe(200);
    expect(textOf(page.text)).toMatch(/Changed Partner fabrikam , Fabrikam Approval .*manual/);
    expect(page.text).toMatch(/<ins>\s*&#34;approval&#34;: &#34;manual&#34;/);
    expect(textOf(page.text)).toContain(
      'This changes 1 partner. 1 of the last 1 requests would wait for an approver instead of being invited immediately.',
    );
    // What is the same before and after is not said.
    expect(textOf(page.text)).toMatch(
      /invited immediately → waits for an approver 1 request zoe@fabrikam\.com Denied/,
    );
    expect(page.text.indexOf('Save and put in force')).toBeLessThan(page.text.indexOf('What changes'));
    expect(page.text).toContain(`href="/admin/requests/${request.id}"`);
    expect(await onDisk()).toBe(GOOD);
  });

  test('groups the requests by what differs, and folds all after the tenth', async () => {
    await deps.store.db.deleteFrom('request').execute();
    const requests = Array.from({ length: 12 }, (_, index) =>
      aRequest({ address: `p${index}@fabrikam.com`, state: 'denied', due_at: null }),
    );
    const stranger = aRequest({ address: 'x@nobody.example', state: 'denied', partner: null, due_at: null });
    await deps.store.db
      .insertInto('request')
      .values([...requests, stranger])
      .execute();
    const edits: PolicyEdit[] = [
      { path: ['partners', 0, 'apps'], value: ['crm', 'wiki'] },
      { path: ['unlisted'], value: 'review' },
    ];
    const page = await preview({ base: base(), edits: JSON.stringify(edits) });
    const text = textOf(page.text);
    expect(text).toContain(
      'This changes 1 partner and 1 setting. 12 of the last 13 requests would get other access, or have to prove something else. 1 of the last 13 requests would wait for an approver instead of being refused.',
    );
    expect(text).toMatch(/Other access or proof 12 requests Apps after: wiki p\d+@/);
    expect(text).toContain('refused → waits for an approver 1 request x@nobody.example Denied');
    const [shown = '', folded = ''] = page.text
      .slice(page.text.indexOf('Other access or proof'), page.text.indexOf('refused →'))
      .split('<summary>Show all 12</summary>');
    expect([shown, folded].map((part) => part.match(/p\d+@fabrikam\.com/g)?.length)).toEqual([10, 2]);
    // Every value has a label.
    for (const [list] of page.text.matchAll(/<dl[\s\S]*?<\/dl>/g)) {
      expect(list).toMatch(/^<dl[^>]*>\s*<dt>/);
    }
  });

  test('has a form that saves exactly this proposal, with a comment', async () => {
    const edits: PolicyEdit[] = [{ path: ['partners', 0, 'name'], value: 'By edits' }];
    const page = await preview({ base: base(), edits: JSON.stringify(edits), back: '/admin/partners' });
    const fields = hiddenFields(page.text, '/admin/policy/save');
    const saved = await save({ ...fields, comment: 'New name' });
    expect([saved.status, saved.headers.location]).toEqual([303, '/admin/partners?saved=yes']);
    expect(deps.policy.current().policy.partner('fabrikam')?.name).toBe('By edits');
    expect(await newest()).toMatchObject({ comment: 'New name', hash: base() });
  });

  test('lets a text be edited further', async () => {
    const page = await preview({ base: base(), text: renamed('Half done'), edit: 'yes' });
    expect(page.status).toBe(200);
    expect(valueOf(page.text, 'text')).toBe(renamed('Half done'));
  });

  test('shows markup as text wherever it stands', async () => {
    const markup = '<img src=x onerror=alert(1)>"\'&';
    const page = await preview({ base: base(), text: renamed(markup) });
    expect(page.status).toBe(200);
    expect(page.text).not.toContain('<img src=x');
    expect(textOf(page.text)).toContain(markup);
  });

  test('refuses a group that hands out power, with its path', async () => {
    const text = JSON.stringify(
      aPolicy({ groups: { partners: { id: GROUPS.partners, name: 'P' } }, apps: {}, partners: [] }),
    );
    await writeFile(portal.policyFile, text);
    await deps.policy.reload();
    const edits: PolicyEdit[] = [
      { path: ['groups', 'admins'], value: { id: GROUPS.roleAssignable, name: 'A' } },
    ];
    const fields = { base: base(), edits: JSON.stringify(edits) };
    const page = await preview(fields);
    expect(page.status).toBe(422);
    expect(textOf(page.text)).toMatch(/groups\.admins\.id .*administrators/);
    expect(page.text).not.toContain('Save and put in force');
    expect((await save(fields)).status).toBe(422);
    expect(await onDisk()).toBe(text);
  });

  test('says which ids could not be checked, and lets them be saved', async () => {
    await portal.tenant.fault({
      on: 'graph',
      method: 'GET',
      path: '/groups/',
      times: 9,
      fault: { kind: 'reset', when: 'before' },
    });
    const edits: PolicyEdit[] = [
      { path: ['groups', 'x'], value: { id: '22222222-0000-4000-8000-0000000000aa', name: 'X' } },
    ];
    const page = await preview({ base: base(), edits: JSON.stringify(edits) });
    expect(page.status).toBe(200);
    expect(textOf(page.text)).toMatch(/couldn't be checked.* groups\.x\.id/);
    expect(page.text).toContain('Save and put in force');
  });
});

describe('a save', () => {
  test('of a stale form is answered with both versions side by side', async () => {
    const stale = { base: base(), text: renamed('Mine') };
    expect((await save({ base: base(), text: renamed('Theirs') })).status).toBe(303);
    const page = await save(stale);
    expect(page.status).toBe(409);
    expect(textOf(page.text)).toMatch(/Their change .*Theirs.* Your change .*Mine/);
    expect(valueOf(page.text, 'text')).toBe(renamed('Mine'));
    expect(page.text).not.toContain('Apply my change on top');
    expect(await onDisk()).toBe(renamed('Theirs'));
  });

  test('of a stale form that touches something else can be applied on top', async () => {
    const stale = { base: base(), edits: JSON.stringify([{ path: ['unlisted'], value: 'review' }]) };
    await save({ base: base(), text: renamed('Theirs') });
    const conflict = await save(stale);
    expect(conflict.status).toBe(409);
    const page = await preview(hiddenFields(conflict.text, '/admin/policy/preview'));
    expect(page.status).toBe(200);
    await save(hiddenFields(page.text, '/admin/policy/save'));
    expect(deps.policy.current().policy.document).toMatchObject({
      unlisted: 'review',
      partners: [{ name: 'Theirs' }],
    });
  });

  test('takes nothing but the proposal from its form', async () => {
    const fields = {
      base: base(),
      text: renamed('Plain'),
      hash: 'x',
      author: 'portal',
      state: 'saved',
      id: '1',
      'counts[partners]': '9',
    };
    expect((await save(fields)).status).toBe(303);
    expect(await newest()).toMatchObject({
      author: expect.stringMatching(/000000000001$/) as string,
      counts: { partners: 1 },
    });
  });

  const MALFORMED: [fact: string, fields: () => Record<string, unknown>][] = [
    ['without its base', () => ({ text: GOOD })],
    ['with a base that is no hash', () => ({ base: '../x', text: GOOD })],
    ['with a text that is sent twice', () => ({ base: base(), text: [GOOD, GOOD] })],
    ['with neither text nor edits', () => ({ base: base() })],
    ['with edits that are no JSON', () => ({ base: base(), edits: '{' })],
    ['with edits of another shape', () => ({ base: base(), edits: '[{"path":"x"}]' })],
    [
      'with an edit through something that is no object',
      () => ({ base: base(), edits: '[{"path":["version","x"],"value":1}]' }),
    ],
  ];
  test.each(MALFORMED)('%s is malformed', async (_fact, fields) => {
    expect((await save(fields())).status).toBe(400);
    expect(await onDisk()).toBe(GOOD);
  });

  test('leads back within the admin area only', async () => {
    for (const back of ['https://evil.com', '//evil.com', '/sign-out', '/administer', '/admin/../sign-out']) {
      const saved = await save({ base: base(), text: renamed(back), back });
      expect(saved.headers.location).toBe('/admin/policy?saved=yes');
    }
  });

  test('is not for auditors', async () => {
    expect((await save({ base: base(), text: renamed('X') }, aud)).status).toBe(403);
    expect((await preview({ base: base(), text: renamed('X') }, aud)).status).toBe(403);
    expect(await onDisk()).toBe(GOOD);
  });
});

describe('a file that is mounted', () => {
  const real = () => join(portal.policyFile, '..', '..data.json');
  beforeEach(async () => {
    await rename(portal.policyFile, real());
    await symlink(real(), portal.policyFile);
  });
  afterEach(async () => {
    await unlink(portal.policyFile);
    await rename(real(), portal.policyFile);
  });

  test('turns the pages read-only and says why', async () => {
    const page = await ada.get('/admin/policy');
    expect(textOf(page.text)).toContain('symbolic link');
    expect(page.text).toMatch(/<textarea[^>]* readonly>/);
    expect(page.text).not.toContain('Check changes');
    const saved = await save({ base: base(), text: renamed('X') });
    expect(saved.status).toBe(409);
    expect(textOf(saved.text)).toContain("You can't change the policy here");
    expect(await onDisk()).toBe(GOOD);
    const version = await ada.get(`/admin/policy/versions/${(await newest())?.id ?? ''}`);
    expect(version.text).not.toContain('name="restores"');
  });
});

describe('versions', () => {
  test('are listed with who, when and why, and each shows what it changed', async () => {
    await save({ base: base(), text: renamed('Listed'), comment: 'Because <b>' });
    const list = await aud.get('/admin/policy/versions');
    expect(textOf(list.text)).toMatch(/In force .*Ada Admin Because <b> 1 partner, 2 apps, 7 groups/);
    const page = await aud.get(`/admin/policy/versions/${(await newest())?.id ?? ''}`);
    expect(textOf(page.text)).toMatch(
      /What it changed.* Name .*Fabrikam .*Listed.* This version is in force/,
    );
    expect(page.text).not.toContain('name="restores"');
  });

  test('are rolled back to through the same preview', async () => {
    await save({ base: base(), text: renamed('Old') });
    const old = await newest();
    await save({ base: base(), text: renamed('New') });
    const page = await ada.get(`/admin/policy/versions/${old?.id ?? ''}`);
    const shown = await preview(hiddenFields(page.text, '/admin/policy/preview'));
    expect(textOf(shown.text)).toMatch(/Name .*New .*Old/);
    const saved = await save(hiddenFields(shown.text, '/admin/policy/save'));
    expect(saved.headers.location).toBe('/admin/policy/versions?saved=yes');
    expect(await onDisk()).toBe(renamed('Old'));
    expect(await newest()).toMatchObject({ restored_from: old?.id, hash: old?.hash });
    const event = await deps.store.db
      .selectFrom('audit_event')
      .select('detail')
      .where('action', '=', 'policy.rolledBack')
      .executeTakeFirstOrThrow();
    expect(event.detail).toMatchObject({ restoredFrom: String(old?.id), policy: old?.hash });
  });

  test('that are not there are not found', async () => {
    for (const id of ['999999', 'x', '99999999999999999999']) {
      expect((await ada.get(`/admin/policy/versions/${id}`)).status).toBe(404);
    }
    const fields = { base: base(), restores: '999999' };
    expect((await preview(fields)).status).toBe(404);
  });
});

describe('testing an address', () => {
  const policy = aPolicy({
    partners: [
      aPartner({ domains: ['*.fabrikam.com', 'x.fabrikam.com', 'kim@gmail.com'], apps: ['crm', 'wiki'] }),
      aPartner({ id: 'manual', domains: ['manual.com'], approval: 'manual' }),
      aPartner({ id: 'off', domains: ['off.com'], enabled: false }),
      aPartner({ id: 'code', domains: ['code.com'], proof: 'mailbox' }),
      aPartner({ id: 'home', domains: ['home.com'], proof: 'tenant', approval: 'manual' }),
    ],
    unlisted: 'review',
  });
  const ADDRESSES = [
    'ana@x.fabrikam.com',
    'ana@fabrikam.com',
    'ana@y.fabrikam.com',
    'kim@gmail.com',
    'bo@gmail.com',
    'a@competitor.com',
    'a@sub.competitor.com',
    'a@manual.com',
    'a@off.com',
    'a@code.com',
    'a@home.com',
    'a@manuel.com',
    'a@b@c.com',
    'ana+tag@manual.com',
    '',
    'å@manual.com',
  ];

  beforeEach(async () => {
    await writeFile(portal.policyFile, JSON.stringify(policy));
    await deps.policy.reload();
  });

  test.each(ADDRESSES)('"%s" is explained in the words of the command', async (address) => {
    const page = await aud.get(`/admin/policy/explain?address=${encodeURIComponent(address)}`);
    const text = textOf(page.text);
    const explanation = explain(deps.policy.current().policy, address);
    expect(page.status).toBe(explanation.ok ? 200 : 422);
    for (const sentence of sentencesOfCommand(address)) expect(text).toContain(sentence);
    if (explanation.ok) for (const { why } of explanation.others) expect(text).toContain(why);
  });

  /** What the command says of the outcome, the partner, the rule and the reasons, without codes. */
  function sentencesOfCommand(address: string): string[] {
    const said = describePolicy(explain(deps.policy.current().policy, address));
    const [first = '', ...lines] = said.split('\n');
    const sentences = lines.flatMap((line) => /^ {2}(?:partner|rule|why) +(.*)$/.exec(line)?.[1] ?? []);
    return [first.replace(/ \(\w+\)$/, '').replace(/ Try \S+$/, ''), ...sentences];
  }

  test.each([
    ['a@code.com', 'After that invited immediately', '  then     invited immediately (invite)'],
    [
      'a@home.com',
      'After that waits for an approver For partner home, an approver decides.',
      '  then     waits for an approver (review): For partner home, an approver decides.',
    ],
    ['a@manual.com', null, null],
  ])('"%s": what follows once something was proved', async (address, onPage, fromCommand) => {
    const page = await aud.get(`/admin/policy/explain?address=${address}`);
    const said = describePolicy(explain(deps.policy.current().policy, address));
    if (onPage === null) {
      expect(textOf(page.text)).not.toContain('After that');
      expect(said).not.toContain('  then');
    } else {
      expect(textOf(page.text)).toContain(onPage);
      expect(said.split('\n')).toContain(fromCommand);
    }
  });

  test('shows what was typed as text', async () => {
    const page = await ada.get(`/admin/policy/explain?address=${encodeURIComponent('"><script>')}`);
    expect(page.text).not.toContain('<script>"');
    expect(page.text).toContain('value="&#34;&gt;&lt;script&gt;"');
  });
});

test('a change on disk shows in the list as such', async () => {
  await writeFile(portal.policyFile, renamed('On disk'));
  await deps.policy.reload();
  await waitFor('the version', async () => (await newest())?.hash === base());
  expect(textOf((await ada.get('/admin/policy/versions')).text)).toMatch(/In force .* the file on disk/);
});

describe('what no form of ours sends', () => {
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

  test.each<[what: string, fields: Record<string, string>]>([
    [
      'a text that is nested without end',
      { text: `{"partners":[{"id":"x","invitation":${nested(20_000)}}]}` },
    ],
    [
      'an edit at a place without end',
      { edits: JSON.stringify([{ path: Array(50_000).fill(0), value: 1 }]) },
    ],
    ['a value without end', { edits: `[{"path":["partners",0,"name"],"value":${nested(20_000)}}]` }],
    ['edits without number', { edits: JSON.stringify(Array(1_001).fill({ path: ['version'], value: 1 })) }],
    ['a NUL in the comment', { text: GOOD, comment: 'a\0b' }],
    ['a NUL in the terms', { text: GOOD, terms: 'a\0b' }],
  ])('%s is refused at once', async (_, fields) => {
    const previewed = await preview({ base: base(), ...fields });
    const saved = await ada.post(
      '/admin/policy/save',
      { base: base(), ...fields },
      { from: '/admin/policy' },
    );
    expect([previewed.status, saved.status]).toEqual([400, 400]);
  });

  test('terms for a document that has no place for them are no fault of ours', async () => {
    const { status } = await preview({ base: base(), text: '{"portal":null}', terms: 'Be kind.' });
    expect(status).toBe(422);
  });
});
