import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROBLEM_CODES } from '../src/store/problemCodes.js';
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
const englishOf = (key: string) => english.get(key) ?? english.get(`${withoutPlural(key)}_other`) ?? '';
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

/**
 * One word for one thing: by language the word that is used, the stems of those that are not, and where
 * a stem is right for something else, the English texts that it is wrong for.
 */
const GLOSSARY: Record<string, [term: string, others: RegExp, where?: RegExp][]> = {
  en: [
    ['approver', /\breviewers?\b/i],
    ['audit trail', /\baudit( logs?)?$|\baudit log/i],
    ['refuse, of the policy', /polic(y|ies)( in force)? den(y|ies)|policy denied/i],
    ['request', /\bapplication (for|of) access/i],
  ],
  sv: [
    ['ansökan', /begär|förfråg/i],
    ['registrera sig', /anmäl/i],
    ['neka', /avsl(å|ag|og)|avböj/i],
    ['låta vila, vilande', /åt sidan|parkera/i],
    ['status', /\bläge/i],
    ['skäl', /motiver/i],
    ['policy', /regelverk|regelfil|riktlinje/i],
    ['granskningslogg', /revisions|\blogg\b/i, /audit trail/i],
    ['godkännare', /granskare/i],
    ['åtkomst', /tillgång|tillträde/i],
    ['mejl', /\bbrev(et|en)?\b|\bmail(et|en|s)?\b/i],
    ['hälsokontroll', /doktor|diagnos/i],
    ['publik e-posttjänst', /offentlig/i],
    ['engångsadress', /tillfällig\S* (e-post)?adress|engångstjänst/i],
    ['användarvillkor', /användningsvillkor/i],
    ['företagsprogram', /företagsapp/i],
    ['arbetsprocess', /arbetare/i],
    ['automatiskt', /av (sig|oss) själva?/i],
    ['ange', /mata in|knappa in/i],
  ],
  de: [
    ['Antrag', /anfrag|anforderung|angefragt/i],
    ['Registrierung', /anmeld/i, /\bsign(ed|s)?[ -]?ups?\b/i],
    ['ablehnen', /verweiger/i],
    ['zurückstellen', /angehalten|anhalten|pausiert/i],
    ['Status', /zustand|^stand$/i],
    ['Grund', /begründung/i],
    ['Richtlinie', /regelwerk|regeldatei/i],
    ['Prüfprotokoll', /überwachungsprotokoll|auditprotokoll|^Protokoll$/i],
    ['Genehmigende', /\bprüfende|\bprüfer/i],
    ['Zugang', /(?<!standard)zugriff(?!seinstellungen)/i],
    ['E-Mail', /(?<!E-)\bmails?\b|\bmailanbieter|gemailt/i],
    ['Diagnose', /doktor|selbsttest/i],
    ['fehlgeschlagen', /gescheitert/i],
    ['abgelaufen', /verfallen/i],
    ['App', /\b(?<!für )anwendungen\b/i],
    ['Domain', /domäne/i],
    ['Website', /\bsite\b/i],
    ['ID', /\bIds?\b|\bKennung/],
    ['Version', /\bfassung/i],
    ['korrigieren', /berichtig/i],
    ['Passwort', /kennwort/i],
    ['automatisch', /von selbst/i],
    ['Mailserver', /e-mail-server/i],
  ],
};

/** What is written alike in another language, and is not a text that nobody translated. */
const SAME_IN_ANOTHER_LANGUAGE = new Set(
  ['Administration', 'App', 'Apps', 'app', 'CSV', 'Domains', 'ID', 'Logo', 'Name', 'OK', 'Organisation']
    // Tiers of Microsoft's.
    .concat(['Basic', 'Free', 'Governance', 'P1', 'P2'])
    .concat(['Partner', 'partner', 'Person', 'person', 'Policy', 'Problem', 'Status', 'Version']),
);

type Forbidden = { phrase: string; pattern: RegExp; except: RegExp[] };

/** What `docs/words.md` forbids in texts, and where it is right all the same. */
function readForbidden(): Forbidden[] {
  const [, section = ''] = readFileSync('docs/words.md', 'utf8').split('## What people read');
  const rows =
    section
      .split('\n## ')[0]
      ?.split('\n')
      .filter((line) => line.startsWith('| `')) ?? [];
  const quoted = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, phrase = '']) => phrase);
  return rows.flatMap((row) => {
    const [, not, , exceptions] = row.split('|');
    const except = quoted(exceptions).map((phrase) => new RegExp(phrase, 'gi'));
    return quoted(not).map((phrase) => {
      const [first = ''] = phrase;
      // Capitals inside make another word: an ID is not an id.
      const start = `[${first}${first.toUpperCase()}]`;
      return { phrase, pattern: new RegExp(`(?<![\\w-])${start}${phrase.slice(1)}(?![\\w-])`), except };
    });
  });
}

/** The texts of a language that call something by another word than the glossary's. */
function besideGlossary(language: string, texts: Map<string, string>): string[] {
  return [...texts].flatMap(([key, text]) =>
    (GLOSSARY[language] ?? [])
      .filter(([, others, where]) => others.test(text) && (where?.test(englishOf(key)) ?? true))
      .map(([term]) => `${key}: “${text}” is to say “${term}”`),
  );
}

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
    for (const [key, text] of texts) {
      // Some languages repeat a name where English does not.
      const names = [...new Set(placeholdersOf(text))];
      expect([key, names]).toEqual([key, [...new Set(placeholdersOf(englishOf(key)))]]);
    }
  });

  test('has no text left in English', () => {
    const copied = [...texts].filter(([key, text]) => {
      const words = text.replaceAll(/\{\{\w+\}\}/g, '').trim();
      return english.get(key) === text && /\p{L}/u.test(words) && !SAME_IN_ANOTHER_LANGUAGE.has(words);
    });
    expect(copied).toEqual([]);
  });
});

describe.each(Object.keys(GLOSSARY))('the words of %s', (language) => {
  test('are the same for the same thing in every text', () => {
    expect(besideGlossary(language, read(language))).toEqual([]);
  });
});

describe('plain English', () => {
  const forbidden = readForbidden();

  test('has a list of phrases that it does without', () => {
    expect(forbidden.map(({ phrase }) => phrase)).toEqual(
      expect.arrayContaining(['mail', 'somebody', 'meanwhile', 'need not', 'id']),
    );
  });

  test.each(forbidden)('never says “$phrase”', ({ pattern, except }) => {
    const found = [...english].filter(([, text]) => {
      const words = text.replaceAll(/\{\{\w+\}\}/g, '…');
      return pattern.test(except.reduce((rest, phrase) => rest.replaceAll(phrase, '…'), words));
    });
    expect(found).toEqual([]);
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
    const neverShown = /^(address|domain|proof|approval)\.|^(mailUnconfirmed|paced)$/;
    const codes: string[] = ['src/policy/decision.ts'].flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/code: ((?:'[\w.]+'(?: \| )?)+)/g)].flatMap(([, list = '']) =>
        [...list.matchAll(/'([\w.]+)'/g)].map(([, code = '']) => code),
      ),
    );
    codes.push(...PROBLEM_CODES);
    expect(codes).toEqual(
      expect.arrayContaining(['policyChanged', 'existingMember', 'throttled', 'unlisted']),
    );
    // Once for the person whom it is about, and once for those who can do something about it.
    const sentences = codes
      .filter((code) => !neverShown.test(code))
      .flatMap((code) => [`reason.${code}`, `request.problem.${code}`]);
    expect(sentences.filter((key) => !englishKeys.has(key))).toEqual([]);
  });
});
