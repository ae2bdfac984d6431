import { readFile, writeFile } from 'node:fs/promises';
import { findPolicyVersionByHash } from '../../../../src/store/policyVersions.js';
import { aPartner, aPolicy } from '../../../support/aPolicy.js';
import { aRequest, insertARequest } from '../../../support/aRequest.js';
import { fill, formOf, save } from '../../../support/formOf.js';
import { signUpUntil } from '../../../support/journey.js';
import { faultsOf, textOf, valueOf } from '../../../support/page.js';
import { startPortal, type TestPortal } from '../../../support/portal.js';
import type { Visitor } from '../../../support/visitor.js';
import { waitFor } from '../../../support/waitFor.js';

let portal: TestPortal;
let ada: Visitor;

const SPONSOR = '11111111-0000-4000-8000-000000000001';
const NORTHWIND = aPartner({ id: 'northwind', name: 'Northwind', domains: ['northwind.se'], enabled: false });
const POLICY = aPolicy({ partners: [aPartner(), NORTHWIND] });

beforeAll(async () => {
  portal = await startPortal();
  ada = await portal.staff('ada');
});
afterAll(() => portal.close());
beforeEach(async () => {
  await portal.tenant.clearFaults();
  await write(POLICY);
});

async function write(policy: object) {
  await writeFile(portal.policyFile, JSON.stringify(policy, null, 2));
  await portal.deps.policy.reload();
  // Another hash each time would be needed to see it: the same text is the same policy.
  expect(portal.deps.policy.faults()).toEqual([]);
}

type Written = { partners: Record<string, unknown>[] };
const written = async () => JSON.parse(await readFile(portal.policyFile, 'utf8')) as Written;
const partner = async (id: string) => (await written()).partners.find((one) => one.id === id);

/** The kinds of proof that a form offers, with what it says about each. */
const proofsIn = (html: string) =>
  [...html.matchAll(/<input[^>]* type="radio" name="proof" value="(\w+)"([^>]*)>([\s\S]*?)<\/label>/g)].map(
    ([, value, more = '', label = '']) => ({
      value,
      disabled: more.includes('disabled'),
      label: textOf(label),
    }),
  );

const LITWARE = { id: 'litware', name: 'Litware', domains: 'litware.com\r\n*.litware.com', apps: ['crm'] };

test('a partner is added by the form, and then its people sign up', async () => {
  const before = await readFile(portal.policyFile, 'utf8');
  const preview = await fill(ada, '/admin/partners/new', LITWARE);
  expect(preview.status).toBe(200);
  expect(await readFile(portal.policyFile, 'utf8')).toBe(before);
  expect(portal.deps.policy.current().policy.partner('litware')).toBeUndefined();

  const saved = await save(ada, preview.text);
  expect(saved.status).toBe(303);
  expect(textOf((await ada.get(saved.headers.location ?? '')).text)).toContain(
    'Saved. The new policy is in force.',
  );
  expect(await partner('litware')).toEqual({
    id: 'litware',
    name: 'Litware',
    domains: ['litware.com', '*.litware.com'],
    apps: ['crm'],
  });
  await signUpUntil(portal, 'provisioned', 'dee@sales.litware.com');
});

describe('the list', () => {
  test.each([
    ['everybody', '', ['Fabrikam', 'Northwind']],
    ['by name', 'q=north', ['Northwind']],
    ['by domain', 'q=*.fabrikam.com', ['Fabrikam']],
    ['by id, in any case', 'q=NORTHWIND', ['Northwind']],
    ['by state', 'state=disabled', ['Northwind']],
    ['by both', 'state=enabled&q=northwind', []],
    ['whatever the state is called', 'state=strange', ['Fabrikam', 'Northwind']],
    ['whatever the page is called', 'page=-1', ['Fabrikam', 'Northwind']],
    ['beyond the last page', 'page=99', ['Fabrikam', 'Northwind']],
  ])('shows %s', async (_, query, names) => {
    const { status, text } = await ada.get(`/admin/partners?${query}`);
    expect(status).toBe(200);
    const rows = [...text.matchAll(/<a href="\/admin\/partners\/\w+">([^<]+)<\/a>\s+<span/g)];
    expect(rows.map(([, name]) => name)).toEqual(names);
  });

  test('names the apps', async () => {
    const { text } = await ada.get('/admin/partners?q=fabrikam');
    expect(text).toContain('<td>Contoso CRM</td>');
  });

  test.each([
    [
      'en',
      'first a code by email',
      'first a sign-in at their organisation',
      'Invited immediately On',
      'An approver decides',
    ],
    [
      'sv',
      'först en kod via e-post',
      'först en inloggning hos den egna organisationen',
      'Bjuds in direkt På',
      'En godkännare beslutar',
    ],
    [
      'de',
      'zuerst ein Code per E-Mail',
      'zuerst eine Anmeldung bei der eigenen Organisation',
      'Sofort eingeladen Ein',
      'Eine genehmigende Person entscheidet',
    ],
  ])(
    'says in %s what comes before the approval, where something does',
    async (language, code, signIn, atOnce, byHand) => {
      const asking = (id: string, overrides: object) =>
        aPartner({ id, name: id, domains: [`${id}.example`], ...overrides });
      await write(
        aPolicy({
          partners: [
            aPartner(),
            asking('wingtip', { proof: 'mailbox' }),
            asking('proseware', { proof: 'tenant', approval: 'manual' }),
          ],
        }),
      );
      const { text } = await ada.get('/admin/partners', { 'Accept-Language': language });
      const row = (id: string) =>
        textOf(new RegExp(`<a href="/admin/partners/${id}">[\\s\\S]*?</tr>`).exec(text)?.[0] ?? '');
      const automatic = atOnce.slice(0, atOnce.lastIndexOf(' '));
      expect(row('fabrikam')).toContain(atOnce);
      expect(row('wingtip')).toContain(`${automatic} ${code}`);
      expect(row('proseware')).toContain(`${byHand} ${signIn}`);
    },
  );

  test('refuses a search that is sent twice', async () => {
    expect((await ada.get('/admin/partners?q=a&q=b')).status).toBe(400);
  });
});

describe('a form', () => {
  test('that is sent back as it was shown has nothing to save', async () => {
    for (const id of ['fabrikam', 'northwind']) {
      const { status, text } = await fill(ada, `/admin/partners/${id}`);
      expect(status).toBe(200);
      expect(textOf(text)).toContain('Nothing to save');
    }
  });

  test('changes what was typed and leaves the rest of the file as it was written', async () => {
    await write(aPolicy({ partners: [aPartner({ approval: 'automatic' }), NORTHWIND] }));
    const before = await readFile(portal.policyFile, 'utf8');
    const preview = await fill(ada, '/admin/partners/fabrikam', {
      name: 'Fabrikam AB',
      message: 'Hi\r\nthere',
    });
    expect((await save(ada, preview.text)).status).toBe(303);
    const now = await partner('fabrikam');
    expect(now).toEqual(
      aPartner({ approval: 'automatic', name: 'Fabrikam AB', invitation: { message: 'Hi\nthere' } }),
    );
    const after = await readFile(portal.policyFile, 'utf8');
    const lost = before.split('\n').filter((line) => !after.includes(line.trim().replace(/,$/, '')));
    expect(lost.map((line) => line.trim())).toEqual(['"name": "Fabrikam",']);
  });

  test('ignores fields that it does not have', async () => {
    const { text } = await fill(ada, '/admin/partners/fabrikam', {
      id: 'evil',
      'partners[1].enabled': 'true',
      deny: '{}',
      edits: '[{"path":["partners"]}]',
    });
    expect(textOf(text)).toContain('Nothing to save');
  });

  test('names each fault at its field, and keeps what was typed', async () => {
    const typed = {
      name: '',
      domains: 'litware.com\r\n*.com\r\nnot a domain',
      tenantId: 'x',
      apps: ['crm', 'nothing'],
      perDay: 'many',
      redirectUrl: 'http://insecure.example',
      language: '<b>',
    };
    const { status, text } = await fill(ada, '/admin/partners/fabrikam', typed);
    expect(status).toBe(422);
    const fields = faultsOf(text).map(([field]) => field);
    expect(new Set(fields)).toEqual(
      new Set(['name', 'domains', 'tenantId', 'apps', 'perDay', 'redirectUrl', 'language']),
    );
    expect(fields.filter((field) => field === 'domains')).toHaveLength(2);
    const shown = formOf(text, '/admin/partners/fabrikam');
    expect(shown).toMatchObject(typed);
    expect(text).toContain('Choose a narrower domain than “*.com”');
  });

  test.each([
    ['an id that is taken', { id: 'fabrikam' }, 'id'],
    ['an id with a slash', { id: 'a/b' }, 'id'],
    ['no id', { id: ' ' }, 'id'],
    ['a domain of another', { domains: 'fabrikam.com' }, 'domains'],
    ['a denied domain', { domains: 'competitor.com' }, 'domains'],
    ['no app and no redirect', { apps: [] }, 'redirectUrl'],
    ['a name with a line break', { name: 'Lit\r\nware' }, 'name'],
    ['a language with a line break', { language: 'sv\r\nX: y' }, 'language'],
    [
      'more sponsors than Graph takes',
      { sponsors: Array.from({ length: 6 }, (_, n) => `11111111-0000-4000-8000-00000000000${n}`).join('\n') },
      'sponsors',
    ],
  ])('for a new partner refuses %s', async (_, typed, field) => {
    const { status, text } = await fill(ada, '/admin/partners/new', { ...LITWARE, ...typed });
    expect(status).toBe(422);
    expect(faultsOf(text).map(([name]) => name)).toContain(field);
  });

  test('names the partner that has a domain already, whichever stands first', async () => {
    const { text } = await fill(ada, '/admin/partners/fabrikam', { domains: 'northwind.se' });
    expect(textOf(text)).toContain('Remove “northwind.se” here or at “Northwind”');
    expect(faultsOf(text).map(([field]) => field)).toEqual(['domains']);
  });

  test('escapes whatever was typed', async () => {
    const hostile = `"><script>alert('x')</script><%= 7*7 %>{{name}}&lt;`;
    const names = [
      'id',
      'name',
      'domains',
      'tenantId',
      'redirectUrl',
      'message',
      'language',
      'sponsors',
      'approvers',
      'perDay',
      'total',
      'approval',
      'proof',
      'userType',
      'approversSearch',
    ];
    const typed = Object.fromEntries(names.map((name) => [name, hostile]));
    const { status, text } = await fill(ada, '/admin/partners/new', {
      ...typed,
      apps: [hostile],
      groups: [hostile],
    });
    expect(status).toBe(422);
    expect(text).not.toContain('<script>alert');
    expect(valueOf(text, 'name')).toBe(hostile);
    expect(valueOf(text, 'message')).toBe(hostile);
  });

  test('shows hostile names of the policy escaped', async () => {
    await write(
      aPolicy({
        partners: [
          aPartner({ name: '<img src=x onerror=alert(1)>', invitation: { message: '</textarea><script>' } }),
        ],
      }),
    );
    for (const path of ['/admin/partners', '/admin/partners/fabrikam', '/admin/apps/crm']) {
      const { text } = await ada.get(path);
      expect(text).toContain('&lt;img src=x');
      expect(text).not.toContain('<img src=x');
      expect(text).not.toContain('</textarea><script>');
    }
  });

  test('offers every kind of proof where there is a mail server', async () => {
    const { text } = await ada.get('/admin/partners/new');
    expect(proofsIn(text).filter(({ disabled }) => !disabled)).toHaveLength(3);
  });

  test('is refused when a field is sent twice', async () => {
    expect((await fill(ada, '/admin/partners/fabrikam', { name: ['a', 'b'] })).status).toBe(400);
    expect((await fill(ada, '/admin/partners/fabrikam', { base: ['a', 'b'] })).status).toBe(400);
  });

  test.each(['new', 'rules'])('is there for a partner whose id is "%s"', async (id) => {
    await write(aPolicy({ partners: [aPartner({ id, name: 'Odd' })] }));
    const { text } = await ada.get('/admin/partners');
    const path = /href="(\/admin\/partners\/%[^"]+)"/.exec(text)?.[1] ?? '';
    const preview = await fill(ada, path, { name: 'Even' });
    expect((await save(ada, preview.text)).status).toBe(303);
    expect(await partner(id)).toMatchObject({ name: 'Even' });
  });

  test('of a partner that is not there is not found', async () => {
    expect((await ada.get('/admin/partners/nobody')).status).toBe(404);
    expect((await ada.get('/admin/partners/__proto__')).status).toBe(404);
    const body = formOf((await ada.get('/admin/partners/new')).text, '/admin/partners/new');
    expect((await ada.postRaw('/admin/partners/nobody', body)).status).toBe(404);
    expect((await ada.postRaw('/admin/partners/nobody/remove', body)).status).toBe(404);
  });
});

describe('a form that is outdated', () => {
  test('is shown with both versions when somebody else has changed the same partner', async () => {
    const { text } = await ada.get('/admin/partners/fabrikam');
    await write(aPolicy({ partners: [aPartner({ name: 'Theirs' }), NORTHWIND] }));
    const fields = { ...formOf(text, '/admin/partners/fabrikam'), name: 'Mine' };
    const answer = await ada.postRaw('/admin/partners/fabrikam', fields);
    expect(answer.status).toBe(409);
    const conflict = answer.text.slice(
      answer.text.indexOf('id="conflict"'),
      answer.text.indexOf('<div class="form-page'),
    );
    expect(textOf(conflict)).toMatch(/Name Theirs Mine/);
    expect(valueOf(answer.text, 'name')).toBe('Mine');

    // Sent again, knowingly.
    const again = await ada.postRaw(
      '/admin/partners/fabrikam',
      formOf(answer.text, '/admin/partners/fabrikam'),
    );
    expect((await save(ada, again.text)).status).toBe(303);
    expect(await partner('fabrikam')).toMatchObject({ name: 'Mine' });
  });

  test('takes what somebody else has made of fields that were left alone, and shows only what both have changed', async () => {
    // What the form was made from is kept a moment after it was written.
    await waitFor('the version', () =>
      findPolicyVersionByHash(portal.deps.store.db, portal.deps.policy.current().hash),
    );
    const { text } = await ada.get('/admin/partners/fabrikam');
    await write(aPolicy({ partners: [aPartner({ name: 'Theirs', domains: ['theirs.com'] }), NORTHWIND] }));
    const fields = { ...formOf(text, '/admin/partners/fabrikam'), name: 'Mine' };
    const { status, text: answer } = await ada.postRaw('/admin/partners/fabrikam', fields);
    expect(status).toBe(409);
    expect(valueOf(answer, 'domains')).toBe('theirs.com');
    const conflict = answer.slice(answer.indexOf('id="conflict"'), answer.indexOf('<div class="form-page'));
    expect(textOf(conflict)).toMatch(/Name Theirs Mine/);
    expect(textOf(conflict)).not.toContain('theirs.com');
  });

  test('goes on when only another partner has changed', async () => {
    const { text } = await ada.get('/admin/partners/fabrikam');
    await write(
      aPolicy({
        partners: [
          aPartner({ id: 'first', domains: ['first.com'] }),
          aPartner(),
          { ...NORTHWIND, name: 'Theirs' },
        ],
      }),
    );
    const fields = { ...formOf(text, '/admin/partners/fabrikam'), name: 'Mine' };
    const preview = await ada.postRaw('/admin/partners/fabrikam', fields);
    expect(preview.status).toBe(200);
    await save(ada, preview.text);
    expect((await written()).partners.map(({ name }) => name)).toEqual(['Fabrikam', 'Mine', 'Theirs']);
  });

  test('of an unknown version counts as changed', async () => {
    for (const base of ['', 'x', '0'.repeat(64)]) {
      const { status } = await fill(ada, '/admin/partners/fabrikam', { base, name: 'Mine' });
      expect(status).toBe(409);
    }
  });

  test('keeps what was typed when the partner was removed', async () => {
    const { text } = await ada.get('/admin/partners/fabrikam');
    await write(aPolicy({ partners: [NORTHWIND] }));
    const fields = { ...formOf(text, '/admin/partners/fabrikam'), name: 'Mine' };
    const answer = await ada.postRaw('/admin/partners/fabrikam', fields);
    expect(answer.status).toBe(409);
    const shown = formOf(answer.text, '/admin/partners/new');
    expect(shown).toMatchObject({ id: 'fabrikam', name: 'Mine' });
    // Its people are let in by a decision, not by an omission.
    expect(shown).not.toHaveProperty('enabled');
  });
});

describe('a partner', () => {
  test('is switched off and on', async () => {
    const off = await fill(ada, '/admin/partners/fabrikam', {}, '/admin/partners/fabrikam/disable');
    expect((await save(ada, off.text)).status).toBe(303);
    expect(await partner('fabrikam')).toMatchObject({ enabled: false });
    const on = await fill(ada, '/admin/partners/fabrikam', {}, '/admin/partners/fabrikam/enable');
    expect((await save(ada, on.text)).status).toBe(303);
    expect(await partner('fabrikam')).toMatchObject({ enabled: true });
  });

  test('is removed, and its page says which requests wait', async () => {
    await insertARequest(
      portal.deps.store.db,
      aRequest({ address: 'w1@fabrikam.com', state: 'pending', due_at: null }),
    );
    await insertARequest(
      portal.deps.store.db,
      aRequest({ address: 'w2@fabrikam.com', state: 'pending', due_at: null }),
    );
    await insertARequest(
      portal.deps.store.db,
      aRequest({ address: 'w3@fabrikam.com', state: 'held', due_at: null }),
    );
    await insertARequest(
      portal.deps.store.db,
      aRequest({ address: 'w4@fabrikam.com', state: 'denied', due_at: null }),
    );
    const { text } = await ada.get('/admin/partners/fabrikam');
    expect(textOf(text)).toContain('3 requests of this partner are open');
    expect(textOf(text)).toMatch(/: 2 – stay in the list/);

    const preview = await fill(ada, '/admin/partners/fabrikam', {}, '/admin/partners/fabrikam/remove');
    expect((await save(ada, preview.text)).status).toBe(303);
    expect((await written()).partners.map(({ id }) => id)).toEqual(['northwind']);
  });

  test('is not removed on the word of an outdated page', async () => {
    const { text } = await ada.get('/admin/partners/fabrikam');
    await write(aPolicy({ partners: [aPartner({ name: 'Theirs' })] }));
    const fields = formOf(text, '/admin/partners/fabrikam/remove');
    expect((await ada.postRaw('/admin/partners/fabrikam/remove', fields)).status).toBe(409);
  });
});

describe('the tenant of a domain', () => {
  test('is looked up for the first domain and filled in', async () => {
    const { status, text } = await fill(ada, '/admin/partners/new', {
      ...LITWARE,
      domains: '*.fabrikam.com\r\nlitware.com',
      lookUp: 'yes',
    });
    expect(status).toBe(200);
    expect(valueOf(text, 'tenantId')).toBe('fab00000-0000-4000-8000-000000000001');
    expect(textOf(text)).toContain('fabrikam.com belongs to the Entra tenant fab00000');
    expect(text).toMatch(/id="lookUp"[^>]* formaction="\/admin\/partners\/new#tenant" autofocus/);
    expect(formOf(text, '/admin/partners/new')).toMatchObject({ name: 'Litware', apps: 'crm' });
  });

  test('that was typed stays, and another one is named', async () => {
    const typed = { ...LITWARE, tenantId: '11111111-0000-4000-8000-000000000001', lookUp: 'yes' };
    const { text } = await fill(ada, '/admin/partners/new', typed);
    expect(valueOf(text, 'tenantId')).toBe(typed.tenantId);
    expect(textOf(text)).toContain('belongs to another Entra tenant: 117a0000');
  });

  test.each(['nowhere.example', '', 'not a domain', "x'/../y"])('"%s" is in none', async (domains) => {
    const { status, text } = await fill(ada, '/admin/partners/new', { ...LITWARE, domains, lookUp: 'yes' });
    expect(status).toBe(200);
    expect(textOf(text)).toContain('No Entra tenant has');
    expect(valueOf(text, 'tenantId')).toBe('');
  });
});

describe('the proof that is asked for', () => {
  test('is chosen from three kinds, each with what it shows and takes', async () => {
    const { text } = await ada.get('/admin/partners/fabrikam');
    expect(proofsIn(text).map(({ value, disabled }) => [value, disabled])).toEqual([
      ['invitation', false],
      ['mailbox', false],
      ['tenant', false],
    ]);
    const [invitation, mailbox, tenant] = proofsIn(text).map(({ label }) => label);
    expect(invitation).toMatch(/^Accept the invitation email .*immediately/);
    expect(mailbox).toMatch(/^Enter a code sent by email first .*SMTP_URL/);
    expect(tenant).toMatch(/^Sign in .*multitenant/);
    const preview = await fill(ada, '/admin/partners/fabrikam', { proof: 'mailbox' });
    expect((await save(ada, preview.text)).status).toBe(303);
    expect(await partner('fabrikam')).toMatchObject({ proof: 'mailbox' });
  });

  test('by a mail of the portal takes a mail server: without one the choice says so, and typing it all the same is refused', async () => {
    const mailless = await startPortal({ smtp: false, worker: false });
    try {
      const admin = await mailless.staff('ada');
      const { text } = await admin.get('/admin/partners/fabrikam');
      expect(proofsIn(text)[1]).toMatchObject({
        value: 'mailbox',
        disabled: true,
        label: expect.stringContaining(
          'Enter a code sent by email first (needs a mail server: SMTP_URL)',
        ) as string,
      });
      const refused = await fill(admin, '/admin/partners/fabrikam', { proof: 'mailbox' });
      expect(refused.status).toBe(422);
      expect(faultsOf(refused.text)).toEqual([['proof', expect.stringContaining('set SMTP_URL')]]);
      const taken = await fill(admin, '/admin/partners/fabrikam', { proof: 'tenant' });
      expect(taken.status).toBe(200);
    } finally {
      await mailless.close();
    }
  });

  const warningOf = (html: string) =>
    textOf(/<div class="callout wait" id="tenantless">[\s\S]*?<\/div>/.exec(html)?.[0] ?? '');

  test('at a home tenant that nobody has is warned of before it is saved, and can be saved all the same', async () => {
    const typed = {
      ...LITWARE,
      domains: 'litware.com\r\n*.nowhere.example\r\nkim@nowhere.example',
      proof: 'tenant',
    };
    const preview = await fill(ada, '/admin/partners/new', typed);
    expect(warningOf(preview.text)).toMatch(
      /No Entra tenant has nowhere\.example, a domain of Litware: nobody/,
    );
    expect(warningOf(preview.text)).not.toContain('litware.com');
    const withTenant = { ...typed, tenantId: '117a0000-0000-4000-8000-000000000002' };
    expect(warningOf((await fill(ada, '/admin/partners/new', withTenant)).text)).toBe('');
    expect((await save(ada, preview.text)).status).toBe(303);
    // It is warned of when it comes, and not with every change after it.
    const later = await fill(ada, '/admin/partners/litware', { name: 'Litware AB' });
    expect(warningOf(later.text)).toBe('');
  });

  test('where Entra does not say whose a domain is, the preview says that', async () => {
    await portal.tenant.fault({
      on: 'token',
      method: 'GET',
      path: 'mute.example',
      times: 0,
      fault: { kind: 'status', status: 503 },
    });
    const preview = await fill(ada, '/admin/partners/new', {
      ...LITWARE,
      domains: 'mute.example',
      proof: 'tenant',
    });
    expect(warningOf(preview.text)).toContain("Entra didn't say who owns mute.example, a domain of Litware.");
  });

  test('a domain that no tenant has is told by the look-up in the words of the proof', async () => {
    const typed = { ...LITWARE, domains: 'nowhere.example', proof: 'tenant', lookUp: 'yes' };
    const { text } = await fill(ada, '/admin/partners/new', typed);
    expect(textOf(text)).toContain("its people couldn't sign in at a home tenant");
  });
});

describe('the rules for everybody', () => {
  test('are changed by their form', async () => {
    const preview = await fill(ada, '/admin/partners/rules', {
      denied: 'competitor.com\r\n*.ru',
      consumer: undefined,
      disposable: 'yes',
      unlisted: 'review',
    });
    expect((await save(ada, preview.text)).status).toBe(303);
    expect(await written()).toMatchObject({
      deny: { domains: ['competitor.com', '*.ru'], consumer: false, disposable: true },
      unlisted: 'review',
    });
  });

  test('unchanged have nothing to save, also when nobody wrote any', async () => {
    expect(textOf((await fill(ada, '/admin/partners/rules')).text)).toContain('Nothing to save');
    await write(aPolicy({ deny: undefined }));
    expect(textOf((await fill(ada, '/admin/partners/rules')).text)).toContain('Nothing to save');
  });

  test('that leave a partner without a chance name it', async () => {
    const { status, text } = await fill(ada, '/admin/partners/rules', {
      denied: 'fabrikam.com\r\nno domain',
    });
    expect(status).toBe(422);
    expect(textOf(text)).toContain(
      'Fabrikam: Remove “fabrikam.com”, or remove “fabrikam.com” from what is always refused',
    );
    expect(faultsOf(text).map(([field]) => field)).toEqual(['denied', 'denied']);
  });
});

describe('who may not change the policy', () => {
  test('an auditor reads every page and finds no button', async () => {
    const aud = await portal.staff('aud');
    for (const path of [
      '/admin/partners',
      '/admin/partners/fabrikam',
      '/admin/partners/rules',
      '/admin/apps',
      '/admin/apps/crm',
      '/admin/groups',
      '/admin/groups/crm',
      '/admin/settings',
    ]) {
      const { status, text } = await aud.get(path);
      expect([path, status]).toEqual([path, 200]);
      const main = text.slice(text.indexOf('<main'), text.indexOf('</main>'));
      expect(main).not.toMatch(/<button(?![^>]*btn-outline-primary">(Show|Find))/);
      expect(main).not.toMatch(/\sdisabled[\s>]/);
    }
    for (const path of ['/admin/partners/new', '/admin/apps/new', '/admin/pickers/groups?q=a']) {
      expect((await aud.get(path)).status).toBe(403);
    }
    const _csrf = await aud.csrf('/admin/partners/fabrikam');
    expect((await aud.postRaw('/admin/partners/fabrikam/remove', { _csrf })).status).toBe(403);
  });

  test('an auditor reads what a partner has, label by label, and the names of its people', async () => {
    await write(
      aPolicy({
        partners: [
          aPartner({ domains: ['fabrikam.com', '*.fabrikam.com'], approvers: [SPONSOR], proof: 'tenant' }),
        ],
      }),
    );
    const aud = await portal.staff('aud');
    const { text } = await aud.get('/admin/partners/fabrikam');
    const rows = [...text.matchAll(/<dt>([^<]*)<\/dt>\s*<dd([^>]*)>([\s\S]*?)<\/dd>/g)];
    const values = Object.fromEntries(
      rows.map(([, label = '', , value = '']) => [textOf(label), textOf(value)]),
    );
    expect(values).toMatchObject({
      Name: 'Fabrikam',
      ID: 'fabrikam',
      Domains: 'fabrikam.com *.fabrikam.com',
      Apps: 'Contoso CRM (crm)',
      Approval: 'Invited immediately',
      'Proof of identity': 'Sign in at the home tenant',
      'Emails to approvers': 'Immediately, one email per request',
      'People a day': 'Not set',
      Approvers: SPONSOR,
    });
    const load = textOf(/hx-get="([^"]*names[^"]*)"/.exec(text)?.[1] ?? '');
    expect(load).toBe(`/admin/pickers/names?field=approvers&id=${SPONSOR}`);
    const names = await aud.get(load);
    expect(textOf(names.text)).toMatch(/^Alex Wilber/);
    expect(names.text).not.toContain('<input');
  });

  test('with a faulty file on disk the forms are closed and say why', async () => {
    const open = await ada.get('/admin/partners/fabrikam');
    await writeFile(portal.policyFile, '{');
    await portal.deps.policy.reload();
    const { text } = await ada.get('/admin/partners/fabrikam');
    expect(textOf(text)).toContain('The policy file was changed and has errors');
    expect(text).not.toContain('action="/admin/partners');
    const fields = formOf(open.text, '/admin/partners/fabrikam');
    expect((await ada.postRaw('/admin/partners/fabrikam', { ...fields, name: 'Mine' })).status).toBe(409);
    await write(POLICY);
  });
});
