import { inViewer } from '../look/inViewer.js';
import { PAGES, type Look } from '../look/pages.js';

// What people really write and choose: names without end, a word without a break, a logo that is gone, a colour nobody can read
// on, and a browser whose language the portal does not have.

const LONG_NAME = 'Contoso Manufacturing, Trading and Services of the Northern and Western Provinces '
  .repeat(2)
  .trim();
/** 63 letters. */
const COMPOUND = 'Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz';
/** Klingon. */
const NOBODYS = 'tlh';

const NAMES = [
  'form, second step',
  'form with faults',
  'status: code awaited',
  'status: sign-in awaited',
  'status: owner: invited',
  'status: refused by an approver',
  'mailed link',
  'terms',
  'error 404',
  'overview',
  'requests',
  'request: awaiting approval, as ada',
  'partners',
  'partner',
  'audit trail',
];
const pages = NAMES.map((name): [string, Look | undefined] => [
  name,
  PAGES.find((look) => look.name === name),
]);

inViewer(
  () => {
    const presents = {
      // As long as the policy allows.
      organization: LONG_NAME.slice(0, 100),
      logo: 'https://logo.invalid/gone.svg',
      colour: '#fff48c',
    };
    const partner = `${COMPOUND} ${LONG_NAME}`.slice(0, 200);
    // The form takes 100 letters.
    const typed = { company: partner.slice(0, 100), firstName: COMPOUND, reason: `${COMPOUND}, ${COMPOUND}` };
    return { presents, partner, typed };
  },
  (viewer) => {
    it.each(pages)('%s', async (name, look) => {
      if (!look) throw new Error(`There is no page ${name}`);
      const opened = await viewer().open(look, NOBODYS, 'en');
      try {
        expect(await opened.findings('light', 320)).toEqual([]);
        expect(await opened.findings('dark', 1280)).toEqual([]);
      } finally {
        await opened.close();
      }
    });
  },
);
