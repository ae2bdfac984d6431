import { loadLanguages } from '../../../../src/language.js';
import { aPartner, aPolicy } from '../../../support/aPolicy.js';
import { fill } from '../../../support/formOf.js';
import { faultsOf, textOf } from '../../../support/page.js';
import { startPortal, type TestPortal } from '../../../support/portal.js';
import type { Visitor } from '../../../support/visitor.js';

let portal: TestPortal;
const admins = new Map<string, Visitor>();
const languages = loadLanguages();

beforeAll(async () => {
  const northwind = aPartner({ id: 'northwind', name: 'Northwind', domains: ['northwind.se'] });
  portal = await startPortal({ worker: false, policy: aPolicy({ partners: [aPartner(), northwind] }) });
  for (const language of languages.available) {
    admins.set(language, await portal.staff('ada', { 'Accept-Language': language }));
  }
});
afterAll(() => portal.close());

/** Forms filled in so that everything that can be wrong is. */
const FORMS: [path: string, typed: Record<string, unknown>, sentences: string[]][] = [
  [
    '/admin/partners/new',
    {
      domains: '',
      tenantId: 'x',
      groups: 'none',
      approvers: 'ana',
      perDay: 'many',
      perHour: '0',
      total: '1.5',
      message: 'x'.repeat(2001),
      language: 'Swedish',
      sponsors: 'bo',
    },
    [
      'Choose an ID of 1 to 64 letters, digits, hyphens and underscores that begins with a letter or digit',
      'Enter a name',
      'Enter at least one domain',
      "Enter the ID of the partner's tenant, such as 55555555-0000-4000-8000-000000000001, or leave it out",
      'Choose another group: the policy has none with the key “none”',
      'Enter the daily limit as a whole number above 0',
      'Enter the total limit as a whole number above 0',
      'Enter the hourly limit as a whole number above 0',
      'Replace “ana” with the object ID of an approver, such as 11111111-0000-4000-8000-000000000001',
      'Choose an app, or enter the address where guests land',
      'Shorten the message in the invitation to 2000 characters',
      'Enter the language of the invitation as sv or pt-BR, for example',
      'Replace “bo” with the object ID of a sponsor, such as 11111111-0000-4000-8000-000000000001',
    ],
  ],
  [
    '/admin/partners/fabrikam',
    { name: '', domains: 'northwind.se\ngmail.com' },
    [
      'Enter a name',
      'Remove “northwind.se” here or at “Northwind”: a domain can be listed only once',
      'Enter full addresses instead of “gmail.com”: public email providers are refused',
    ],
  ],
  [
    '/admin/apps/new',
    { key: '', name: '', url: '', groups: [], appRoleId: 'x' },
    [
      'Enter a name',
      'Enter the address where the app opens, beginning with https://',
      'Choose a key of 1 to 64 letters, digits, hyphens and underscores that begins with a letter or digit',
      'Enter the service principal that the app role belongs to, or leave the role out',
      'Enter the ID of the app role, such as 44444444-0000-4000-8000-000000000001',
    ],
  ],
  [
    '/admin/groups/new',
    { key: '', name: '', id: '' },
    [
      'Enter a name',
      "Enter the group's object ID, such as 22222222-0000-4000-8000-000000000001",
      'Choose a key of 1 to 64 letters, digits, hyphens and underscores that begins with a letter or digit',
    ],
  ],
  [
    '/admin/settings',
    { organization: '', contact: '', welcome: 'x'.repeat(2001), logo: 'x', colour: 'x', reviewers: 'x' },
    [
      'Enter the name of your organisation',
      'Enter an email address that partners can write to, such as partners@contoso.com',
      'Replace “x” with an email address, such as desk@contoso.com',
      'Shorten the welcome to 2000 characters',
      'Enter the logo as an https address, or as a path below /assets/',
      'Enter the colour as six digits, such as #0b5cad',
    ],
  ],
  ['/admin/partners/rules', { denied: 'no domain' }, ['Remove the space from “no domain”']],
];

/** What stands beside a field. */
const beside = (html: string, field: string) =>
  textOf(new RegExp(`id="${field}-fault">([\\s\\S]*?)</div>\\s*</div>`).exec(html)?.[1] ?? '');

const send = (language: string, path: string, typed: Record<string, unknown>) => {
  const admin = admins.get(language);
  if (!admin) throw new Error('Nobody reads that language');
  return fill(admin, path, typed);
};

describe.each(FORMS)('%s', (path, typed, sentences) => {
  test('says what to do, in the order of its fields, above the form and beside each', async () => {
    const { status, text } = await send('en', path, typed);
    expect(status).toBe(422);
    const faults = faultsOf(text);
    expect(faults.map(([, sentence]) => sentence)).toEqual(sentences);
    const places = faults.map(([field]) => text.indexOf(` id="${field}"`));
    expect(places).toEqual([...places].sort((one, other) => one - other));
    expect(places).not.toContain(-1);
    for (const [field, sentence] of faults) expect(beside(text, field)).toContain(sentence);
    expect(text).toMatch(new RegExp(`<title>Fix ${faults.length} things? to continue: `));
  });

  test.each(languages.available.filter((language) => language !== 'en'))('and in %s', async (language) => {
    const { text } = await send(language, path, typed);
    const faults = faultsOf(text).map(([, sentence]) => sentence);
    expect(faults).toHaveLength(sentences.length);
    expect(faults.filter((sentence) => sentences.includes(sentence))).toEqual([]);
    const spoken = [/<div class="summary"[\s\S]*?<\/div>/g, /<div class="invalid-feedback"[^>]*>/g];
    const shown = spoken.flatMap((part) => text.match(part) ?? []);
    expect(shown.length).toBeGreaterThan(1);
    expect(shown.filter((part) => part.includes('lang='))).toEqual([]);
  });
});
