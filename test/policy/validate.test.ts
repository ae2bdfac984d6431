import { readFileSync } from 'node:fs';
import { parseAddress } from '../../src/policy/address.js';
import { isConsumerDomain, isDisposableDomain } from '../../src/policy/providers.js';
import { validatePolicy } from '../../src/policy/validate.js';
import { aDocument, aPartner, GROUP_ID, OTHER_ID } from './aPolicy.js';

type Json = Record<string, unknown>;

async function faultsOf(
  text: string,
): Promise<{ path: string; message: string; line?: number; column?: number }[]> {
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

type Case = [overrides: Json, path: string, message: string];

const CASES: Case[] = [
  [{ version: 2 }, 'version', 'must be 1'],
  [{ version: undefined }, 'version', 'must be 1'],
  [{ colour: 'red' }, 'colour', 'is not a known key'],
  [{ portal: undefined }, 'portal', 'is missing'],
  [{ portal: [] }, 'portal', 'must be an object in { }'],
  [portal({ contact: undefined }), 'portal.contact', 'is missing'],
  [
    portal({ contact: 'Ana <ana@woodgrove.com>' }),
    'portal.contact',
    'must be an email address such as partners@contoso.com',
  ],
  [
    portal({ organization: 'Wood\ngrove' }),
    'portal.organization',
    'must not contain line breaks or control characters',
  ],
  [
    portal({ terms: '../terms.md' }),
    'portal.terms',
    'must be a .md or .txt file in the folder of the policy, by relative path',
  ],
  [
    portal({ terms: '/etc/terms.md' }),
    'portal.terms',
    'must be a .md or .txt file in the folder of the policy, by relative path',
  ],
  [
    portal({ terms: 'a/../../terms.md' }),
    'portal.terms',
    'must be a .md or .txt file in the folder of the policy, by relative path',
  ],
  [
    portal({ terms: '..\\terms.md' }),
    'portal.terms',
    'must be a .md or .txt file in the folder of the policy, by relative path',
  ],
  [
    portal({ terms: 'terms.html' }),
    'portal.terms',
    'must be a .md or .txt file in the folder of the policy, by relative path',
  ],
  [
    portal({ logo: 'http://woodgrove.com/logo.png' }),
    'portal.logo',
    'must be an https URL or a path below /assets/',
  ],
  [portal({ logo: '/assets/../secret.png' }), 'portal.logo', 'must be an https URL or a path below /assets/'],
  [portal({ colour: 'blue' }), 'portal.colour', 'must be a colour such as #0b5cad'],
  [
    { groups: { staff: { id: 'staff', name: 'Staff' } } },
    'groups.staff.id',
    'must be a GUID such as 22222222-0000-4000-8000-000000000001',
  ],
  [{ groups: { staff: { id: GROUP_ID } } }, 'groups.staff.name', 'is missing'],
  [
    { groups: { staff: { id: GROUP_ID, name: 'Staff' }, 'a b': { id: OTHER_ID, name: 'B' } } },
    'groups["a b"]',
    'the key must be 1 to 64 letters, digits, "-" or "_", and begin with a letter or digit',
  ],
  [app({ groups: ['nobody'] }), 'apps.crm.groups[0]', 'no group is called "nobody"'],
  [app({ groups: ['constructor'] }), 'apps.crm.groups[0]', 'no group is called "constructor"'],
  [app({}), 'apps.crm', 'nobody can reach it: name groups, or servicePrincipalId and appRoleId'],
  [app({ servicePrincipalId: GROUP_ID }), 'apps.crm', 'has a servicePrincipalId but no appRoleId'],
  [app({ groups: ['staff'], appRoleId: GROUP_ID }), 'apps.crm', 'has an appRoleId but no servicePrincipalId'],
  [app({ groups: ['staff'], url: 'http://crm.woodgrove.com' }), 'apps.crm.url', 'must be an https URL'],
  [app({ groups: ['staff'], url: 'javascript:alert(1)' }), 'apps.crm.url', 'must be an https URL'],
  [
    app({ groups: ['staff'], url: 'https://ana:pw@crm.woodgrove.com' }),
    'apps.crm.url',
    'must be an https URL of plain ASCII, without user name or password',
  ],
  [
    app({ groups: ['staff'], url: 'https://crm.woodgrove.com\\@evil.com' }),
    'apps.crm.url',
    'must be an https URL of plain ASCII, without user name or password',
  ],
  [
    app({ groups: ['staff'], url: 'https://crm.wood\u200bgrove.com' }),
    'apps.crm.url',
    'must be an https URL of plain ASCII, without user name or password',
  ],
  [
    app({ groups: ['staff'], url: 'https://' }),
    'apps.crm.url',
    'must be an https URL of plain ASCII, without user name or password',
  ],
  [{ partners: {} }, 'partners', 'must be a list in [ ]'],
  [{ partners: ['contoso.com'] }, 'partners[0]', 'must be an object in { }'],
  [partners({ id: undefined }), 'partners[0].id', 'is missing'],
  [
    partners({ id: 'a/b' }),
    'partners[0].id',
    'must be 1 to 64 letters, digits, "-" or "_", and begin with a letter or digit',
  ],
  [partners({ id: 'same' }, { id: 'same' }), 'partners[1].id', '"same" is already the id of partners[0]'],
  [partners({ apps: ['nothing'] }), 'partners[0].apps[0]', 'no app is called "nothing"'],
  [partners({ apps: ['crm', '__proto__'] }), 'partners[0].apps[1]', 'no app is called "__proto__"'],
  [partners({ groups: ['nobody'] }), 'partners[0].groups[0]', 'no group is called "nobody"'],
  [partners({ approval: 'perhaps' }), 'partners[0].approval', 'must be "automatic" or "manual"'],
  [partners({ enabled: 'yes' }), 'partners[0].enabled', 'must be true or false'],
  [
    partners({ tenantId: 'contoso' }),
    'partners[0].tenantId',
    'must be a GUID such as 22222222-0000-4000-8000-000000000001',
  ],
  [partners({ notify: 'hourly' }), 'partners[0].notify', 'must be "atOnce" or "digest" or "off"'],
  [
    portal({ reviewers: ['desk@contoso.com, eve@evil.com'] }),
    'portal.reviewers[0]',
    'must be an email address such as partners@contoso.com',
  ],
  [
    portal({ reviewers: Array(21).fill('desk@contoso.com') }),
    'portal.reviewers',
    'must name at most 20 addresses',
  ],
  [partners({ limits: { perDay: 0 } }), 'partners[0].limits.perDay', 'must be greater than 0'],
  [partners({ limits: { total: 1.5 } }), 'partners[0].limits.total', 'must be a whole number'],
  [
    partners({ approvers: ['ana'] }),
    'partners[0].approvers[0]',
    'must be a GUID such as 22222222-0000-4000-8000-000000000001',
  ],
  [
    partners({ apps: [] }),
    'partners[0].invitation.redirectUrl',
    'is missing, and the partner has no app to use instead',
  ],
  [
    partners({ invitation: { redirectUrl: 'http://a.com' } }),
    'partners[0].invitation.redirectUrl',
    'must be an https URL',
  ],
  [
    partners({ invitation: { language: 'Swedish' } }),
    'partners[0].invitation.language',
    'must be a language such as sv or pt-BR',
  ],
  [
    partners({ invitation: { userType: 'guest' } }),
    'partners[0].invitation.userType',
    'must be "Guest" or "Member"',
  ],
  [
    partners({ invitation: { sponsors: Array(6).fill(GROUP_ID) } }),
    'partners[0].invitation.sponsors',
    'must name at most 5 sponsors',
  ],
  [domains(), 'partners[0].domains', 'must name at least one domain'],
  [domains(''), 'partners[0].domains[0]', 'must not be empty'],
  [domains(7), 'partners[0].domains[0]', 'must be text in double quotes'],
  [
    domains('https://a.com'),
    'partners[0].domains[0]',
    '"https://a.com" is not a domain, a *.domain or a full address',
  ],
  [domains('@a.com'), 'partners[0].domains[0]', '"@a.com" is not an address that can be invited'],
  [domains('a.*.com'), 'partners[0].domains[0]', '"a.*.com" is not a domain, a *.domain or a full address'],
  [domains('.a.com'), 'partners[0].domains[0]', '".a.com" is not a domain, a *.domain or a full address'],
  [domains('a.com.'), 'partners[0].domains[0]', '"a.com." is not a domain, a *.domain or a full address'],
  [domains(' a.com'), 'partners[0].domains[0]', '" a.com" contains a space; a rule has none'],
  [
    domains('ana+x@a.com'),
    'partners[0].domains[0]',
    '"ana+x@a.com" is not an address that can be invited; write "ana@a.com"',
  ],
  [
    domains('bücher.de'),
    'partners[0].domains[0]',
    '"bücher.de" must be written in ASCII: "xn--bcher-kva.de"',
  ],
  [
    domains('*.bücher.de'),
    'partners[0].domains[0]',
    '"*.bücher.de" must be written in ASCII: "*.xn--bcher-kva.de"',
  ],
  [
    domains('ana@bücher.de'),
    'partners[0].domains[0]',
    '"ana@bücher.de" must be written in ASCII: "ana@xn--bcher-kva.de"',
  ],
  [
    domains('xn--contoso-.com'),
    'partners[0].domains[0]',
    '"xn--contoso-.com" is not a domain, a *.domain or a full address',
  ],
  [
    domains('*.co.uk'),
    'partners[0].domains[0]',
    '"*.co.uk" is too broad: anyone can register a name below co.uk',
  ],
  [
    domains('co.uk'),
    'partners[0].domains[0]',
    '"co.uk" is too broad: anyone can register a name below co.uk',
  ],
  [domains('*.com'), 'partners[0].domains[0]', '"*.com" is too broad: anyone can register a name below com'],
  [
    domains('*.madeup'),
    'partners[0].domains[0]',
    '"*.madeup" is too broad: anyone can register a name below madeup',
  ],
  [
    domains('*.compute.amazonaws.com'),
    'partners[0].domains[0]',
    '"*.compute.amazonaws.com" is too broad: anyone can register a name below compute.amazonaws.com',
  ],
  [
    domains('*.github.io'),
    'partners[0].domains[0]',
    '"*.github.io" is too broad: anyone can register a name below github.io',
  ],
  [
    domains('azurewebsites.net'),
    'partners[0].domains[0]',
    '"azurewebsites.net" is too broad: anyone can register a name below azurewebsites.net',
  ],
  [
    domains('*.onmicrosoft.com'),
    'partners[0].domains[0]',
    '"*.onmicrosoft.com" is too broad: anyone can register a name below onmicrosoft.com',
  ],
  [
    domains('a.com', 'A.com'),
    'partners[0].domains[1]',
    '"a.com" is already listed at partners[0].domains[0]',
  ],
  [
    partners({ domains: ['*.a.com'] }, { domains: ['b.com', '*.a.com'] }),
    'partners[1].domains[1]',
    '"*.a.com" is already listed at partners[0].domains[0]',
  ],
  [
    { deny: { domains: ['com.'] } },
    'deny.domains[0]',
    '"com." is not a domain, a *.domain or a full address',
  ],
  [
    { deny: { domains: ['contoso.com'] } },
    'partners[0].domains[0]',
    '"contoso.com" can never match: deny.domains contains "contoso.com"',
  ],
  [
    { deny: { domains: ['*.com'] } },
    'partners[0].domains[0]',
    '"contoso.com" can never match: deny.domains contains "*.com"',
  ],
  [
    { ...domains('ana@a.com'), deny: { domains: ['a.com'] } },
    'partners[0].domains[0]',
    '"ana@a.com" can never match: deny.domains contains "a.com"',
  ],
  [
    { ...domains('*.x.a.com'), deny: { domains: ['*.a.com'] } },
    'partners[0].domains[0]',
    '"*.x.a.com" can never match: deny.domains contains "*.a.com"',
  ],
  [
    { ...domains('gmail.com'), deny: { consumer: true } },
    'partners[0].domains[0]',
    '"gmail.com" can never match: deny.consumer refuses it; list full addresses instead',
  ],
  [
    { ...domains('*.yopmail.com'), deny: { disposable: true } },
    'partners[0].domains[0]',
    '"*.yopmail.com" can never match: deny.disposable refuses it; list full addresses instead',
  ],
  [{ deny: { consumer: 'yes' } }, 'deny.consumer', 'must be true or false'],
  [{ unlisted: 'allow' }, 'unlisted', 'must be "deny" or "review"'],
];

describe('validatePolicy refuses', () => {
  it.each(CASES)('%j at %s: %s', async (overrides, path, message) => {
    const faults = await faultsOf(JSON.stringify(aDocument(overrides)));
    expect(faults).toContainEqual(expect.objectContaining({ path, message }));
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

const SYNTAX: [text: string, line: number, column: number, path: string, message: string][] = [
  ['', 1, 1, '', 'not valid JSON: expected a value, but the file ends'],
  ['{\n  "a": 1,\n}', 3, 1, '', 'not valid JSON: expected a key in double quotes, but found }'],
  ['{\n  "a": 1\n  "b": 2\n}', 3, 3, 'a', 'not valid JSON: expected "," or "}", but found "b"'],
  ['{"a": [1, 2', 1, 12, 'a[1]', 'not valid JSON: expected "," or "]", but the file ends'],
  ['{"a": [1, ]}', 1, 11, 'a[1]', 'not valid JSON: expected a value, but found ]'],
  ['{"a" 1}', 1, 6, 'a', 'not valid JSON: expected ":", but found 1'],
  ['{a: 1}', 1, 2, '', 'not valid JSON: expected a key in double quotes or "}", but found a'],
  ['{"a": 01}', 1, 7, 'a', 'not valid JSON: expected a value, but found 01'],
  ['{"a": tru}', 1, 7, 'a', 'not valid JSON: expected a value, but found tru'],
  [
    '{"a": "b\n"}',
    1,
    7,
    'a',
    'not valid JSON: expected a value, but found a string that JSON does not allow',
  ],
  [
    '{"a": "\\x"}',
    1,
    7,
    'a',
    'not valid JSON: expected a value, but found a string that JSON does not allow',
  ],
  ['{} // done', 1, 4, '', 'not valid JSON: expected the end of the file, but found //'],
];

describe('a fault of syntax', () => {
  it.each(SYNTAX)('%j: line %i, column %i, at "%s": %s', async (text, line, column, path, message) => {
    expect(await faultsOf(text)).toEqual([{ path, message, line, column }]);
  });
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
      expect(await faultsOf(text)).toMatchObject([{ path: 'unlisted', message: 'is used twice here' }]);
    },
  );

  it('include a key that JavaScript treats as special', async () => {
    const text = JSON.stringify(aDocument()).replace('"staff":', '"__proto__": {"id": "x"}, "staff":');
    expect(await faultsOf(text)).toMatchObject([{ path: 'groups.__proto__' }]);
  });

  it.each(['null', '[]', '"text"', '7'])('are reported for a document that is %s', async (text) => {
    expect(await faultsOf(text)).toMatchObject([{ path: '', message: 'must be an object in { }' }]);
  });
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
