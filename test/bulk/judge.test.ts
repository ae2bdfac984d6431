import { judgeAll } from '../../src/bulk/preview.js';
import type { Circumstances } from '../../src/bulk/judge.js';
import { NO_OWN_GRANTS } from '../../src/bulk/ownGrants.js';
import { readSheet } from '../../src/bulk/readSheet.js';
import { validatePolicy } from '../../src/policy/validate.js';
import { compilePolicy } from '../../src/policy/policy.js';
import type { Found, RunChoice } from '../../src/store/schema.js';
import { aPartner, aPolicy, GROUPS, WIKI } from '../support/aPolicy.js';
import { CHOICE } from '../support/aRun.js';

const POLICY = aPolicy({
  partners: [
    aPartner({ approval: 'manual', proof: 'mailbox', apps: ['crm', 'wiki'], groups: ['wiki'] }),
    aPartner({ id: 'lang', name: 'Lang', domains: ['lang.example'], invitation: { language: 'fr' } }),
    aPartner({ id: 'off', name: 'Off', domains: ['off.example'], enabled: false }),
    aPartner({
      id: 'tailspin',
      name: 'Tailspin',
      domains: ['tailspin.com'],
      apps: [],
      groups: ['crm'],
      invitation: { redirectUrl: 'https://start.contoso.com' },
    }),
  ],
  redirectHosts: ['landing.contoso.com'],
  unlisted: 'review',
});

async function judge(
  text: string,
  {
    choice = {},
    found = [],
    open = {},
  }: { choice?: Partial<RunChoice>; found?: (Found | null)[]; open?: Record<string, string> } = {},
) {
  const validated = await validatePolicy(JSON.stringify(POLICY));
  if (!validated.ok) throw new Error('The policy is faulty');
  const policy = await compilePolicy(validated.document);
  const read = readSheet(Buffer.from(text));
  if (!read.ok) throw new Error(read.fault.code);
  const circumstances: Circumstances = {
    policy,
    choice: { ...CHOICE, ...choice },
    own: NO_OWN_GRANTS,
    open: new Map(Object.entries(open)),
    hosts: new Set(['crm.contoso.com', 'landing.contoso.com']),
    languageOf: (tag) => (['en', 'sv'].includes(tag) ? tag : null),
  };
  return judgeAll(circumstances, read.sheet.rows, found);
}

/** How one row is judged: the outcome, or why it is refused. */
async function one(columns: string, cells: string, about: Parameters<typeof judge>[1] = {}): Promise<string> {
  const [judged] = await judge(`Email,${columns}\n${cells}`, about);
  return judged?.verdict.reason ?? judged?.outcome ?? '';
}

test.each([
  ['an approval and a proof are stood in for', 'Company', 'ana@fabrikam.com,', 'invite'],
  ['a denied domain', 'Company', 'eve@competitor.com,', 'denied.domain'],
  ['a public provider', 'Company', 'eve@gmail.com,', 'denied.consumer'],
  ['a look-alike', 'Company', 'eve@fabrlkam.com,', 'denied.lookAlike'],
  ['a partner that is off', 'Company', 'a@off.example,', 'partner.disabled'],
  ['nobody’s domain', 'Company', 'a@elsewhere.example,', 'row.noPartner'],
  ['a plus address', 'Company', 'ana+x@fabrikam.com,', 'address.plus'],
  ['no address', 'Company', 'ana,', 'address.noAt'],
  ['an app of the partner, by its name', 'Apps', 'ana@fabrikam.com,contoso crm', 'invite'],
  ['a group of the partner, by its id', 'Groups', `ana@fabrikam.com,${GROUPS.wiki}`, 'invite'],
  ['an app that is not in the policy', 'Apps', 'ana@fabrikam.com,payroll', 'row.unknownApp'],
  ['an app of others', 'Apps', 'a@tailspin.com,crm', 'row.appOutside'],
  ['a group of others', 'Groups', 'a@tailspin.com,wiki', 'row.groupOutside'],
  ['a group that comes with an app', 'Groups', 'ana@fabrikam.com,crm', 'row.groupOfApp'],
  ['a host of an app', 'InviteReplyURL', 'ana@fabrikam.com,https://crm.contoso.com/x', 'invite'],
  ['a host of redirectHosts', 'InviteReplyURL', 'ana@fabrikam.com,https://landing.contoso.com', 'invite'],
  ['another host', 'InviteReplyURL', 'ana@fabrikam.com,https://evil.example', 'row.redirect'],
  [
    'a host in disguise',
    'InviteReplyURL',
    'ana@fabrikam.com,https://crm.contoso.com@evil.example',
    'row.redirectHttps',
  ],
  ['no https', 'InviteReplyURL', 'ana@fabrikam.com,http://crm.contoso.com', 'row.redirectHttps'],
  ['a cell without a heading', 'DisplayName', 'ana@fabrikam.com,Lind, Ana', 'row.surplus'],
  ['an empty cell', 'Company', ',Fabrikam', 'row.noAddress'],
  ['a look-alike with a foreign letter', 'Company', 'ana@fabrіkam.com,', 'denied.lookAlike'],
  ['a name with a link', 'FirstName', 'ana@fabrikam.com,www.evil.com', 'row.name'],
  ['neither yes nor no', 'SendEmail', 'ana@fabrikam.com,FALSCH', 'row.sendMail'],
  ['a company with a link', 'Company', 'ana@fabrikam.com,https://evil.example', 'row.company'],
  ['a language with texts', 'Language', 'ana@fabrikam.com,sv', 'invite'],
  ['a partner’s language without texts', 'Company', 'a@lang.example,', 'invite'],
  ['a language without', 'Language', 'ana@fabrikam.com,tlh', 'row.language'],
  [
    'a message with a link',
    'CustomizedMessageBody',
    'ana@fabrikam.com,See https://evil.example',
    'row.messageLink',
  ],
  [
    'a message with an address',
    'CustomizedMessageBody',
    'ana@fabrikam.com,Write to eve@evil.example',
    'row.messageLink',
  ],
  [
    'a message with our own link',
    'CustomizedMessageBody',
    'ana@fabrikam.com,See https://crm.contoso.com',
    'invite',
  ],
])('%s', async (_, columns, cells, expected) => {
  expect(await one(columns, cells)).toBe(expected);
});

test('a suggestion comes with a plus address and a look-alike', async () => {
  const judged = await judge('Email\nana+x@fabrikam.com\neve@fabrlkam.com');
  expect(judged.map(({ verdict }) => verdict.instead)).toEqual(['ana@fabrikam.com', 'eve@fabrikam.com']);
});

test('an address that stands there twice counts once, in any case of letters', async () => {
  const judged = await judge('Email\nAna@Fabrikam.com\nben@fabrikam.com\nana@fabrikam.COM');
  expect(judged.map(({ outcome, verdict }) => [outcome, verdict.value])).toEqual([
    ['invite', undefined],
    ['invite', undefined],
    ['duplicate', '2'],
  ]);
});

test('people of domains that no partner lists get what a chosen partner has', async () => {
  const [judged] = await judge('Email\na@elsewhere.example', { choice: { partner: 'tailspin' } });
  expect(judged?.outcome).toBe('invite');
  expect(judged?.verdict).toMatchObject({ partner: 'tailspin', rule: 'unlisted', grants: ['Group crm'] });
});

test('a deny rule beats a chosen partner', async () => {
  expect(await one('Company', 'eve@competitor.com,', { choice: { partner: 'tailspin' } })).toBe(
    'denied.domain',
  );
});

test('guests who are there get only what they lack', async () => {
  const guest = { id: '99999999-0000-4000-8000-000000000001', accepted: true };
  const all = [GROUPS.partners, GROUPS.crm, GROUPS.wiki];
  const roles = [`${WIKI.servicePrincipalId}/${WIKI.appRoleId}`];
  const judged = await judge('Email\na@fabrikam.com\nb@fabrikam.com\nc@fabrikam.com', {
    found: [
      { guest, groups: all, roles },
      { guest, groups: [GROUPS.crm], roles },
      { problem: 'existingMember' },
    ],
  });
  expect(judged.map(({ outcome, verdict }) => [outcome, verdict.grants ?? verdict.reason])).toEqual([
    ['unchanged', []],
    ['grant', ['Group wiki', 'Group partners']],
    ['refused', 'existingMember'],
  ]);
});

test('an address with an open request is left to it', async () => {
  const [judged] = await judge('Email\nana@fabrikam.com', { open: { 'ana@fabrikam.com': 'r1' } });
  expect(judged).toMatchObject({ outcome: 'open', verdict: { requestId: 'r1' }, order: null });
});

test('a row without mail, a language and names go into the order', async () => {
  const [first, second] = await judge(
    'Email,DisplayName,SendEmail,Language\nana@fabrikam.com,"Lind, Ana",false,sv\nben@fabrikam.com,,true,',
    { choice: { message: 'Welcome' } },
  );
  expect(first?.order).toMatchObject({
    firstName: 'Ana',
    lastName: 'Lind',
    language: 'sv',
    company: 'Fabrikam',
    bulk: { mail: false, message: 'Welcome' },
  });
  expect(second?.order).toMatchObject({ firstName: '', language: 'en', bulk: { mail: true } });
});

test('a row that is refused does not stand in the way of another one with its address', async () => {
  const judged = await judge('Email,Language\nana@fabrikam.com,xx\nana@fabrikam.com,sv\nana@fabrikam.com,sv');
  expect(judged.map(({ outcome }) => outcome)).toEqual(['refused', 'invite', 'duplicate']);
});
