import { fullName } from '../../../src/fullName.js';
import {
  companyName,
  inMail,
  linesInMail,
  nameSuspicions,
  personName,
} from '../../../src/requests/submit/names.js';

type Case = [text: string, fact: string];

/** The message of the first fault; null for what is taken. */
const faultOf = (kind: typeof personName, text: string) =>
  kind.safeParse(text).error?.issues[0]?.message ?? null;

const INVISIBLE: Case[] = [
  ['Ana\u0000', 'a control character'],
  ['Ana\r\nBcc: eve@evil.com', 'a line break'],
  ['Ana\u0085Lind', 'a control character beyond ASCII'],
  ['Ana\u202egnp', 'writing from right to left'],
  ['Ana\u2066Lind\u2069', 'an isolated direction'],
  ['Ana\u200fLind', 'a mark of direction'],
  ['A\u200bna', 'a space without width'],
  ['A\u200dna', 'a joiner'],
  ['A\u00adna', 'a soft hyphen'],
  ['Ana\ufeffLind', 'a byte-order mark'],
  ['A\u034fna', 'a joiner of marks'],
  ['Ana\ufe0f', 'a variation selector'],
  ['Ana\u{e0041}', 'a tag character'],
  ['\u3164', 'a filler that counts as a letter'],
  ['Ana\u115f', 'another one'],
  ['Ana\u2028Lind', 'a line separator'],
  ['Ana\u2800Lind', 'a blank of Braille'],
  ['Ana\ue000', 'a character for private use'],
  ['Ana\ud800', 'half a character'],
];

test.each(INVISIBLE)('%j is refused in any name: %s', (text) => {
  expect(faultOf(personName, text)).toBe('character');
  expect(faultOf(companyName, text)).toBe('character');
});

const NO_PERSON: [...Case, fault: string][] = [
  ['https://evil.com', 'a URL', 'name'],
  ['www.evil.com', 'a domain with www', 'link'],
  ['evil.com', 'a domain', 'link'],
  ['Ana evil.co', 'a domain behind a name', 'link'],
  ['evil.co\u0308m', 'a domain with a mark in it', 'link'],
  ['evil .com', 'a domain with a space in it', 'link'],
  ['evil.\u0301com', 'a domain with a mark on its dot', 'link'],
  ['evil.\ufb01', 'a domain that ends in a ligature', 'link'],
  ['evil.\u01f3', 'a domain that ends in a letter of two', 'link'],
  ['ｅｖｉｌ．ｃｏｍ', 'a full-width domain', 'link'],
  ['bit.ly/x1', 'a domain with a path', 'link'],
  ['(evil.com)', 'a domain in brackets', 'link'],
  ['evil.com,', 'a domain with a comma', 'link'],
  ['пример.рф', 'a domain of another script', 'link'],
  ['evil.онлайн', 'one that ends in a letter with a mark', 'link'],
  ['evil.com’s', 'a domain with a sign glued on', 'link'],
  ['“evil.com”', 'a domain in quotes', 'link'],
  ['evil.com·x', 'a domain before a middle dot', 'link'],
  ['evil.com-', 'a domain before a hyphen', 'link'],
  ['t.co/abc', 'a short domain with a path', 'link'],
  ['ana@evil.com', 'an address', 'name'],
  ['Call +46 70 123 45 67', 'a phone number', 'name'],
  ['Call 0701234567', 'the same without a plus', 'phone'],
  ['Ring ٠٧٠١٢٣٤٥٦٧', 'a phone number in Arabic digits', 'phone'],
  ['٠٧٠١٢٣', 'digits alone', 'name'],
  ['<b>Ana</b>', 'markup', 'name'],
  ['＜b＞Ana', 'full-width markup', 'name'],
  ['[Ana](evil)', 'Markdown', 'name'],
  ['Ana &amp; Eve', 'an entity', 'name'],
  ['{{organization}}', 'a placeholder', 'name'],
  ['=HYPERLINK(1)', 'a formula', 'name'],
  ['Ana 😀', 'an emoji', 'name'],
  ['Zoe 👩‍👩‍👧', 'an emoji that is joined', 'name'],
  ['Zoe ❤️', 'an emoji with a selector', 'name'],
  ['-', 'no letter', 'name'],
  ['...', 'no letter either', 'name'],
];

test.each(NO_PERSON)('the person %j is refused: %s', (text, _, fault) => {
  expect(faultOf(personName, text)).toBe(fault);
});

test.each([
  'Åsa-Märta',
  'O’Neil',
  "D'Angelo Jr.",
  '李 小龍',
  'J. R. R.',
  'J.R.R.',
  'J.\u0158. Nova\u0301k',
  'Nguyễn',
  'أحمد',
  'Νίκος',
  'Ольга',
  'नीलम',
  'X',
  'M.Kumar',
  'Md.Imran',
  'Ph.D',
  'St.John',
  'Jean‐Pierre',
  'Jean‑Luc',
  'Gal·la',
  'Kumar a/l Rajan',
  'Robert (Bob)',
  'Sammy Davis, Jr.',
  'マリア・ルイーザ',
  'مهدی‌زاده',
  'ක්‍රිස්ටි',
  'श्री‌मती',
  '\u845b\u{e0100}城',
  'Keʻalohilani',
  'ג׳ורג׳',
  'བསྟན་འཛིན',
  'Դ՚Արք',
  'Ǹkẹ́chi',
  'John 3rd',
  'J.Li',
])('the person %s is taken', (text) => {
  expect(faultOf(personName, text)).toBeNull();
});

const NO_COMPANY: Case[] = [
  ['https://evil.com', 'a URL'],
  ['Fabrikam hxxp://evil', 'a URL made to slip through'],
  ['Fabrikam ｈｔｔｐｓ：／／evil', 'a full-width URL'],
  ['www.evil.com', 'a domain with www'],
  ['Fabrikam WWW.evil', 'the same in capitals'],
  ['bit.ly/x1', 'a domain with a path'],
  ['foo.com:8080', 'a domain with a port'],
  ['foo.com?x=1', 'a domain with a query'],
  ['foo。com/x', 'a domain with another dot'],
  ['mailto:eve@evil.com', 'a mail link'],
  ['javascript:alert(1)', 'a script'],
  ['tel:112', 'a phone link'],
  ['Fabrikam, eve@evil.com', 'an address'],
  ['<b>Fabrikam</b>', 'markup'],
  ['Fabrikam ＜img', 'full-width markup'],
  ['Fabrikam &lt;b', 'an entity'],
  ['Fabrikam &#60;', 'a numbered entity'],
  ['[Fabrikam](evil)', 'Markdown'],
  ['[url=evil]Fabrikam[/url]', 'BBCode'],
];

test.each(NO_COMPANY)('the organisation %j is refused: %s', (text) => {
  expect(faultOf(companyName, text)).toBe('company');
});

const WITH_PHONE: Case[] = [
  ['Call 0701234567', 'seven digits and more'],
  ['Call 070 123 45 67', 'digits with spaces'],
  ['Call +46 (0)70-123 45 67', 'digits with signs between'],
  ['Call 070.123.45.67', 'digits with dots between'],
  ['Call 070\u2013123\u201145\u201467', 'digits with other dashes between'],
  ['Call ０７０１２３４５６７', 'full-width digits'],
  ['Call ٠٧٠١٢٣٤', 'Arabic digits'],
  ['1234567 Ontario Inc.', 'a registered name of Canada'],
];

test.each(WITH_PHONE)('the organisation %j is taken, and is for an approver to look at: %s', (text) => {
  expect(faultOf(companyName, text)).toBeNull();
  expect(nameSuspicions({ firstName: 'Ana', lastName: '', company: text })).toEqual(['company']);
});

test.each([
  ['John 3rd', ['name']],
  ['J.Li', ['name']],
  ['X.com', ['name']],
  ['M.Kumar', []],
  ['Kumar a/l Rajan', []],
])('%s, as a person’s name, is suspicious: %j', (firstName, suspicions) => {
  expect(nameSuspicions({ firstName, lastName: '', company: 'Booking.com' })).toEqual(suspicions);
});

test('one name is enough, and no name is a link in a mail', () => {
  expect(fullName({ first_name: '小明', last_name: '王' })).toBe('王小明');
  expect(fullName({ first_name: 'Ming', last_name: '王' })).toBe('Ming 王');
  expect(fullName({ first_name: 'Suharto', last_name: '' })).toBe('Suharto');
  expect(inMail('J.Li')).toBe('J. Li');
  expect(inMail('“evil．com”')).not.toContain('．com');
  expect(inMail('Dr. Ana M.')).toBe('Dr. Ana M.');
});

test('a text in a mail comes in lines, without links, and shortened', () => {
  expect(linesInMail('Orders at 10:30\r\n\r\n  each week\n')).toEqual(['Orders at 10:30', 'each week']);
  expect(linesInMail('https://evil.com tel:112 eve@evil.com')).toEqual([
    'https: //evil. com tel: 112 eve @ evil. com',
  ]);
  expect(linesInMail('😀'.repeat(501))).toEqual([`${'😀'.repeat(500)}…`]);
});

test('spaces of any width count as a space', () => {
  expect(personName.parse('\u00a0Ana\u2009Maria\u3000')).toBe('Ana Maria');
});

test.each([
  'Booking.com',
  '3M',
  'Studio 54',
  'Fabrikam',
  'Alpha & Söhne GmbH & Co. KG',
  'AT&T',
  'Johnson & Johnson',
  'S.A./N.V. Solvay',
  'Yahoo!',
  'C# Consulting (Nordic) AB',
  '1&1 Internet SE',
  '7-Eleven 1234',
  'Route 66, 2026',
  '@home',
  'Data: Insight AB',
  'Dr. Oetker',
  'Procter + Gamble',
  '株式会社ファブリカム',
  'ООО «Фабрикам»',
  'Société d’Énergie',
  'Über & "Söhne"',
  'E=mc² Labs',
  'wwwatch GmbH',
  'A/S Dansk',
  'Acme Inc./Ltd',
  'B/S/H/',
])('the organisation %s is taken', (text) => {
  expect(faultOf(companyName, text)).toBeNull();
});

test('texts that are made to take long do not', () => {
  const long = ['1 '.repeat(50_000), '&'.repeat(100_000), 'a.'.repeat(50_000), ':'.repeat(100_000)];
  const begun = process.cpuUsage();
  for (const text of long)
    for (const kind of [personName, companyName]) expect(faultOf(kind, text)).toBe('tooLong');
  expect(process.cpuUsage(begun).user / 1000).toBeLessThan(500);
});
