import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadLanguages } from '../../src/language.js';
import { inViewer } from '../look/inViewer.js';
import { PAGES, type Look } from '../look/pages.js';
import { BRACKETS, PSEUDO, writePseudoLocale } from '../look/pseudoLocale.js';

// The partner's way and the main pages of staff in a language that is long and written from right to left: what is too narrow
// for it, or does not come from `locales/`, shows here before a translator comes.

const STAFF_PAGES = [
  'overview',
  'requests',
  'requests: decision without a choice',
  'request: awaiting approval, as ada',
  'request: owner: failed, as ada',
  'partners',
  'partner',
  'new partner with faults',
  'partner: preview',
  'rules',
  'apps',
  'group',
  'settings',
  'policy with faults',
  'policy: versions',
  'policy: an address explained',
  'audit trail',
  'doctor',
];
const WIDTHS = [320, 1280] as const;

const pages = PAGES.filter(({ name, as }) => as === 'partner' || STAFF_PAGES.includes(name));

it('the pages of staff that are named here exist', () => {
  expect(STAFF_PAGES.filter((name) => !PAGES.some((look) => look.name === name))).toEqual([]);
});

let folder: string | undefined;

async function writtenLanguages() {
  folder = await mkdtemp(join(tmpdir(), 'locales-'));
  await writePseudoLocale('locales', folder);
  return { languages: loadLanguages(folder) };
}

afterAll(async () => {
  if (folder) await rm(folder, { recursive: true });
});

inViewer(writtenLanguages, (viewer) => {
  it.each(pages.map((look): [string, Look] => [look.name, look]))('%s', async (_name, look) => {
    const opened = await viewer().open(look, PSEUDO);
    const { page } = opened;
    try {
      expect(await page.getAttribute('html', 'dir')).toBe('rtl');
      const found = (await page.evaluate<string[]>('look.words()'))
        .filter(isUntranslated)
        .map((text) => `not from locales/: ${text}`);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        const broken = await page.evaluate<string[]>('[...look.sideways(), ...look.overlaps()]');
        found.push(...broken.map((one) => `${width} px: ${one}`));
      }
      expect(found).toEqual([]);
    } finally {
      await opened.close();
    }
  });
});

/** Data: what the scene's people typed, what stands in its policy, terms and directory, what Graph said, and dates of English. */
const DATA = new RegExp(
  [
    'Orders in the CRM|The project (that you name has )?ended|Asked in Seattle|403 Forbidden Not this one',
    'Contoso CRM|Wingtip Toys|Fabrikam Manufacturing|Litware Ltd|Group \\w+|litware\\.com, litware\\.net',
    'Terms of use|Your access is yours alone|Sign in|as yourself|Keep it confidential',
    '(Ada|Arne|Aud|Nils|Lia) [A-Z]\\w+|Ana Lind',
    '[A-Z][a-z]{2} \\d+, \\d{4}(, [\\d:]+.[AP]M)?( UTC)?|[\\d:]+.[AP]M UTC',
  ].join('|'),
  'g',
);
/** Two words of plain letters in a row, outside brackets. */
const WORDS = /[a-z]{2,}[ ,]+[a-z]{2,}/i;

function isUntranslated(text: string): boolean {
  if (text.includes(BRACKETS.open) || text.includes(BRACKETS.close)) return false;
  return WORDS.test(text.replace(DATA, ''));
}
