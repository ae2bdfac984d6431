import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { faultsOf, textOf } from '../support/page.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { FORM, type Visitor } from '../support/visitor.js';

// The texts that an organisation writes itself, by language: WCAG 2.2, 3.1.2.

let portal: TestPortal;

const CONTACT = { organization: 'Contoso', contact: 'partners@contoso.com' };

beforeAll(async () => {
  portal = await startPortal({ worker: false });
});
afterAll(() => portal.close());

async function write(members: object, terms: Record<string, string> = {}) {
  for (const [file, text] of Object.entries(terms))
    await writeFile(join(dirname(portal.policyFile), file), text);
  const policy = aPolicy({ portal: { ...CONTACT, ...members }, partners: [aPartner()] });
  await writeFile(portal.policyFile, JSON.stringify(policy));
  await portal.deps.policy.reload();
  expect(portal.deps.policy.faults()).toEqual([]);
}

const inTwo = () =>
  write(
    { terms: { en: 'terms.md', sv: 'villkor.md' } },
    { 'terms.md': 'Be kind', 'villkor.md': 'Var snäll' },
  );

const reads = (language: string) => portal.visitor({ 'Accept-Language': language });
const lead = (html: string) => /<p class="lead"[^>]*>/.exec(html)?.[0];
const article = (html: string) => /<article [^>]*>/.exec(html)?.[0];
const inForce = (language: string) =>
  portal.deps.policy.current().terms?.texts.find((text) => text.language === language)?.hash;
/** The second step of the form, as this person sees it. */
const secondStep = async (visitor: Visitor) => (await visitor.sendAddress('ana@fabrikam.com')).text;
const termsOf = (html: string) => ({
  hash: /name="terms" value="(\w+)"/.exec(html)?.[1],
  path: /<a href="(\/terms[^"]*)"/.exec(html)?.[1],
  isTicked: /id="terms"[^>]*checked/.test(html),
});

async function acceptedBy(address: string) {
  const { db } = portal.deps.store;
  const query = db.selectFrom('request').select('terms_hash').where('address', '=', address);
  return (await query.executeTakeFirstOrThrow()).terms_hash;
}

describe('the welcome', () => {
  test('is in the language of the page, without a mark', async () => {
    await write({ welcome: { en: 'Hello', sv: 'Hej' } });
    const { text } = await reads('sv').get('/');
    expect(lead(text)).toBe('<p class="lead">');
    expect(textOf(text)).toContain('Hej');
    expect(text).not.toContain('Finns bara');
  });

  test('that is missing in the language of the page is marked, and a sentence says so', async () => {
    await write({ welcome: { en: 'Hello', sv: 'Hej' } });
    const { text } = await reads('de').get('/');
    expect(lead(text)).toBe('<p class="lead" lang="en" dir="ltr">');
    expect(textOf(text)).toContain('Hello Dieser Text ist nur auf Englisch und Schwedisch verfügbar');
  });

  test('from right to left is marked as such', async () => {
    await write({ welcome: { ar: 'مرحبا' } });
    expect(lead((await reads('en').get('/')).text)).toBe('<p class="lead" lang="ar" dir="rtl">');
  });

  test.each(['', undefined])('that is %j is ours, in every language', async (welcome) => {
    await write({ welcome });
    expect(lead((await reads('sv').get('/')).text)).toBe('<p class="lead">');
    expect(textOf((await reads('sv').get('/')).text)).toContain('Arbetar du hos en partner till Contoso?');
  });
});

describe('the terms', () => {
  test('are in the language of the page, or marked, with a sentence', async () => {
    await inTwo();
    const swedish = (await reads('sv-FI').get('/terms')).text;
    expect(article(swedish)).not.toContain('lang=');
    expect(swedish).toContain('Var snäll');
    const german = (await reads('de').get('/terms')).text;
    expect(article(german)).toContain('lang="en" dir="ltr"');
    expect(textOf(german)).toMatch(/Dieser Text ist nur auf Englisch und Schwedisch verfügbar/);
    expect(german).toContain('<a href="/terms?in=sv" lang="sv" hreflang="sv">Svenska</a>');
    expect(german).not.toContain('href="/terms?in=en"');
  });

  test('in one language are shown to everybody', async () => {
    await write({ terms: { sv: 'villkor.md' } }, { 'villkor.md': 'Var snäll' });
    for (const language of ['sv', 'en', 'zh-TW']) {
      expect((await reads(language).get('/terms')).text).toContain('Var snäll');
    }
    expect(textOf((await reads('en').get('/terms')).text)).toContain(
      'This text is only available in Swedish',
    );
  });

  test('whose language is not named have no mark and no sentence', async () => {
    await write({ terms: 'terms.md' }, { 'terms.md': 'Be kind' });
    const { text } = await reads('sv').get('/terms');
    expect(article(text)).not.toContain('lang=');
    expect(text).not.toContain('Finns bara');
    expect(termsOf(await secondStep(reads('sv'))).path).toBe('/terms');
  });

  test('that are asked for in a language that they do not have are those for the reader', async () => {
    await inTwo();
    for (const language of ['fr', 'null', '', '__proto__'])
      expect((await reads('sv').get(`/terms?in=${language}`)).text).toContain('Var snäll');
    expect((await reads('sv').get('/terms?in=en')).text).toContain('Be kind');
    expect((await reads('sv').get('/terms?in=en&in=sv')).text).toContain('Var snäll');
  });
});

describe('what is accepted', () => {
  beforeEach(inTwo);

  test('is the text for the reader, and the link beside the tick leads to it', async () => {
    const { hash, path } = termsOf(await secondStep(reads('sv')));
    expect([hash, path]).toEqual([inForce('sv'), '/terms?in=sv']);
    expect((await reads('en').get(path ?? '')).text).toContain('Var snäll');
    await reads('sv').apply({ email: 'swede@fabrikam.com', terms: hash });
    expect(await acceptedBy('swede@fabrikam.com')).toBe(inForce('sv'));
  });

  test('stays the text that stood beside the form when the person has changed the language since', async () => {
    const { hash } = termsOf(await secondStep(reads('en')));
    await reads('sv').apply({ email: 'switched@fabrikam.com', terms: hash });
    expect(await acceptedBy('switched@fabrikam.com')).toBe(inForce('en'));
  });

  test('is not the text of another language: the form that is shown in it has no tick', async () => {
    const visitor = reads('en');
    const { hash } = termsOf(await secondStep(visitor));
    const switched = await visitor.signUp({ email: 'turned@fabrikam.com', terms: hash, lang: 'sv' });
    expect(switched.text).toContain('<html lang="sv"');
    expect(termsOf(switched.text)).toEqual({ hash: inForce('sv'), path: '/terms?in=sv', isTicked: false });
    const again = await visitor.signUp({ email: 'turned@fabrikam.com', terms: inForce('sv') });
    expect(again.status).toBe(303);
    expect(await acceptedBy('turned@fabrikam.com')).toBe(inForce('sv'));
  });

  test('keeps its tick where another field is wrong, in the same language alone', async () => {
    const { hash } = termsOf(await secondStep(reads('en')));
    const wrong = { ...FORM, reason: '', terms: hash };
    expect(termsOf((await reads('en').signUp(wrong)).text)).toMatchObject({ hash, isTicked: true });
    const swedish = await reads('sv').signUp(wrong);
    expect(faultsOf(swedish.text).map(([field]) => field)).toEqual(['reason']);
    expect(termsOf(swedish.text)).toMatchObject({ hash: inForce('sv'), isTicked: false });
  });

  test('keeps its tick in another language where all read one text', async () => {
    await write({ terms: 'terms.md' }, { 'terms.md': 'Be kind' });
    const { hash } = termsOf(await secondStep(reads('en')));
    const { text } = await reads('en').signUp({ email: 'one@fabrikam.com', terms: hash, lang: 'sv' });
    expect(termsOf(text)).toMatchObject({ hash, isTicked: true });
  });

  test('by a program without our form is the text for its language', async () => {
    await reads('sv').apply({ email: 'program@fabrikam.com', terms: 'yes' });
    expect(await acceptedBy('program@fabrikam.com')).toBe(inForce('sv'));
    await reads('fr').apply({ email: 'programme@fabrikam.com', terms: 'yes' });
    expect(await acceptedBy('programme@fabrikam.com')).toBe(inForce('en'));
  });

  test('is asked for again where that text has changed, and only then', async () => {
    const [english, swedish] = [inForce('en'), inForce('sv')];
    await writeFile(join(dirname(portal.policyFile), 'villkor.md'), 'Var jättesnäll');
    await portal.deps.policy.reload();
    const answer = await reads('sv').signUp({ email: 'late@fabrikam.com', terms: swedish });
    expect(faultsOf(answer.text).map(([field]) => field)).toEqual(['terms']);
    await reads('en').apply({ email: 'late@fabrikam.com', terms: english });
    expect(await acceptedBy('late@fabrikam.com')).toBe(english);
  });
});
