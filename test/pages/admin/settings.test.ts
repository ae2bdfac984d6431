import { createHash } from 'node:crypto';
import { readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { aPolicy } from '../../support/aPolicy.js';
import { fill, formOf, save } from '../../support/formOf.js';
import { faultsOf, textOf, valueOf } from '../../support/page.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import type { Visitor } from '../../support/visitor.js';

let portal: TestPortal;
let ada: Visitor;

const PORTAL = { organization: 'Contoso', contact: 'partners@contoso.com', terms: 'terms.md' };
const TERMS = '# Terms\n\nBe *kind*.\n';

beforeAll(async () => {
  portal = await startPortal({ policy: aPolicy({ portal: PORTAL }), terms: TERMS });
  ada = await portal.staff('ada');
});
afterAll(() => portal.close());
beforeEach(async () => {
  await writeFile(join(dirname(portal.policyFile), 'terms.md'), TERMS);
  await writeFile(portal.policyFile, JSON.stringify(aPolicy({ portal: PORTAL }), null, 2));
  await portal.deps.policy.reload();
  expect(portal.deps.policy.faults()).toEqual([]);
});

type Written = { portal: Record<string, unknown> };
const written = async () => (JSON.parse(await readFile(portal.policyFile, 'utf8')) as Written).portal;
const inForce = () => portal.deps.policy.current().terms;

test('the form changes how the portal presents itself, at once', async () => {
  const typed = {
    organization: 'Contoso AB',
    contact: 'help@contoso.com',
    welcome: 'Hello\r\nthere',
    logo: 'https://cdn.contoso.com/logo.svg',
    colour: '#aa0044',
    reviewers: 'arne@contoso.com\r\nada@contoso.com',
  };
  expect((await save(ada, (await fill(ada, '/admin/settings', typed)).text)).status).toBe(303);
  expect(await written()).toEqual({
    ...PORTAL,
    ...typed,
    welcome: 'Hello\nthere',
    reviewers: ['arne@contoso.com', 'ada@contoso.com'],
  });
  const page = await portal.visitor().get('/');
  expect(page.text).toContain('Contoso AB');
  expect(page.text).toContain('https://cdn.contoso.com/logo.svg');
  expect((await portal.visitor().get('/theme.css')).text).toContain('#aa0044');
});

test('unchanged it has nothing to save', async () => {
  expect(textOf((await fill(ada, '/admin/settings')).text)).toContain('Nothing to save');
});

test('new terms are previewed, saved, named by their hash, and asked for from then on', async () => {
  const text = '# New terms\r\n\r\n- one\r\n- [two](https://contoso.com)\r\n';
  const looked = await fill(ada, '/admin/settings', { terms: text, preview: 'yes', organization: 'Typed' });
  expect(looked.text).toMatch(
    /id="terms-preview"[\s\S]*<h3>New terms<\/h3>[\s\S]*<a href="https:\/\/contoso.com"/,
  );
  expect(valueOf(looked.text, 'organization')).toBe('Typed');
  expect(inForce()?.texts[0]?.text).toBe(TERMS);

  const old = inForce()?.hash ?? '';
  const preview = await fill(ada, '/admin/settings', { terms: text });
  expect((await save(ada, preview.text)).status).toBe(303);
  const hash = createHash('sha256').update(text.replaceAll('\r', '')).digest('hex');
  expect(inForce()?.texts).toMatchObject([{ language: null, text: text.replaceAll('\r', ''), hash }]);
  expect(textOf((await ada.get('/admin/settings')).text)).toContain(hash);
  expect((await portal.visitor().get('/terms')).text).toContain('New terms');
  // A form that stood beside the old text is not enough.
  expect((await portal.visitor().signUp({ terms: old })).status).toBe(422);
});

test('terms that are emptied are no longer asked for', async () => {
  await save(ada, (await fill(ada, '/admin/settings', { terms: ' \r\n' })).text);
  expect(inForce()).toBeNull();
  expect(await written()).not.toHaveProperty('terms');
  expect((await portal.visitor().get('/')).text).not.toContain('name="terms"');
});

describe('texts by language', () => {
  /** As the fields send them: the tag of each language, and its text. */
  const inRows = (texts: Record<string, string>) => Object.entries(texts).flat();

  test('are typed into the field of their language, and shown there again', async () => {
    const typed = {
      welcome: inRows({ en: 'Hello', sv: 'Hej' }),
      terms: inRows({ '': '', en: '# Rules', sv: '# Regler' }),
    };
    const preview = await fill(ada, '/admin/settings', typed);
    expect((await save(ada, preview.text)).status).toBe(303);
    expect(await written()).toMatchObject({
      welcome: { en: 'Hello', sv: 'Hej' },
      terms: {
        en: expect.stringMatching(/^terms-/) as string,
        sv: expect.stringMatching(/^terms-/) as string,
      },
    });
    expect(inForce()?.texts.map(({ language, text }) => [language, text])).toEqual([
      ['en', '# Rules'],
      ['sv', '# Regler'],
    ]);
    const { text } = await ada.get('/admin/settings');
    expect(valueOf(text, 'welcome-sv')).toBe('Hej');
    expect(valueOf(text, 'terms-sv')).toBe('# Regler');
    expect(text).toMatch(/<textarea[^>]* id="terms-sv"[^>]* lang="sv" dir="ltr"/);
    expect(text).toMatch(/<h3>Swedish<\/h3>\s*<div lang="sv" dir="ltr">\s*<h4>Regler<\/h4>/);
    expect(textOf((await fill(ada, '/admin/settings')).text)).toContain('Nothing to save');
  });

  test('of a language that is emptied are gone, and with the last of them the terms', async () => {
    const both = { terms: inRows({ en: '# Rules', sv: '# Regler' }) };
    await save(ada, (await fill(ada, '/admin/settings', both)).text);
    await save(ada, (await fill(ada, '/admin/settings', { terms: inRows({ en: '', sv: '# Regler' }) })).text);
    expect(inForce()?.texts.map(({ language }) => language)).toEqual(['sv']);
    await save(ada, (await fill(ada, '/admin/settings', { terms: inRows({ en: '', sv: ' ' }) })).text);
    expect(inForce()).toBeNull();
    expect(await written()).not.toHaveProperty('terms');
  });

  test('are refused at the field of their language', async () => {
    const { status, text } = await fill(ada, '/admin/settings', {
      welcome: inRows({ '': 'Anyone', en: 'Hello', sv: 'x'.repeat(2001), klingon: 'nuqneH' }),
      terms: inRows({ '': 'Kept', de: 'Regeln' }),
    });
    expect(status).toBe(422);
    expect(faultsOf(text)).toEqual([
      ['welcome', 'Move this text to the box of its language: there are texts in other languages too'],
      ['welcome-sv', 'Shorten the welcome to 2000 characters'],
      ['welcome-klingon', 'Replace “klingon” with the tag of a language, such as en, sv or zh-Hant'],
      ['terms', 'Move this text to the box of its language: there are texts in other languages too'],
    ]);
    expect(valueOf(text, 'welcome')).toBe('Anyone');
    expect(valueOf(text, 'welcome-klingon')).toBe('nuqneH');
    expect(valueOf(text, 'terms-de')).toBe('Regeln');
  });

  test('are shown by language to people who may only read them', async () => {
    const texts = { welcome: { en: 'Hello', sv: 'Hej' }, terms: 'terms.md' };
    await writeFile(portal.policyFile, JSON.stringify(aPolicy({ portal: { ...PORTAL, ...texts } })));
    await portal.deps.policy.reload();
    const { text } = await (await portal.staff('aud')).get('/admin/settings');
    expect(textOf(text)).toMatch(/English: Hello.*Swedish: Hej/);
  });
});

test('what Markdown could smuggle in is shown as words', async () => {
  const hostile =
    '<script>alert(1)</script>\n\n[x](javascript:alert(1))\n\n![y](https://evil.example/y.png)\n\n<img src=x onerror=alert(1)></textarea>';
  const { text } = await fill(ada, '/admin/settings', { terms: hostile, preview: 'yes' });
  expect(text).not.toContain('<script>alert');
  expect(text).not.toContain('href="javascript');
  expect(text).not.toContain('<img src=x');
  expect(text).not.toContain('src="https://evil.example');
  expect(valueOf(text, 'terms')?.replaceAll('\r', '')).toBe(hostile);
});

test.each([
  ['organization', ''],
  ['organization', 'Con\r\ntoso'],
  ['contact', 'nobody'],
  ['contact', 'a@b.com\r\nBcc: c@d.com'],
  ['logo', 'http://insecure.example/logo.png'],
  ['logo', 'javascript:alert(1)'],
  ['colour', 'red;} body{'],
  ['welcome', 'x'.repeat(2001)],
  ['reviewers', 'nobody'],
])('%s as %j is refused at its field', async (field, value) => {
  const { status, text } = await fill(ada, '/admin/settings', { [field]: value, terms: 'Typed terms' });
  expect(status).toBe(422);
  expect(faultsOf(text).map(([name]) => name)).toEqual([field]);
  expect(valueOf(text, field)).toBe(value);
  expect(valueOf(text, 'terms')).toBe('Typed terms');
});

test('hostile text in every field is escaped', async () => {
  const hostile = `"><script>alert('x')</script>`;
  const names = ['organization', 'contact', 'welcome', 'logo', 'colour', 'reviewers', 'terms'];
  const { text } = await fill(
    ada,
    '/admin/settings',
    Object.fromEntries(names.map((name) => [name, hostile])),
  );
  expect(text).not.toContain('<script>alert');
});

test('settings or terms that somebody else has changed are shown with both versions', async () => {
  const { text } = await ada.get('/admin/settings');
  const fields = formOf(text, '/admin/settings');
  await writeFile(join(dirname(portal.policyFile), 'terms.md'), 'Theirs');
  const terms = await ada.postRaw('/admin/settings', { ...fields, terms: 'Mine' });
  expect(terms.status).toBe(409);
  expect(textOf(terms.text)).toContain('Terms of use Theirs Mine');

  await writeFile(
    portal.policyFile,
    JSON.stringify(aPolicy({ portal: { ...PORTAL, organization: 'Theirs' } })),
  );
  const portalToo = await ada.postRaw('/admin/settings', { ...fields, organization: 'Mine' });
  expect(portalToo.status).toBe(409);
  expect(textOf(portalToo.text)).toContain('Organisation Theirs Mine');
});

test('fields that the form does not have are ignored', async () => {
  const { text } = await fill(ada, '/admin/settings', {
    'portal.terms': '../../etc/passwd',
    deny: 'x',
    partners: '[]',
  });
  expect(textOf(text)).toContain('Nothing to save');
});

test('a file that cannot be replaced closes the forms, with the reason', async () => {
  const elsewhere = `${portal.policyFile}.elsewhere`;
  const fields = formOf((await ada.get('/admin/settings')).text, '/admin/settings');
  await rename(portal.policyFile, elsewhere);
  await symlink(elsewhere, portal.policyFile);
  for (const path of [
    '/admin/settings',
    '/admin/partners/fabrikam',
    '/admin/apps/crm',
    '/admin/groups/crm',
    '/admin/partners/rules',
  ]) {
    const { text } = await ada.get(path);
    expect(text).not.toContain(`action="${path}"`);
    expect(text).toContain('<dl class="summary-list">');
    expect(text).toMatch(/<div class="callout wait" role="status">\s+<p>[^<]*link/);
  }
  expect((await ada.postRaw('/admin/settings', { ...fields, organization: 'Mine' })).status).toBe(409);
  await rm(portal.policyFile);
  await rename(elsewhere, portal.policyFile);
});
