import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadLanguages, readTexts } from '../src/language.js';
import { TRANSITIONS } from '../src/requests/transitions.js';

type Texts = { [key: string]: string | Texts };

/** Keys of a language file as paths, with their texts. */
function flatten(texts: Texts, path = ''): [key: string, text: string][] {
  return Object.entries(texts).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[`${path}${key}`, value]] : flatten(value, `${path}${key}.`),
  );
}

const read = (language: string) => new Map(flatten(readTexts(join('locales', language)) as Texts));

/** Plural forms are one text in several shapes, and languages differ in which they need. */
const withoutPlural = (key: string) => key.replace(/_(zero|one|two|few|many|other)$/, '');
const placeholdersOf = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name).sort();

const english = read('en');
const englishKeys = new Set([...english.keys()].map(withoutPlural));
const { available } = loadLanguages();
const others = available.filter((language) => language !== 'en');

function filesBelow(folder: string, extension: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(extension) && !file.startsWith('simulator'))
    .map((file) => join(folder, file));
}

/** Every key that views and code ask for; where a part is computed, a pattern. */
const asked = [...filesBelow('views', '.ejs'), ...filesBelow('src', '.ts')].flatMap((file) => {
  const source = readFileSync(file, 'utf8');
  const calls = [...source.matchAll(/\bt\(\s*\[?([^)]*?)[,)\]]/g)].map(([, first = '']) => first);
  return calls
    .flatMap((first) => [...first.matchAll(/(['`])([a-zA-Z]\w*\.(?:(?!\1).)*)\1/g)])
    .map(([, , key = '']) => ({
      file,
      key,
      pattern: new RegExp(
        `^${key
          .split(/\$\{[^}]*\}/)
          .map((part) => part.replaceAll('.', '\\.'))
          .join('[\\w.]+')}$`,
      ),
    }));
});

test('English, Swedish and German are there', () => {
  expect(available).toEqual(expect.arrayContaining(['en', 'de', 'sv']));
  expect(available[0]).toBe('en');
});

describe.each(others)('%s', (language) => {
  const texts = read(language);

  test('has the keys of English, all and no other', () => {
    expect(new Set([...texts.keys()].map(withoutPlural))).toEqual(englishKeys);
  });

  test('has the plural forms that its grammar needs', () => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    const plural = [...english.keys()].filter((key) => key.endsWith('_other')).map(withoutPlural);
    for (const key of plural) {
      for (const form of forms) expect([...texts.keys()]).toContain(`${key}_${form}`);
    }
  });

  test('has the placeholders of English in each text', () => {
    const ofEnglish = (key: string) => english.get(key) ?? english.get(`${withoutPlural(key)}_other`) ?? '';
    for (const [key, text] of texts) {
      // Some languages repeat a name where English does not.
      const names = [...new Set(placeholdersOf(text))];
      expect([key, names]).toEqual([key, [...new Set(placeholdersOf(ofEnglish(key)))]]);
    }
  });

  test('has no text left in English', () => {
    const same = [...texts].filter(([key, text]) => english.get(key) === text && /\w+ \w+/.test(text));
    expect(same).toEqual([]);
  });
});

describe('the keys', () => {
  test('that views and code ask for exist', () => {
    expect(asked.length).toBeGreaterThan(40);
    const missing = asked.filter(({ pattern }) => ![...englishKeys].some((key) => pattern.test(key)));
    expect(missing.map(({ file, key }) => `${file}: ${key}`)).toEqual([]);
  });

  test('that exist are asked for', () => {
    const unused = [...englishKeys].filter((key) => !asked.some(({ pattern }) => pattern.test(key)));
    expect(unused).toEqual([]);
  });

  test('name a title and a text for every state', () => {
    for (const state of Object.keys(TRANSITIONS)) {
      expect(englishKeys).toContain(`status.${state}.title`);
      expect(englishKeys).toContain(`status.${state}.text`);
    }
  });

  test('name a title and a text for every error that has an answer', () => {
    const source = readFileSync('src/errors.ts', 'utf8') + readFileSync('src/http/errorPage.ts', 'utf8');
    const ids = [...source.matchAll(/new PublicError\('(\w+)'/g)].map(([, id = '']) => id);
    expect(ids.length).toBeGreaterThan(7);
    for (const id of ids) {
      expect(englishKeys).toContain(`error.${id}.title`);
      expect(englishKeys).toContain(`error.${id}.text`);
    }
  });

  test('have a sentence for every reason that a request can end or wait for', () => {
    // Reasons that stand with a decision and are never what it failed for, and what only admins see.
    const neverShown = /^(address|domain|proof|approval)\.|^mailUnconfirmed$/;
    const files = [...filesBelow('src/requests', '.ts'), 'src/policy/reason.ts'];
    const codes = files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/code: ((?:'[\w.]+'(?: \| )?)+)/g)].flatMap(([, list = '']) =>
        [...list.matchAll(/'([\w.]+)'/g)].map(([, code = '']) => code),
      ),
    );
    // Built from a kind in `grant.ts`.
    codes.push('groupMissing', 'appMissing');
    expect(codes).toEqual(
      expect.arrayContaining(['policyChanged', 'existingMember', 'throttled', 'unlisted']),
    );
    const silent = codes.filter((code) => !neverShown.test(code) && !englishKeys.has(`reason.${code}`));
    expect(silent).toEqual([]);
  });
});
