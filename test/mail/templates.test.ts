import { contrast } from '../../src/accent.js';
import { loadLanguages } from '../../src/language.js';
import { renderMail } from '../../src/mail/templates.js';

const languages = loadLanguages();
const ORGANISATION = { organization: 'Contoso', contact: 'partners@contoso.com' };

const MAILS = {
  invitation: {
    firstName: 'Ana',
    partnerName: 'Fabrikam',
    approved: true,
    asked: true,
    message: 'Glad that you are here.',
    apps: [{ name: 'CRM', url: 'https://crm.contoso.com' }],
    redeemUrl: 'https://login.example/redeem',
    statusUrl: 'https://portal.example/requests/abc',
  },
  waiting: {
    name: 'Ana Lind',
    company: 'Fabrikam',
    domain: 'fabrikam.com',
    reason: ['Orders in the CRM,', 'each week.'],
    received: '2 May 2026 at 12:00 UTC',
    partnerName: 'Fabrikam',
    requestUrl: 'https://portal.example/admin/requests/1',
  },
  digest: {
    count: 1,
    lines: [
      {
        partnerName: 'Fabrikam',
        count: 1,
        since: '2 May 2026',
        url: 'https://portal.example/admin/requests?state=pending',
      },
    ],
  },
  denied: { firstName: 'Ana', reason: 'Ask\nhead office.', statusUrl: 'https://portal.example/requests/abc' },
  proof: { firstName: 'Ana', code: '123456', linkUrl: 'https://portal.example/verify/link/x', minutes: 10 },
  known: { reason: 'existingMember' },
  runHalted: {
    name: 'people.csv',
    why: 'Microsoft has blocked invitations.',
    words: ['Blocked'],
    runUrl: 'https://portal.example/admin/runs/1',
  },
  licences: {
    lines: ['P1: you need 12 licences for 60 people and own 10: 2 are missing.'],
    licencesUrl: 'https://portal.example/admin/licences',
  },
} as const;
const names = Object.keys(MAILS) as (keyof typeof MAILS)[];

function render(name: keyof typeof MAILS, language = 'en', colour?: string) {
  const data = { ...ORGANISATION, ...MAILS[name], ...(colour !== undefined && { colour }) };
  return renderMail(languages.translate(language), name, data as never);
}

describe.each(names)('the mail “%s”', (name) => {
  test('names its language and its subject, and says that it has colours for dark', async () => {
    const { html, subject } = await render(name, 'sv');
    expect(html).toMatch(/^<!doctype html>\s*<html lang="sv">/);
    expect(html).toContain(`<title>${subject}</title>`);
    expect(html).toContain('<meta name="viewport" content="width=device-width, initial-scale=1" />');
    expect(html).toContain('<meta name="color-scheme" content="light dark" />');
    expect(html).toMatch(/<\/html>\s*$/);
  });

  test('has in plain text each link on a line of its own, no blank lines in a row, and a signature', async () => {
    const { text, html } = await render(name);
    for (const line of text.split('\n').filter((one) => one.includes('://'))) {
      expect(line).toMatch(/^\s*https:\/\/\S+$/);
    }
    expect(text).not.toMatch(/\n\s*\n\s*\n/);
    expect(text).toMatch(/\n\n--\nContoso\n[^\n]+ partners@contoso\.com$/);
    for (const [, url = ''] of html.matchAll(/href="(https:[^"]+)"/g)) expect(text).toContain(url);
  });

  test('can be read in the colour of the organisation, in light and in dark', async () => {
    for (const colour of ['#ffd400', '#c8102e', '#777777', '#111111']) {
      const { html } = await render(name, 'en', colour);
      expect(html).toContain(`border-top: 4px solid ${colour}`);
      const link = /class="link" href="[^"]*" style="color: (#\w{6})"/.exec(html)?.[1] ?? '';
      const darkLink = /\.link \{ color: (#\w{6})/.exec(html)?.[1] ?? '';
      const [, filled = '', text = ''] = /\.filled \{ background: (#\w{6}) !important; color: (#\w{6})/.exec(
        html,
      ) ?? ['', '', ''];
      expect(contrast(link, '#ffffff')).toBeGreaterThanOrEqual(4.5);
      expect(contrast(darkLink, '#1a212b')).toBeGreaterThanOrEqual(4.5);
      expect(contrast(text, filled)).toBeGreaterThanOrEqual(4.5);
      const button = /<a class="filled" [^>]*color: (#\w{6})/.exec(html)?.[1];
      if (button !== undefined) expect(contrast(button, colour)).toBeGreaterThanOrEqual(4.5);
    }
  });
});

test('a mail in a language without texts is in English, and says so', async () => {
  expect((await render('proof', 'fr')).html).toContain('<html lang="en">');
});
