import { readFileSync } from 'node:fs';
import { parseAddress } from '../../src/policy/address.js';
import { editPolicyText } from '../../src/policy/editText.js';
import { POLICY_FAULTS, type PolicyFault, type PolicyFaultCode } from '../../src/policy/policyFault.js';
import { isConsumerDomain, isDisposableDomain } from '../../src/policy/providers.js';
import { validatePolicy } from '../../src/policy/validate.js';
import { aDocument, aPartner, GROUP_ID, OTHER_ID } from './aPolicy.js';

type Json = Record<string, unknown>;

async function faultsOf(text: string): Promise<PolicyFault[]> {
  const validated = await validatePolicy(text);
  return validated.ok ? [] : validated.faults;
}

const partners = (...overrides: Json[]): Json => ({
  partners: overrides.map((override, index) =>
    aPartner({ id: `p${index}`, domains: [`p${index}.com`], ...override }),
  ),
});
const domains = (...rules: unknown[]): Json => partners({ domains: rules });
const portal = (override: Json): Json => ({
  portal: { organization: 'Woodgrove', contact: 'partners@woodgrove.com', ...override },
});
const app = (override: Json): Json => ({
  apps: { crm: { name: 'CRM', url: 'https://crm.woodgrove.com', ...override } },
});

type Case = [overrides: Json, path: string, code: PolicyFaultCode, values?: Json];

const CASES: Case[] = [
  [{ version: 2 }, 'version', 'version'],
  [{ version: undefined }, 'version', 'version'],
  [{ colour: 'red' }, 'colour', 'unknownKey'],
  [{ portal: undefined }, 'portal', 'missing'],
  [{ portal: [] }, 'portal', 'type.object'],
  [portal({ contact: undefined }), 'portal.contact', 'missing'],
  [portal({ contact: 'Ana <ana@woodgrove.com>' }), 'portal.contact', 'contact'],
  [portal({ organization: 'Wood\ngrove' }), 'portal.organization', 'organization.character'],
  [portal({ terms: '../terms.md' }), 'portal.terms', 'terms.path'],
  [portal({ terms: '/etc/terms.md' }), 'portal.terms', 'terms.path'],
  [portal({ terms: 'a/../../terms.md' }), 'portal.terms', 'terms.path'],
  [portal({ terms: '..\\terms.md' }), 'portal.terms', 'terms.path'],
  [portal({ terms: 'terms.html' }), 'portal.terms', 'terms.path'],
  [portal({ logo: 'http://woodgrove.com/logo.png' }), 'portal.logo', 'logo'],
  [portal({ logo: '/assets/../secret.png' }), 'portal.logo', 'logo'],
  [portal({ colour: 'blue' }), 'portal.colour', 'colour'],
  [portal({ welcome: 7 }), 'portal.welcome', 'type.textOrTexts'],
  [portal({ welcome: { sv: 7 } }), 'portal.welcome.sv', 'type.text'],
  [portal({ welcome: { sv: '' } }), 'portal.welcome.sv', 'welcome.missing'],
  [portal({ welcome: { sv: 'x'.repeat(2001) } }), 'portal.welcome.sv', 'welcome.tooLong', { max: 2000 }],
  [portal({ terms: { sv: '../terms.md' } }), 'portal.terms.sv', 'terms.path'],
  [portal({ terms: {} }), 'portal.terms', 'texts.none'],
  [portal({ terms: { '': 'terms.md' } }), 'portal.terms[""]', 'textLanguage.missing'],
  [{ groups: { staff: { id: 'staff', name: 'Staff' } } }, 'groups.staff.id', 'group.id'],
  [{ groups: { staff: { id: GROUP_ID } } }, 'groups.staff.name', 'missing'],
  [
    { groups: { staff: { id: GROUP_ID, name: 'Staff' }, 'a b': { id: OTHER_ID, name: 'B' } } },
    'groups["a b"]',
    'key.malformed',
  ],
  [app({ groups: ['nobody'] }), 'apps.crm.groups[0]', 'group.unknown', { key: 'nobody' }],
  [app({ groups: ['constructor'] }), 'apps.crm.groups[0]', 'group.unknown', { key: 'constructor' }],
  [app({}), 'apps.crm.groups', 'app.unreachable'],
  [app({ servicePrincipalId: GROUP_ID }), 'apps.crm.appRoleId', 'appRoleId.missing'],
  [
    app({ groups: ['staff'], appRoleId: GROUP_ID }),
    'apps.crm.servicePrincipalId',
    'servicePrincipalId.missing',
  ],
  [app({ groups: ['staff'], url: 'http://crm.woodgrove.com' }), 'apps.crm.url', 'url.notHttps'],
  [app({ groups: ['staff'], url: 'javascript:alert(1)' }), 'apps.crm.url', 'url.notHttps'],
  [app({ groups: ['staff'], url: 'https://ana:pw@crm.woodgrove.com' }), 'apps.crm.url', 'url.malformed'],
  [app({ groups: ['staff'], url: 'https://crm.woodgrove.com\\@evil.com' }), 'apps.crm.url', 'url.malformed'],
  [app({ groups: ['staff'], url: 'https://crm.wood\u200bgrove.com' }), 'apps.crm.url', 'url.malformed'],
  [app({ groups: ['staff'], url: 'https://' }), 'apps.crm.url', 'url.malformed'],
  [{ partners: {} }, 'partners', 'type.list'],
  [{ partners: ['contoso.com'] }, 'partners[0]', 'type.object'],
  [partners({ id: undefined }), 'partners[0].id', 'missing'],
  [partners({ id: 'a/b' }), 'partners[0].id', 'id.malformed'],
  [
    partners({ id: 'same' }, { id: 'same' }),
    'partners[1].id',
    'id.taken',
    { id: 'same', place: 'partners[0]' },
  ],
  [partners({ apps: ['nothing'] }), 'partners[0].apps[0]', 'app.unknown', { key: 'nothing' }],
  [partners({ apps: ['crm', '__proto__'] }), 'partners[0].apps[1]', 'app.unknown', { key: '__proto__' }],
  [partners({ groups: ['nobody'] }), 'partners[0].groups[0]', 'group.unknown', { key: 'nobody' }],
  [partners({ approval: 'perhaps' }), 'partners[0].approval', 'oneOf', { options: '"automatic", "manual"' }],
  [partners({ enabled: 'yes' }), 'partners[0].enabled', 'type.flag'],
  [partners({ tenantId: 'contoso' }), 'partners[0].tenantId', 'tenantId'],
  [partners({ notify: 'hourly' }), 'partners[0].notify', 'oneOf', { options: '"atOnce", "digest", "off"' }],
  [
    portal({ reviewers: ['desk@contoso.com, eve@evil.com'] }),
    'portal.reviewers[0]',
    'reviewers.address',
    { value: 'desk@contoso.com, eve@evil.com' },
  ],
  [
    portal({ reviewers: Array(21).fill('desk@contoso.com') }),
    'portal.reviewers',
    'reviewers.tooMany',
    { max: 20 },
  ],
  [partners({ limits: { perDay: 0 } }), 'partners[0].limits.perDay', 'perDay'],
  [partners({ limits: { total: 1.5 } }), 'partners[0].limits.total', 'total'],
  [partners({ approvers: ['ana'] }), 'partners[0].approvers[0]', 'approvers.id', { value: 'ana' }],
  [partners({ apps: [] }), 'partners[0].invitation.redirectUrl', 'redirectUrl.missing'],
  [
    partners({ invitation: { redirectUrl: 'http://a.com' } }),
    'partners[0].invitation.redirectUrl',
    'redirectUrl.notHttps',
  ],
  [partners({ invitation: { language: 'Swedish' } }), 'partners[0].invitation.language', 'language'],
  [
    partners({ invitation: { userType: 'guest' } }),
    'partners[0].invitation.userType',
    'oneOf',
    { options: '"Guest", "Member"' },
  ],
  [
    partners({ invitation: { sponsors: Array(6).fill(GROUP_ID) } }),
    'partners[0].invitation.sponsors',
    'sponsors.tooMany',
    { max: 5 },
  ],
  [domains(), 'partners[0].domains', 'domains.missing'],
  [domains(''), 'partners[0].domains[0]', 'rule.missing'],
  [domains(7), 'partners[0].domains[0]', 'type.text'],
  [domains('https://a.com'), 'partners[0].domains[0]', 'rule.malformed', { rule: 'https://a.com' }],
  [domains('@a.com'), 'partners[0].domains[0]', 'rule.address', { rule: '@a.com' }],
  [domains('a.*.com'), 'partners[0].domains[0]', 'rule.malformed', { rule: 'a.*.com' }],
  [domains('.a.com'), 'partners[0].domains[0]', 'rule.malformed', { rule: '.a.com' }],
  [domains('a.com.'), 'partners[0].domains[0]', 'rule.malformed', { rule: 'a.com.' }],
  [domains(' a.com'), 'partners[0].domains[0]', 'rule.space', { rule: ' a.com' }],
  [
    domains('ana+x@a.com'),
    'partners[0].domains[0]',
    'rule.otherAddress',
    { rule: 'ana+x@a.com', instead: 'ana@a.com' },
  ],
  [
    domains('bücher.de'),
    'partners[0].domains[0]',
    'rule.encoded',
    { rule: 'bücher.de', instead: 'xn--bcher-kva.de' },
  ],
  [
    domains('*.bücher.de'),
    'partners[0].domains[0]',
    'rule.encoded',
    { rule: '*.bücher.de', instead: '*.xn--bcher-kva.de' },
  ],
  [
    domains('ana@bücher.de'),
    'partners[0].domains[0]',
    'rule.encoded',
    { rule: 'ana@bücher.de', instead: 'ana@xn--bcher-kva.de' },
  ],
  [domains('xn--contoso-.com'), 'partners[0].domains[0]', 'rule.malformed', { rule: 'xn--contoso-.com' }],
  [domains('*.co.uk'), 'partners[0].domains[0]', 'rule.tooWide', { rule: '*.co.uk', domain: 'co.uk' }],
  [domains('co.uk'), 'partners[0].domains[0]', 'rule.tooWide', { rule: 'co.uk', domain: 'co.uk' }],
  [domains('*.com'), 'partners[0].domains[0]', 'rule.tooWide', { rule: '*.com', domain: 'com' }],
  [domains('*.madeup'), 'partners[0].domains[0]', 'rule.tooWide', { rule: '*.madeup', domain: 'madeup' }],
  [
    domains('*.compute.amazonaws.com'),
    'partners[0].domains[0]',
    'rule.tooWide',
    { rule: '*.compute.amazonaws.com', domain: 'compute.amazonaws.com' },
  ],
  [
    domains('*.github.io'),
    'partners[0].domains[0]',
    'rule.tooWide',
    { rule: '*.github.io', domain: 'github.io' },
  ],
  [
    domains('azurewebsites.net'),
    'partners[0].domains[0]',
    'rule.tooWide',
    { rule: 'azurewebsites.net', domain: 'azurewebsites.net' },
  ],
  [
    domains('*.onmicrosoft.com'),
    'partners[0].domains[0]',
    'rule.tooWide',
    { rule: '*.onmicrosoft.com', domain: 'onmicrosoft.com' },
  ],
  [
    domains('a.com', 'A.com'),
    'partners[0].domains[1]',
    'rule.twice',
    { rule: 'a.com', place: 'partners[0].domains[0]' },
  ],
  [
    partners({ domains: ['*.a.com'] }, { domains: ['b.com', '*.a.com'] }),
    'partners[1].domains[1]',
    'rule.twice',
    { rule: '*.a.com', place: 'partners[0].domains[0]' },
  ],
  [{ deny: { domains: ['com.'] } }, 'deny.domains[0]', 'rule.malformed', { rule: 'com.' }],
  [
    { deny: { domains: ['contoso.com'] } },
    'partners[0].domains[0]',
    'rule.denied',
    { rule: 'contoso.com', denial: 'contoso.com' },
  ],
  [
    { deny: { domains: ['*.com'] } },
    'partners[0].domains[0]',
    'rule.denied',
    { rule: 'contoso.com', denial: '*.com' },
  ],
  [
    { ...domains('ana@a.com'), deny: { domains: ['a.com'] } },
    'partners[0].domains[0]',
    'rule.denied',
    { rule: 'ana@a.com', denial: 'a.com' },
  ],
  [
    { ...domains('*.x.a.com'), deny: { domains: ['*.a.com'] } },
    'partners[0].domains[0]',
    'rule.denied',
    { rule: '*.x.a.com', denial: '*.a.com' },
  ],
  [
    { ...domains('gmail.com'), deny: { consumer: true } },
    'partners[0].domains[0]',
    'rule.consumer',
    { rule: 'gmail.com' },
  ],
  [
    { ...domains('*.yopmail.com'), deny: { disposable: true } },
    'partners[0].domains[0]',
    'rule.disposable',
    { rule: '*.yopmail.com' },
  ],
  [{ deny: { consumer: 'yes' } }, 'deny.consumer', 'type.flag'],
  [{ unlisted: 'allow' }, 'unlisted', 'oneOf', { options: '"deny", "review"' }],
];

describe('validatePolicy refuses', () => {
  it.each(CASES)('%j at %s: %s %j', async (overrides, path, code, values = {}) => {
    const faults = await faultsOf(JSON.stringify(aDocument(overrides)));
    expect(faults).toContainEqual(expect.objectContaining({ path, code, values }));
    // One mistake, one fault: an admin should not have to guess which of several is the cause.
    expect(faults.filter((fault) => fault.path === path)).toHaveLength(1);
  });
});

const ACCEPTED: [overrides: Json, fact: string][] = [
  [{}, 'the smallest document'],
  [{ $schema: './policy.schema.json' }, 'a reference to the schema'],
  [domains('contoso.onmicrosoft.com', '*.contoso.onmicrosoft.com'), 'one tenant below onmicrosoft.com'],
  [domains('contoso.github.io'), 'one name below a private suffix'],
  [domains('xn--bcher-kva.de', '*.xn--bcher-kva.de'), 'A-labels, verbatim'],
  [domains('a.com', '*.a.com', 'ana@a.com'), 'a domain, what is below it, and one of its addresses'],
  [
    { ...domains('*.a.com'), deny: { domains: ['x.a.com', 'a.com'] } },
    'a denial inside of what a partner lists',
  ],
  [{ ...domains('ana@gmail.com'), deny: { consumer: true } }, 'one address at a denied public provider'],
  [{ deny: { domains: ['*.ru', 'co.uk', 'eve@contoso.com'] } }, 'wide denials, and one address'],
  [
    partners({ apps: [], groups: [], invitation: { redirectUrl: 'https://woodgrove.com/' } }),
    'a partner that only gets an account',
  ],
  [
    portal({ terms: 'legal/terms.md', logo: '/assets/logo.svg', colour: '#0b5cad', welcome: 'Hello\nyou' }),
    'a dressed portal',
  ],
  [
    portal({
      terms: { en: 'terms.md', 'zh-Hant': 'legal/terms.zh-Hant.md' },
      welcome: { 'pt-BR': 'Olá', ar: 'مرحبا', 'es-419': 'Hola' },
    }),
    'texts by language',
  ],
  [portal({ welcome: '' }), 'no welcome'],
];

describe('validatePolicy accepts', () => {
  it.each(ACCEPTED)('%j: %s', async (overrides) => {
    expect(await faultsOf(JSON.stringify(aDocument(overrides)))).toEqual([]);
  });

  it('a byte-order mark, which Windows editors write', async () => {
    expect(await faultsOf(`\uFEFF${JSON.stringify(aDocument())}`)).toEqual([]);
  });

  it('fills in what may be left out', async () => {
    const validated = await validatePolicy(JSON.stringify(aDocument()));
    expect(validated).toMatchObject({
      document: {
        deny: { domains: [], consumer: false, disposable: false },
        unlisted: 'deny',
        partners: [
          {
            approval: 'automatic',
            proof: 'invitation',
            enabled: true,
            groups: [],
            approvers: [],
            notify: 'atOnce',
            limits: {},
            invitation: { redirectUrl: 'https://crm.woodgrove.com', userType: 'Guest', sponsors: [] },
          },
        ],
      },
    });
  });
});

const SYNTAX: [
  text: string,
  line: number,
  column: number,
  path: string,
  code: PolicyFaultCode,
  found?: string,
][] = [
  ['', 1, 1, '', 'json.endsEarly'],
  ['{\n  "a": 1,\n}', 3, 1, '', 'json.key', '}'],
  ['{\n  "a": 1\n  "b": 2\n}', 3, 3, 'a', 'json.commaOrBrace', '"b"'],
  ['{"a": [1, 2', 1, 12, 'a[1]', 'json.endsEarly'],
  ['{"a": [1, ]}', 1, 11, 'a[1]', 'json.value', ']'],
  ['{"a" 1}', 1, 6, 'a', 'json.colon', '1'],
  ['{a: 1}', 1, 2, '', 'json.keyOrEnd', 'a'],
  ['{"a": 01}', 1, 7, 'a', 'json.value', '01'],
  ['{"a": tru}', 1, 7, 'a', 'json.value', 'tru'],
  ['{"a": "b\n"}', 1, 7, 'a', 'json.string'],
  ['{"a": "\\x"}', 1, 7, 'a', 'json.string'],
  ['{} // done', 1, 4, '', 'json.end', '//'],
];

describe('a fault of syntax', () => {
  it.each(SYNTAX)(
    '%j: line %i, column %i, at "%s": %s',
    async (text, line, column, path, code, found = '') => {
      const values = found === '' ? {} : { found };
      expect(await faultsOf(text)).toEqual([{ path, code, values, line, column }]);
    },
  );
});

describe('faults', () => {
  it('are all reported at once, in the order of the file, each with its place', async () => {
    const text = `{
  "version": 1,
  "portal": { "organization": "Woodgrove" },
  "apps": { "crm": { "name": "CRM", "url": "http://crm.com", "groups": ["crm"] } },
  "partners": [
    { "id": "a", "name": "A", "domains": ["a.com", "*.com"], "apps": ["wiki"], "extra": true },
    { "id": "a", "domains": ["A.com"], "apps": ["crm"] }
  ],
  "unlisted": "perhaps"
}`;
    expect((await faultsOf(text)).map(({ path, line, column }) => `${path} ${line}:${column}`)).toEqual([
      'portal.contact 3:13',
      'apps.crm.url 4:44',
      'apps.crm.groups[0] 4:73',
      'partners[0].domains[1] 6:52',
      'partners[0].apps[0] 6:71',
      'partners[0].extra 6:89',
      'partners[1].name 7:5',
      'partners[1].id 7:13',
      'partners[1].domains[0] 7:30',
      'unlisted 9:15',
    ]);
  });

  it.each(['"unlisted": "deny", "unlisted": "review"', '"unlisted": "deny", "\\u0075nlisted": "review"'])(
    'include a key that stands twice: %s',
    async (twice) => {
      const text = JSON.stringify(aDocument()).replace(/^\{/, `{${twice},`);
      expect(await faultsOf(text)).toMatchObject([{ path: 'unlisted', code: 'key.twice' }]);
    },
  );

  it('include a key that JavaScript treats as special', async () => {
    const good = `{ "id": "${OTHER_ID}", "name": "Others" }`;
    const text = JSON.stringify(aDocument()).replace('"staff":', `"__proto__": ${good}, "staff":`);
    expect(await faultsOf(text)).toMatchObject([{ path: 'groups.__proto__', code: 'key.reserved' }]);
  });

  it('include those behind a key that is refused', async () => {
    const text = JSON.stringify(
      aDocument({ groups: { 'a b': { id: 'x', name: '' } }, apps: {}, partners: [] }),
    );
    expect((await faultsOf(text)).map(({ code }) => code)).toEqual([
      'key.malformed',
      'group.id',
      'name.missing',
    ]);
  });

  it.each(['null', '[]', '"text"', '7'])('are reported for a document that is %s', async (text) => {
    expect(await faultsOf(text)).toMatchObject([{ path: '', code: 'type.object' }]);
  });
});

/** Every place of a value, in any depth: `[['portal'], ['portal', 'contact'], …]`. */
function placesIn(value: unknown, above: (string | number)[] = []): (string | number)[][] {
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item: unknown, index) => [index, item])
    : Object.entries(typeof value === 'object' && value !== null ? value : {});
  return entries.flatMap(([key, inner]) => [[...above, key], ...placesIn(inner, [...above, key])]);
}

test('whatever stands in a member, what is wrong with it has a code and the values of its sentence', async () => {
  const full = aDocument({
    portal: {
      organization: 'Woodgrove',
      contact: 'partners@woodgrove.com',
      terms: 'terms.md',
      welcome: { en: 'Hello', sv: 'Hej' },
      logo: '/assets/logo.svg',
      colour: '#0b5cad',
      reviewers: ['desk@woodgrove.com'],
    },
    apps: {
      crm: {
        name: 'CRM',
        url: 'https://crm.woodgrove.com',
        groups: ['staff'],
        servicePrincipalId: GROUP_ID,
        appRoleId: OTHER_ID,
      },
    },
    partners: [
      aPartner({
        tenantId: GROUP_ID,
        approval: 'manual',
        proof: 'mailbox',
        groups: ['staff'],
        invitation: {
          redirectUrl: 'https://woodgrove.com',
          message: 'Hi',
          language: 'sv',
          userType: 'Guest',
          sponsors: [OTHER_ID],
        },
        approvers: [OTHER_ID],
        notify: 'off',
        limits: { perDay: 1, perHour: 2, total: 3 },
        enabled: true,
      }),
    ],
    deny: { domains: ['a.com'], consumer: true, disposable: true },
    unlisted: 'deny',
  });
  expect(await faultsOf(JSON.stringify(full))).toEqual([]);
  const places = placesIn(full);
  expect(places.length).toBeGreaterThan(50);
  for (const path of places) {
    for (const value of [null, true, -1, 0.5, 1e300, '', '\0', 'x'.repeat(3000), [], [null], {}, { '': 1 }]) {
      const text = editPolicyText(JSON.stringify(full), [{ path, value }]);
      for (const { code, values } of await faultsOf(text)) {
        expect(Object.keys(values)).toEqual(POLICY_FAULTS[code]);
      }
    }
  }
});

describe('public and throw-away providers', () => {
  it.each([
    ['gmail.com', true],
    ['hotmail.co.uk', true],
    ['live.se', true],
    ['live.example', false],
    ['notgmail.com', false],
    ['contoso.com', false],
  ])('%s is a public provider: %s', (domain, expected) => {
    expect(isConsumerDomain(domain)).toBe(expected);
  });

  it.each([
    ['mailinator.com', true],
    ['team.mailinator.com', true],
    ['contoso.com', false],
  ])('%s is a throw-away provider: %s', (domain, expected) => {
    expect(isDisposableDomain(domain)).toBe(expected);
  });
});

const COLLISIONS: [what: string, overrides: Json, path: string, cause: string][] = [
  ['an id', partners({ id: 'same' }, { id: 'same' }), 'partners[1].id', 'partners[0].id'],
  [
    'a rule',
    partners({ domains: ['x.com', 'a.com'] }, { domains: ['A.com'] }),
    'partners[1].domains[0]',
    'partners[0].domains[1]',
  ],
  [
    'a denial',
    { ...domains('x.a.com'), deny: { domains: ['b.com', '*.a.com'] } },
    'partners[0].domains[0]',
    'deny.domains[1]',
  ],
  [
    'the denial of mail providers',
    { ...domains('gmail.com'), deny: { consumer: true } },
    'partners[0].domains[0]',
    'deny.consumer',
  ],
];

test.each(COLLISIONS)(
  'what collides with %s names that as its cause',
  async (_what, overrides, path, cause) => {
    const faults = await faultsOf(JSON.stringify(aDocument(overrides)));
    expect(faults).toEqual([expect.objectContaining({ path, cause })]);
  },
);

describe('hostile policies', () => {
  test.each([
    'http://crm.contoso.com',
    'javascript:alert(1)',
    'data:text/html,x',
    '//crm.contoso.com',
    'https:crm.contoso.com',
    'https:/\\evil.com',
    'https://contoso.com\\@evil.com',
    'https://contoso.com@evil.com',
    'https://ｃontoso.com',
    'https://crm.contoso.com/\u0000',
    'https://crm.contoso.com/ x',
    ' https://crm.contoso.com',
    'ftp://crm.contoso.com',
    '',
  ])('1.2.2 the policy takes no %j, for an app, a redirect or a logo', async (url) => {
    const document = aDocument({
      ...portal({ logo: url }),
      ...app({ groups: ['staff'], url }),
      ...partners({ invitation: { redirectUrl: url } }),
    });
    const paths = (await faultsOf(JSON.stringify(document))).map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['portal.logo', 'apps.crm.url', 'partners[0].invitation.redirectUrl']),
    );
  });

  test('1.5.3 a rule of the policy names no address that the form would refuse', async () => {
    const vectors = JSON.parse(readFileSync(new URL('addresses.vectors.json', import.meta.url), 'utf8')) as {
      cases: { address: string }[];
    };
    for (const { address } of vectors.cases) {
      const { ok } = await validatePolicy(JSON.stringify(aDocument(domains(address))));
      if (ok) expect(parseAddress(address).ok).toBe(true);
    }
  });
});
