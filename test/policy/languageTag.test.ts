import { tagFault } from '../../src/policy/languageTag.js';

test.each(['en', 'sv', 'pt-BR', 'zh-Hant', 'zh-Hant-TW', 'es-419', 'sr-Latn', 'gsw', 'de-1996'])(
  '%s is the tag of a language',
  (tag) => {
    expect(tagFault(tag)).toBeNull();
  },
);

test.each([
  ['EN', 'en'],
  ['en-gb', 'en-GB'],
  ['zh-hant-tw', 'zh-Hant-TW'],
  // Hebrew, by the tag that it had until 1989.
  ['iw', 'he'],
])('%s is written %s', (tag, instead) => {
  expect(tagFault(tag)).toEqual({ code: 'textLanguage.otherTag', values: { tag, instead } });
});

test.each(['xx', 'english', 'sv-XX', 'sv-Abcd', 'sv_SE', ' sv', 'a', 'en-u-ca-buddhist', 'x-klingon', '<b>'])(
  'nobody has the tag %s',
  (tag) => {
    expect(tagFault(tag)).toEqual({ code: 'textLanguage.unknown', values: { tag } });
  },
);

test('a text without a tag is to get one', () => {
  expect(tagFault('')).toEqual({ code: 'textLanguage.missing', values: {} });
});
