import { chooseLanguage, cultureOf, loadLanguages, nameOfLanguage } from '../../src/language.js';
import { startPortal, type TestPortal } from '../support/portal.js';

const { available } = loadLanguages();

test.each([
  [['sv-SE'], 'sv', 'sv-SE'],
  [['de-AT', 'en'], 'de', 'de-AT'],
  [['en'], 'en', 'en-GB'],
  [['en-US'], 'en', 'en-US'],
  [['zh-TW'], 'zh-Hant', 'zh-TW'],
  [['zh-HK'], 'zh-Hant', 'zh-HK'],
  [['zh-MO'], 'zh-Hant', 'zh-MO'],
  [['zh-Hant-CN'], 'zh-Hant', 'zh-Hant-CN'],
  [['zh'], 'zh-Hans', 'zh'],
  [['zh-CN'], 'zh-Hans', 'zh-CN'],
  [['zh-SG'], 'zh-Hans', 'zh-SG'],
  [['zh-Latn'], 'zh-Hans', 'zh-Latn'],
  [['fr', 'sv'], 'sv', 'sv'],
  [['tlh', 'xx-Nope'], 'en', 'en-GB'],
  [['*'], 'en', 'en-GB'],
  [['not a tag', '', '-'], 'en', 'en-GB'],
  [[], 'en', 'en-GB'],
])('%j is %s, with the dates of %s', (tags, language, locale) => {
  expect(chooseLanguage(tags, available)).toEqual({ language, locale });
});

test('each language has a name of its own', () => {
  expect(available.map(nameOfLanguage)).toEqual(['English', 'Deutsch', 'Svenska', '简体中文', '繁體中文']);
});

test.each([
  ['zh-Hans', 'zh-CN'],
  ['zh-Hant', 'zh-TW'],
  ['zh-Hant-HK', 'zh-HK'],
  ['sv', 'sv'],
  ['pt-BR', 'pt-BR'],
])('Microsoft knows %s as %s', (tag, culture) => {
  expect(cultureOf(tag)).toBe(culture);
});

describe('the switch', () => {
  let portal: TestPortal;
  beforeAll(async () => {
    portal = await startPortal({ worker: false });
  });
  afterAll(() => portal.close());

  const languageOf = (html: string) => /<html lang="([\w-]+)"/.exec(html)?.[1];

  test('is in the footer of every page, says which language is shown, and leads back', async () => {
    const visitor = portal.visitor({ 'Accept-Language': 'sv' });
    const { text } = await visitor.get('/requests/nothing');
    expect(text.match(/name="lang"/g)).toHaveLength(available.length);
    expect(text).toMatch(/value="sv" lang="sv" aria-current="true"/);
    const switched = await visitor.post('/language', { lang: 'zh-Hant', back: '/requests/nothing' });
    expect([switched.status, switched.headers.location]).toEqual([303, '/requests/nothing']);
    expect(switched.headers['set-cookie']).toEqual([
      expect.stringMatching(/^portal\.language=zh-Hant; Max-Age=31536000; .*HttpOnly; SameSite=Lax$/),
    ]);
    const after = await visitor.get('/');
    expect(languageOf(after.text)).toBe('zh-Hant');
    expect(after.headers.vary).toMatch(/Accept-Language.*Cookie/);
  });

  test.each(['https://evil.example/', '//evil.example', '/\\evil.example', '', undefined])(
    'leads to the form where the way back is %s',
    async (back) => {
      const { status, headers } = await portal
        .visitor()
        .post('/language', { lang: 'de', ...(back !== undefined && { back }) });
      expect([status, headers.location]).toEqual([303, '/']);
    },
  );

  test.each(['tlh', '', 'en-GB', ['sv', 'de'], '__proto__'])(
    'takes no language that has no texts: %j',
    async (lang) => {
      const { status, headers } = await portal.visitor().post('/language', { lang, back: '/' });
      expect(status).toBe(400);
      expect(String(headers['set-cookie'])).not.toContain('portal.language');
    },
  );

  test('needs the token of a page', async () => {
    expect((await portal.visitor().postRaw('/language', { lang: 'sv', back: '/' })).status).toBe(403);
  });

  test('does not believe a cookie that names a language without texts', async () => {
    const { text } = await portal
      .visitor({ 'Accept-Language': 'de' })
      .get('/', { Cookie: 'portal.language=tlh' });
    expect(languageOf(text)).toBe('de');
  });
});
