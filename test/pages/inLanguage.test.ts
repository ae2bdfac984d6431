import { loadLanguages } from '../../src/language.js';
import { showText, textFor } from '../../src/pages/inLanguage.js';

const languages = loadLanguages();
const inAll = (...tags: (string | null)[]) => tags.map((language) => ({ language }));
const reader = (locale: string, language = new Intl.Locale(locale).language) => ({
  t: languages.translate(language),
  language,
  wanted: [locale],
});

test.each<[locale: string, tags: (string | null)[], chosen: string | null | undefined]>([
  ['sv', ['en', 'sv'], 'sv'],
  ['sv-FI', ['en', 'sv', 'sv-FI'], 'sv-FI'],
  ['sv-FI', ['en', 'sv'], 'sv'],
  ['sv', ['en', 'sv-FI'], 'sv-FI'],
  ['pt-PT', ['pt-BR', 'pt', 'en'], 'pt'],
  ['en-GB', ['sv', 'en-US', 'en-GB'], 'en-GB'],
  ['zh-TW', ['en', 'zh-Hans', 'zh-Hant'], 'zh-Hant'],
  ['zh-HK', ['en', 'zh-Hans', 'zh-Hant'], 'zh-Hant'],
  ['zh-MO', ['en', 'zh-Hans', 'zh-Hant'], 'zh-Hant'],
  ['zh-CN', ['en', 'zh-Hant', 'zh-Hans'], 'zh-Hans'],
  ['zh-SG', ['en', 'zh-Hant', 'zh-Hans'], 'zh-Hans'],
  ['zh', ['en', 'zh-Hant', 'zh-Hans'], 'zh-Hans'],
  ['zh-Hant', ['en', 'zh-TW', 'zh-Hans'], 'zh-TW'],
  ['zh-TW', ['zh-Hans', 'en'], 'en'],
  ['de', ['sv', 'en', 'fr'], 'en'],
  ['de', ['sv', 'en-GB'], 'en-GB'],
  ['de', ['sv', 'fr'], 'sv'],
  ['de', [null], null],
  ['de', [], undefined],
])('a reader of %s is shown, of %j, %s', (locale, tags, chosen) => {
  expect(textFor(inAll(...tags), [locale])?.language).toBe(chosen);
});

test('a reader of languages that pages do not have is shown the first that a text has, without a note', () => {
  const french = { ...reader('en'), wanted: ['fr-CA', 'sv'] };
  expect(showText(inAll('sv', 'fr'), french)).toMatchObject({
    text: { language: 'fr' },
    mark: { lang: 'fr' },
    note: null,
  });
});

test.each<[fact: string, locale: string, tags: (string | null)[], mark: unknown, note: string | null]>([
  ['in the language of the page', 'sv', ['en', 'sv'], null, null],
  ['in the same language of another country', 'en-GB', ['en-US'], { lang: 'en-US', dir: 'ltr' }, null],
  ['in another language', 'sv', ['en'], { lang: 'en', dir: 'ltr' }, 'Den här texten finns bara på engelska'],
  [
    'in others',
    'de',
    ['sv', 'fr', 'en'],
    { lang: 'en', dir: 'ltr' },
    'Dieser Text ist nur auf Schwedisch, Französisch und Englisch verfügbar',
  ],
  [
    'in a language from right to left',
    'en',
    ['ar'],
    { lang: 'ar', dir: 'rtl' },
    'This text is only available in Arabic',
  ],
  ['in a language that is not named', 'sv', [null], null, null],
])('a text %s says so', (_fact, locale, tags, mark, note) => {
  expect(showText(inAll(...tags), reader(locale))).toMatchObject({ mark, note });
});
